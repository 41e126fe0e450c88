"""Where the right answers stand among all candidates: exact, in pieces, and fair to ties.

Ties are never broken in a model's favour. For every right item a ranking keeps how many candidates score higher and how
many score the same, and `metrics` takes the expectation over all orders of the tied ones (McSherry and Najork 2008,
"Computing information retrieval performance measures efficiently in the presence of tied scores"). So a tower that gives
one and the same vector to everything scores as chance does, to the last digit.

That needs scores that are equal exactly when they should be. Sums of floats depend on their order, so the same vector in
two columns of a matrix product may get two scores. Here vectors are rounded to multiples of 2^-26 and multiplied in
float64: for unit vectors every product and every partial sum is then a whole multiple of 2^-52 below 2, which float64
holds exactly. Scores are the same on any machine, in any order, in pieces of any size.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.errors import InputError
from encoders.vectors import Vectors, check_vectors

__all__ = ["Ranking", "Truth", "rank", "rank_scores"]

Truth = Sequence[Collection[int]]
"""For every query the columns (places among the candidates) of its right items; at least one each."""

_STEPS = float(1 << 26)
_Floats = NDArray[np.float64]
_Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """Where the right items of n queries stand among m candidates; r right items in all.

    Right items lie query by query, those of query i at starts[i]:starts[i + 1], best first.
    """

    starts: _Integers  # (n + 1,)
    columns: _Integers  # (r,) place of the right item among the candidates
    above: _Integers  # (r,) candidates that score higher than it
    tied: _Integers  # (r,) candidates that score the same, itself counted
    top: _Integers  # (n, k) columns of the best candidates, best first; of tied ones the lower column first
    candidates: int  # m

    @property
    def queries(self) -> int:
        """How many queries were asked: n."""
        return len(self.starts) - 1

    @property
    def rows(self) -> _Integers:
        """(r,) which query each right item belongs to."""
        return np.repeat(np.arange(self.queries), np.diff(self.starts))

    @property
    def ranks(self) -> _Floats:
        """(r,) expected rank of each right item, 1 is first: the mean over all orders of what ties with it."""
        return self.above + (self.tied + 1) / 2


def rank(queries: Vectors, candidates: Vectors, truth: Truth, k: int = 10, chunk: tuple[int, int] = (1024, 8192)) -> Ranking:
    """Rank (m, d) candidates for (n, d) queries, unit rows both, by cosine; keep the best k.

    `chunk` is how many queries and candidates are compared at a time: no more than their product of scores is ever held.
    Raises InputError when there is nothing to rank, for a query without a right item, and for a column that is not there.

    >>> vectors = np.eye(3, dtype=np.float32)
    >>> rank(vectors, vectors, [{0}, {1}, {0, 2}]).ranks.tolist()
    [1.0, 1.0, 1.0, 2.5]
    """
    check_vectors(queries)
    check_vectors(candidates, queries.shape[1])
    if not len(queries) or not len(candidates):
        raise InputError(f"there is nothing to rank: {len(queries)} queries, {len(candidates)} candidates")
    starts, columns = _flat_truth(truth, len(queries), len(candidates))
    kept = max(1, min(k, len(candidates)))
    height, width = max(1, chunk[0]), max(kept, chunk[1])
    above, tied = np.zeros_like(columns), np.zeros_like(columns)
    top = np.empty((len(queries), kept), np.int64)
    for start in range(0, len(queries), height):
        stop = min(start + height, len(queries))
        right = slice(starts[start], starts[stop])
        rows = np.repeat(np.arange(stop - start), np.diff(starts[start : stop + 1]))
        block = _Block(_exact(queries[start:stop]), candidates, rows, columns[right], kept, height)
        for left in range(0, len(candidates), width):
            block.compare(left, min(left + width, len(candidates)))
        above[right], tied[right], top[start:stop] = block.above, block.tied, block.top
    every_row = np.repeat(np.arange(len(queries)), np.diff(starts))
    order = np.lexsort((columns, above, every_row))
    return Ranking(starts, columns[order], above[order], tied[order], top, len(candidates))


def rank_scores(scores: _Floats, truth: Truth, k: int = 10) -> Ranking:
    """(n, m) scores, however they came about -> the ranking of m candidates for n queries; equal scores are ties.

    >>> rank_scores(np.array([[0.1, 0.3, 0.3]]), [{1}]).ranks.tolist()
    [1.5]
    """
    starts, columns = _flat_truth(truth, *scores.shape)
    rows = np.repeat(np.arange(len(scores)), np.diff(starts))
    right = scores[rows, columns][:, None]
    above, tied = np.count_nonzero(scores[rows] > right, axis=1), np.count_nonzero(scores[rows] == right, axis=1)
    top = np.argsort(-scores, axis=1, kind="stable")[:, : max(1, min(k, scores.shape[1]))]
    order = np.lexsort((columns, above, rows))
    return Ranking(starts, columns[order], above[order], tied[order], top, scores.shape[1])


class _Block:
    """A few queries, compared with the candidates piece by piece from the left."""

    def __init__(
        self, queries: _Floats, candidates: Vectors, rows: _Integers, columns: _Integers, kept: int, step: int
    ) -> None:
        self.above = np.zeros(len(rows), np.int64)
        self.tied = np.zeros(len(rows), np.int64)
        self.top = np.empty((len(queries), 0), np.int64)
        self._best = np.empty((len(queries), 0))  # scores of `top`
        self._queries, self._candidates = queries, candidates
        self._rows, self._kept, self._step = rows, kept, step
        self._right = np.empty(len(rows))  # score of each right item
        for at in range(0, len(rows), step):
            piece = slice(at, at + step)
            self._right[piece] = np.einsum("ij,ij->i", queries[rows[piece]], _exact(candidates[columns[piece]]))

    def compare(self, left: int, right: int) -> None:
        """Take candidates left to right (not included) into account."""
        scores = self._queries @ _exact(self._candidates[left:right]).T
        for at in range(0, len(self._rows), self._step):
            piece = slice(at, at + self._step)
            rivals, mine = scores[self._rows[piece]], self._right[piece, None]
            self.above[piece] += np.count_nonzero(rivals > mine, axis=1)
            self.tied[piece] += np.count_nonzero(rivals == mine, axis=1)
        self._keep_best(scores, left)

    def _keep_best(self, scores: _Floats, left: int) -> None:
        """Merge one piece of scores into `top`. A later column that only ties with what is kept never displaces it."""
        if self._best.size:
            rows, columns = np.nonzero(scores > self._best[:, -1:])
        else:
            rows, columns = np.nonzero(scores >= np.partition(scores, -self._kept, axis=1)[:, [-self._kept]])
        height, before = self._best.shape
        all_rows = np.concatenate([np.repeat(np.arange(height), before), rows])
        all_columns = np.concatenate([self.top.ravel(), columns + left])
        all_scores = np.concatenate([self._best.ravel(), scores[rows, columns]])
        order = np.lexsort((all_columns, -all_scores, all_rows))
        ordered_rows = all_rows[order]
        place = np.arange(len(order)) - np.searchsorted(ordered_rows, ordered_rows)
        order = order[place < self._kept]
        self.top = all_columns[order].reshape(height, self._kept)
        self._best = all_scores[order].reshape(height, self._kept)


def _exact(vectors: Vectors) -> _Floats:
    """(n, d) float64 of whole numbers: see the head of this file."""
    return np.rint(vectors.astype(np.float64) * _STEPS)


def _flat_truth(truth: Truth, queries: int, candidates: int) -> tuple[_Integers, _Integers]:
    """Truth as starts (n + 1,) and columns (r,), each query's columns once and in order."""
    if len(truth) != queries:
        raise InputError(f"the truth must hold one set of right items a query: {queries} queries, {len(truth)} sets")
    starts = np.zeros(queries + 1, np.int64)
    columns: list[int] = []
    for row, right in enumerate(truth):
        if not right:
            raise InputError(f"query {row} has no right item, so no rank can be had for it; leave it out")
        columns.extend(sorted({int(column) for column in right}))
        starts[row + 1] = len(columns)
    flat = np.array(columns, np.int64)
    outside = (flat < 0) | (flat >= candidates)
    if outside.any():
        row = int(np.searchsorted(starts, int(np.argmax(outside)), side="right")) - 1
        raise InputError(f"query {row} wants candidate {flat[outside][0]}, but there are {candidates}, counted from 0")
    return starts, flat
