"""Patterns of names: `*` is anything, dots too. A pattern that fits nothing is a mistake, told with what comes near."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from fnmatch import fnmatchcase

from encoders.errors import InputError

__all__ = ["fitting_names", "nearest_names"]


def fitting_names(pattern: str, names: Iterable[str], what: str) -> list[str]:
    """Names that the pattern fits, in their order. Raises InputError, with the nearest, when it fits none.

    >>> fitting_names("trunk.*.bias", ["trunk.0.weight", "trunk.0.bias"], "parameter")
    ['trunk.0.bias']
    """
    known = list(names)
    found = [name for name in known if fnmatchcase(name, pattern)]
    if not found:
        near = ", ".join(nearest_names(pattern, known)) or "nothing: there is none"
        raise InputError(f"no {what} is called {pattern!r}. The nearest: {near}")
    return found


def nearest_names(pattern: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Names whose parts, between dots, are most like the pattern's parts.

    >>> nearest_names("trunk.*.qery", ["trunk.0.attention.key", "trunk.0.attention.query", "head.bias"], 1)
    ['trunk.0.attention.query']
    """
    wanted = [part for part in pattern.split(".") if part.strip("*")]

    def likeness(name: str) -> float:
        return sum(max(SequenceMatcher(None, part, other).ratio() for other in name.split(".")) for part in wanted)

    return sorted(names, key=likeness, reverse=True)[:count]
