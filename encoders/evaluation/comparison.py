"""Two models on the same queries: how much better one is, and how likely chance alone would make it look so."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from encoders.errors import InputError
from encoders.evaluation.bootstrap import difference_interval, permutation_p
from encoders.evaluation.measure import Direction, Evaluation, statistic_of

__all__ = ["Comparison", "Difference", "compare"]


@dataclass(frozen=True)
class Difference:
    """One metric of the first model minus that of the second."""

    value: float
    low: float | None = None  # 95% paired bootstrap interval; None for coverage and Gini
    high: float | None = None
    p: float | None = None  # two-sided, of a paired permutation test


@dataclass(frozen=True)
class Comparison:
    """Two evaluations on the same pairs."""

    first: Evaluation
    second: Evaluation
    differences: Mapping[str, Mapping[str, Difference]]  # direction -> metric -> first minus second


def compare(first: Evaluation, second: Evaluation, *, rounds: int = 2000, seed: int = 0) -> Comparison:
    """Compare two models, query by query, in the directions that both were measured in.

    Groups that were resampled together stay together. The p of each metric stands alone: who looks at many of them and
    reports the smallest has to correct for that. Raises InputError when the queries or what is right for them differ.
    """
    names = [one.name for one in second.directions]
    common = [(one, second[one.name]) for one in first.directions if one.name in names]
    if not common:
        raise InputError("the two models were not measured in any direction both have")
    return Comparison(first, second, {one.name: _compare(one, other, rounds, seed) for one, other in common})


def _compare(first: Direction, second: Direction, rounds: int, seed: int) -> dict[str, Difference]:
    _check_same(first, second)
    differences = {}
    for metric, estimate in first.estimates.items():
        value = estimate.value - second.estimates[metric].value
        if metric not in first.scores:
            differences[metric] = Difference(value)
            continue
        columns = first.scores[metric], second.scores[metric]
        statistic = statistic_of(metric)
        low, high = difference_interval(*columns, first.groups, statistic=statistic, rounds=rounds, seed=seed)
        p = permutation_p(*columns, first.groups, statistic=statistic, rounds=rounds, seed=seed)
        differences[metric] = Difference(value, low, high, p)
    return differences


def _check_same(first: Direction, second: Direction) -> None:
    one, other = first.ranking, second.ranking
    if (first.queries, first.candidates) != (second.queries, second.candidates) or one.candidates != other.candidates:
        raise InputError(
            f"{first.name}: the two models answered different queries or searched different items "
            f"({one.queries} queries of {one.candidates} items, {other.queries} of {other.candidates})"
        )
    same = np.array_equal(one.starts, other.starts)
    if not same or not np.array_equal(
        one.columns[np.lexsort((one.columns, one.rows))], other.columns[np.lexsort((other.columns, other.rows))]
    ):
        raise InputError(f"{first.name}: the two results do not call the same items right")
