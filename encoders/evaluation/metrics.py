"""Metrics of retrieval, from a ranking: one number a query where there is one, and their mean.

Words, since the field uses one word for several things:

- **R@k** is the hit rate, as image-text retrieval counts it: a query counts when *any* of its right items is in the top k
  (a picture with five captions is found by any one of them). `sentence-transformers` calls it accuracy@k.
- **share@k** is recall as document retrieval has it: the share of a query's right items that are in the top k. With
  one right item a query the two are the same.
- **MAP** and **nDCG** are shares as well: every right item counts, divided by what a perfect order would get.

All are expectations over the orders of tied candidates, exact in closed form (McSherry and Najork 2008). Catalogue
metrics look at what is retrieved instead of what is right: coverage, Gini, tail share (RecBole's definitions).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from encoders.evaluation.ranking import Ranking, Truth, rank

__all__ = [
    "Ranking",
    "Truth",
    "at_chance",
    "average_precisions",
    "coverage",
    "first_ranks",
    "gains_at",
    "gini",
    "hits_at",
    "mean_average_precision",
    "median_rank",
    "mrr",
    "ndcg_at",
    "rank",
    "recall_at",
    "reciprocal_ranks",
    "score_queries",
    "shares_at",
    "tail_share",
    "tail_shares",
]

_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]
_TAIL = 0.8  # of the catalogue, by number of items: what is left when the fifth that everybody asks for is taken away


@dataclass(frozen=True)
class _Ties:
    """The right items of all queries, gathered where they tie: g groups, query by query, best first."""

    rows: _Integers  # (g,) query
    above: _Integers  # (g,) candidates that score higher
    size: _Integers  # (g,) candidates in this tie
    right: _Integers  # (g,) of them right
    before: _Integers  # (g,) right items that score higher

    def first(self) -> "_Ties":
        """The best group of each query alone: (n,)."""
        best = self.before == 0
        return _Ties(self.rows[best], self.above[best], self.size[best], self.right[best], self.before[best])


def score_queries(ranking: Ranking) -> Mapping[str, _Floats]:
    """Every metric that a single query has: (n,) float64 each, by the name of its summary over queries.

    "median rank" holds the ranks, of which the median is reported; of all others it is the mean.

    >>> list(score_queries(rank(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), [{0}, {1}])))
    ['R@1', 'R@5', 'R@10', 'share@10', 'MRR', 'nDCG@10', 'MAP', 'median rank']
    """
    return {
        **{f"R@{k}": hits_at(ranking, k) for k in (1, 5, 10)},
        "share@10": shares_at(ranking, 10),
        "MRR": reciprocal_ranks(ranking),
        "nDCG@10": gains_at(ranking, 10),
        "MAP": average_precisions(ranking),
        "median rank": first_ranks(ranking),
    }


def at_chance(ranking: Ranking) -> Ranking:
    """The ranking of a model that tells nothing apart: same queries, same right items, everything tied."""
    everything = np.full_like(ranking.tied, ranking.candidates)
    return replace(ranking, above=np.zeros_like(ranking.above), tied=everything)


def hits_at(ranking: Ranking, k: int) -> _Floats:
    """(n,) probability that any right item is among the first k; 0 or 1 where nothing ties.

    Of a tie of e candidates, t of them right, the first x are drawn: no hit has probability C(e-x, t) / C(e, t).
    """
    ties = _gather(ranking).first()
    drawn = np.clip(k - ties.above, 0, ties.size)
    missed = np.ones(len(drawn))
    for i in range(int(ties.right.max())):
        some = ties.right > i
        missed[some] *= np.maximum(ties.size - drawn - i, 0)[some] / (ties.size - i)[some]
    return 1 - missed


def shares_at(ranking: Ranking, k: int) -> _Floats:
    """(n,) expected share of a query's right items that are among the first k."""
    ties = _gather(ranking)
    found = ties.right / ties.size * np.clip(k - ties.above, 0, ties.size)
    return _per_query(ranking, ties, found) / np.diff(ranking.starts)


def reciprocal_ranks(ranking: Ranking) -> _Floats:
    """(n,) expected 1 / rank of the best right item.

    The first of t right ones among e tied stands at place j with probability C(e-j, t-1) / C(e, t).
    """
    ties = _gather(ranking).first()
    cases, which = np.unique(np.stack([ties.above, ties.size, ties.right], axis=1), axis=0, return_inverse=True)
    values = np.empty(len(cases))
    for case, (above, size, right) in enumerate(cases.tolist()):
        places = np.arange(1, size - right + 2)
        steps = (size - places[:-1] - right + 1) / (size - places[:-1])
        chances = right / size * np.concatenate([[1.0], np.cumprod(steps)])
        values[case] = np.sum(chances / (above + places))
    return values[which.ravel()]


