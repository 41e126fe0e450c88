"""How sure a mean or a median over queries is: bootstrap intervals, and a permutation test for the difference of two.

Queries of one group (captions of one picture, drawings of one thing) say nearly the same, so whole groups are drawn and
whole groups are swapped. Everything is seeded and works in pieces, so that memory does not grow with the rounds.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from encoders.errors import InputError

__all__ = ["Statistic", "difference_interval", "interval", "permutation_p", "summarise"]

Statistic = Literal["mean", "median"]

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]
_PIECE = 2_000_000  # numbers held at a time
_LEVEL = 0.95


def summarise(values: ArrayLike, statistic: Statistic = "mean") -> float:
    """The mean or the median of (n,) values."""
    column = np.asarray(values, np.float64)
    return float(np.median(column) if statistic == "median" else np.mean(column))


def interval(
    values: ArrayLike, groups: ArrayLike | None = None, *, statistic: Statistic = "mean", rounds: int = 1000, seed: int = 0
) -> tuple[float, float]:
    """95% percentile interval of the mean or median of (n,) values, one a query (Efron 1979; by groups: Field and Welsh 2007).

    `groups` (n,): equal entries are drawn together. Raises InputError for no values, or groups of another length.

    >>> interval([1.0, 1.0, 1.0])
    (1.0, 1.0)
    """
    column, clusters = _checked(values, groups)
    drawn = _draw_statistics([column], clusters, statistic, rounds, seed)[0]
    return _span(drawn)


def difference_interval(
    first: ArrayLike,
    second: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    statistic: Statistic = "mean",
    rounds: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """95% percentile interval of how much larger the statistic of `first` is; both (n,), of the same queries in order.

    Paired: a round draws the same queries for both, so what makes a query hard for both cancels out.
    """
    one, other, clusters = _checked_pair(first, second, groups)
    drawn = _draw_statistics([one, other], clusters, statistic, rounds, seed)
    return _span(drawn[0] - drawn[1])


def permutation_p(
    first: ArrayLike,
    second: ArrayLike,
    groups: ArrayLike | None = None,
    *,
    statistic: Statistic = "mean",
    rounds: int = 2000,
    seed: int = 0,
) -> float:
    """Two-sided p of the hypothesis that it does not matter which of two (n,) results of a query came from which model.

    Each round swaps the two for a random half of the groups. The observed order counts as one of the rounds, so
    p is never 0 (Phipson and Smyth 2010): with 2000 rounds at least 1/2001.

    >>> permutation_p([0.0, 1.0], [0.0, 1.0])
    1.0
    """
    one, other, clusters = _checked_pair(first, second, groups)
    observed = abs(summarise(one, statistic) - summarise(other, statistic))
    at_least = observed - 1e-12  # sums in another order differ in their last digits
    rng = np.random.default_rng(seed)
    count = int(clusters.max()) + 1
    beyond = 0
    if statistic == "mean":
        sums = np.bincount(clusters, weights=one - other, minlength=count) / len(one)
        sums = sums[sums != 0]
        for size in _pieces(rounds, len(sums)):
            beyond += int(np.count_nonzero(np.abs(rng.choice([-1.0, 1.0], (size, len(sums))) @ sums) >= at_least))
    else:
        for size in _pieces(rounds, 2 * len(one)):
            swap = rng.integers(0, 2, (size, count), dtype=np.int8).astype(bool)[:, clusters]
            medians = [np.median(np.where(swap, *pair), axis=1) for pair in ((one, other), (other, one))]
            beyond += int(np.count_nonzero(np.abs(medians[0] - medians[1]) >= at_least))
    return float((beyond + 1) / (rounds + 1))


def _draw_statistics(
    columns: list[_Floats], clusters: _Integers, statistic: Statistic, rounds: int, seed: int
) -> list[_Floats]:
    """(rounds,) a column: the statistic of each resample; all columns see the same resamples."""
    rng = np.random.default_rng(seed)
    count = int(clusters.max()) + 1
    parts: list[list[_Floats]] = [[] for _ in columns]
    orders = [np.argsort(column, kind="stable") for column in columns]
    for size in _pieces(rounds, len(clusters)):
        weights = rng.multinomial(count, np.full(count, 1 / count), size)
        if statistic == "mean":
            totals = weights @ np.bincount(clusters, minlength=count)
            for part, column in zip(parts, columns, strict=True):
                part.append(weights @ np.bincount(clusters, weights=column, minlength=count) / totals)
        else:
            for part, column, order in zip(parts, columns, orders, strict=True):
                part.append(_weighted_medians(column[order], weights[:, clusters[order]]))
    return [np.concatenate(part) for part in parts]


def _weighted_medians(ordered: _Floats, weights: _Integers) -> _Floats:
    """(b,) medians of (n,) sorted values, each repeated as often as one row of (b, n) weights says."""
    upto = np.cumsum(weights, axis=1)
    total = upto[:, -1:]
    low = np.argmax(upto > (total - 1) // 2, axis=1)
    high = np.argmax(upto > total // 2, axis=1)
    medians: _Floats = (ordered[low] + ordered[high]) / 2
    return medians


def _pieces(rounds: int, width: int) -> Iterator[int]:
    step = max(1, _PIECE // max(1, width))
    for at in range(0, rounds, step):
        yield min(step, rounds - at)


def _span(drawn: _Floats) -> tuple[float, float]:
    tail = (1 - _LEVEL) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def _checked(values: ArrayLike, groups: ArrayLike | None) -> tuple[_Floats, _Integers]:
    column = np.asarray(values, np.float64)
    if column.ndim != 1 or not len(column):
        raise InputError(f"an interval needs one number a query, got shape {column.shape}")
    if groups is None:
        return column, np.arange(len(column))
    labels = np.asarray(groups)
    if labels.shape != column.shape:
        raise InputError(f"groups must name one group a query: {len(column)} queries, groups of shape {labels.shape}")
    return column, np.unique(labels, return_inverse=True)[1].ravel()


def _checked_pair(first: ArrayLike, second: ArrayLike, groups: ArrayLike | None) -> tuple[_Floats, _Floats, _Integers]:
    one, clusters = _checked(first, groups)
    other, _ = _checked(second, groups)
    if len(one) != len(other):
        raise InputError(f"both results must be of the same queries: {len(one)} and {len(other)} numbers")
    return one, other, clusters
