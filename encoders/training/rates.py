"""Which parameters learn, and how fast: data, as a list of (pattern, rate). A rate of 0 freezes."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from torch import nn

from encoders.errors import InputError
from encoders.training.patterns import fitting_names

__all__ = ["group_parameters", "parameter_groups"]

Rates = Sequence[tuple[str, float]]
"""Pattern of parameter names (`*` is anything, dots too), learning rate. The first pattern that fits counts."""


def parameter_groups(module: nn.Module, rates: Rates) -> list[dict[str, Any]]:
    """Group the parameters of one module; see `group_parameters`."""
    return group_parameters(module.named_parameters(), rates)


def group_parameters(named: Iterable[tuple[str, nn.Parameter]], rates: Rates) -> list[dict[str, Any]]:
    """Freeze what has rate 0 and return the rest as groups for an optimiser: {"params", "lr", "names"}, one a rate.

    What does not learn already, such as the weights below LoRA's, stays as it is. A parameter under two names is taken
    once, by its first. Raises InputError for a negative rate, for a pattern that fits no name (with the nearest
    names), and for a name that no pattern fits.

    >>> groups = parameter_groups(nn.Linear(2, 1), [("bias", 0), ("*", 0.01)])
    >>> [(group["names"], group["lr"]) for group in groups]
    [(['weight'], 0.01)]
    """
    known = list(named)
    _check(rates, [name for name, _ in known])
    groups: dict[float, dict[str, Any]] = {}
    seen: set[int] = set()
    for name, parameter in known:
        if id(parameter) in seen:
            continue
        seen.add(id(parameter))
        rate = _rate(name, rates)
        if rate == 0 or not parameter.requires_grad:
            parameter.requires_grad_(False)
            continue
        group = groups.setdefault(rate, {"params": [], "lr": rate, "names": []})
        group["params"].append(parameter)
        group["names"].append(name)
    return list(groups.values())


def _check(rates: Rates, names: Sequence[str]) -> None:
    for pattern, rate in rates:
        if not 0 <= rate < float("inf"):
            raise InputError(f"the learning rate for {pattern!r} must be 0 (frozen) or more, got {rate}")
        fitting_names(pattern, names, "parameter")


def _rate(name: str, rates: Rates) -> float:
    for pattern, rate in rates:
        if fnmatchcase(name, pattern):
            return float(rate)
    raise InputError(f"no learning rate is given for {name}. End the list with ('*', RATE), where a rate of 0 freezes")