def first_ranks(ranking: Ranking) -> _Floats:
    """(n,) expected rank of the best right item, 1 is first: the smallest of t among e places is (e+1) / (t+1)."""
    ties = _gather(ranking).first()
    return ties.above + (ties.size + 1) / (ties.right + 1)


def gains_at(ranking: Ranking, k: int) -> _Floats:
    """(n,) expected nDCG of the first k with binary gains and discount 1 / log2(place + 1) (Jarvelin and Kekalainen 2002)."""
    ties = _gather(ranking)
    discounts = np.concatenate([[0.0], np.cumsum(1 / np.log2(np.arange(1, k + 1) + 1))])
    within = discounts[np.minimum(ties.above + ties.size, k)] - discounts[np.minimum(ties.above, k)]
    ideal = discounts[np.minimum(np.diff(ranking.starts), k)]
    return _per_query(ranking, ties, ties.right / ties.size * within) / ideal


def average_precisions(ranking: Ranking) -> _Floats:
    """(n,) expected mean, over a query's right items, of the precision where each is found; the whole list, no cut."""
    ties = _gather(ranking)
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, ranking.candidates + 1))])
    inverse = harmonic[ties.above + ties.size] - harmonic[ties.above]  # sum of 1/place over the places of the tie
    passed = ties.size - (ties.above + 1) * inverse  # sum of (i-1)/place, i counted within the tie
    others = (ties.right - 1) / np.maximum(ties.size - 1, 1)  # chance that another candidate of the tie is right
    precisions = ties.right / ties.size * ((ties.before + 1) * inverse + others * passed)
    return _per_query(ranking, ties, precisions) / np.diff(ranking.starts)


def tail_shares(ranking: Ranking, k: int, popularity: ArrayLike | None = None) -> _Floats:
    """(n,) share of the first k that are of the tail: the 80% of the catalogue that are the least popular.

    `popularity` (m,): how often each candidate was seen in training; without it, how many of these queries want it. Items
    of equal popularity share what is left of the tail among them, so where all are equal every list has a share of .8.
    """
    if popularity is None:
        popularity = np.bincount(ranking.columns, minlength=ranking.candidates)
    _, kind, sizes = np.unique(np.asarray(popularity, np.float64), return_inverse=True, return_counts=True)
    below = np.cumsum(sizes) - sizes
    membership = np.clip((_TAIL * ranking.candidates - below) / sizes, 0, 1)[kind.ravel()]
    shares: _Floats = membership[ranking.top[:, :k]].mean(axis=1)
    return shares


def recall_at(ranking: Ranking, k: int) -> float:
    """R@k: share of queries with any right item among the first k.

    >>> vectors = np.eye(4, dtype=np.float32)
    >>> recall_at(rank(vectors, vectors, [{0}, {1}, {2}, {1, 2}]), 1)
    0.75
    """
    return float(hits_at(ranking, k).mean())


def mrr(ranking: Ranking) -> float:
    """Mean reciprocal rank of the best right item."""
    return float(reciprocal_ranks(ranking).mean())


def ndcg_at(ranking: Ranking, k: int) -> float:
    """Mean nDCG@k."""
    return float(gains_at(ranking, k).mean())


def mean_average_precision(ranking: Ranking) -> float:
    """MAP of the whole list."""
    return float(average_precisions(ranking).mean())


def median_rank(ranking: Ranking) -> float:
    """Median over queries of the best right item's expected rank; 1 is perfect."""
    return float(np.median(first_ranks(ranking)))


def coverage(ranking: Ranking, k: int) -> float:
    """Share of the catalogue that is among the first k of any query."""
    return len(np.unique(ranking.top[:, :k])) / ranking.candidates


def gini(ranking: Ranking, k: int) -> float:
    """How unequally the places among the first k go to the catalogue: 0 all alike, towards 1 all to a few."""
    counts = np.sort(np.bincount(ranking.top[:, :k].ravel(), minlength=ranking.candidates))
    weights = 2 * np.arange(1, len(counts) + 1) - len(counts) - 1
    return float(np.sum(weights * counts) / (len(counts) * counts.sum()))


def tail_share(ranking: Ranking, k: int, popularity: ArrayLike | None = None) -> float:
    """Mean of `tail_shares`."""
    return float(tail_shares(ranking, k, popularity).mean())


def _gather(ranking: Ranking) -> _Ties:
    rows = ranking.rows
    opens = np.ones(len(rows), bool)
    opens[1:] = (rows[1:] != rows[:-1]) | (ranking.above[1:] != ranking.above[:-1])
    first = np.flatnonzero(opens)
    right = np.diff(np.append(first, len(rows)))
    return _Ties(rows[first], ranking.above[first], ranking.tied[first], right, first - ranking.starts[rows[first]])


def _per_query(ranking: Ranking, ties: _Ties, values: _Floats) -> _Floats:
    return np.bincount(ties.rows, weights=values, minlength=ranking.queries).astype(np.float64)
