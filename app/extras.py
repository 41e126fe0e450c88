"""What is asked for beside the typed words: further words, and hits that the answer should be like or unlike.

All of it stands in the address, `^weight` behind what does not count once: `also=snow^2`, `not=people`, `more=ID`, `less=ID`.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from encoders.errors import InputError
from search.query import MAX_TERMS, Term
from search.term_options import weighted

__all__ = ["WEIGHTS", "Extra", "add_extra", "change_extra", "next_weight", "read_extras", "remove_extra", "write_extras"]

WEIGHTS = (1.0, 2.0, 0.5)
"""What a click on a chip's weight goes through."""

_ROLES: dict[tuple[str, bool], str] = {
    ("words", True): "also",
    ("words", False): "not",
    ("hit", True): "more",
    ("hit", False): "less",
}
_MOST = MAX_TERMS - 3  # leaves room for the typed words, a picture and "similar to"


@dataclass(frozen=True)
class Extra:
    """One chip. `value` is some words, or the id of a hit."""

    what: Literal["words", "hit"]
    value: str
    wanted: bool = True
    weight: float = 1.0  # above 0

    @property
    def term(self) -> Term:
        """As the search takes it."""
        weight = self.weight if self.wanted else -self.weight
        return Term(text=self.value, weight=weight) if self.what == "words" else Term(item=self.value, weight=weight)

    @property
    def spelled(self) -> str:
        """As the address has it; a weight is left out where it is 1, unless the words end like one."""
        plain = self.weight == 1 and weighted(self.value) == (self.value, 1.0)
        return self.value if plain else f"{self.value}^{self.weight:g}"


def read_extras() -> tuple[Extra, ...]:
    """The extras of the address, without what cannot be one."""
    found = []
    for (what, wanted), role in _ROLES.items():
        for given in st.query_params.get_all(role):
            try:
                value, weight = weighted(given.strip())
            except InputError:  # a weight that nobody can have: the words are left
                value, weight = given.rpartition("^")[0], 1.0
            value = value.strip() if what == "words" else _as_id(value)
            if value:
                found.append(Extra(what, value, wanted, weight))  # type: ignore[arg-type]  # a key of _ROLES
    return tuple(dict.fromkeys(found))[:_MOST]


def _as_id(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


def write_extras(extras: Iterable[Extra]) -> None:
    """Put these into the address, in place of those that are there."""
    extras = tuple(extras)
    for (what, wanted), role in _ROLES.items():
        spelled = [extra.spelled for extra in extras if (extra.what, extra.wanted) == (what, wanted)]
        if spelled:
            st.query_params[role] = spelled
        elif role in st.query_params:
            del st.query_params[role]


def add_extra(extra: Extra) -> None:
    """Add one; the same thing said before, wanted or not, is what it replaces."""
    write_extras([*(one for one in read_extras() if (one.what, one.value) != (extra.what, extra.value)), extra][-_MOST:])


def change_extra(extra: Extra, **changes: object) -> None:
    """Weigh one otherwise, or turn it around."""
    changed = replace(extra, **changes)  # type: ignore[arg-type]  # its own fields
    write_extras(changed if one == extra else one for one in read_extras())


def remove_extra(extra: Extra) -> None:
    """Take one away."""
    write_extras(one for one in read_extras() if one != extra)


def next_weight(weight: float) -> float:
    """The weight that a click leads to.

    >>> next_weight(1.0), next_weight(2.0), next_weight(0.5)
    (2.0, 0.5, 1.0)
    """
    return WEIGHTS[(WEIGHTS.index(weight) + 1) % len(WEIGHTS)] if weight in WEIGHTS else WEIGHTS[0]
