"""Pairs as numbers, and which of them make a batch. What is drawn depends on the seed and the step alone.

So a run that goes on after a crash draws what it would have drawn: nothing of chance needs to be remembered.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.errors import InputError
from encoders.training.config import NegativesSettings
from encoders.training.frequencies import count_items
from encoders.training.negatives import popularity_distribution, sample_columns, uniform_distribution
from encoders.training.pairs import Content, PairSet

__all__ = ["Batch", "Batches", "Table", "column_log_q", "draw_seed", "tabulate"]

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Table:
    """A set of pairs by number: p rows over q different queries and m different items."""

    queries: tuple[Content, ...]  # (q,)
    items: tuple[Content, ...]  # (m,)
    query_of: Numbers  # (p,)
    item_of: Numbers  # (p,)
    weights: NDArray[np.float32]  # (p,)
    given: tuple[tuple[int, ...], ...]  # (p,) items that a row names as wrong answers, hardest first
    right: tuple[frozenset[int], ...]  # (q,) all items that answer a query

    def keep(self, queries: Collection[int], items: Collection[int]) -> Numbers:
        """Rows whose query and item are in these: (k,)."""
        return np.flatnonzero(np.isin(self.query_of, list(queries)) & np.isin(self.item_of, list(items)))


def tabulate(pairs: PairSet) -> Table:
    """Number the different queries and items of a set of pairs, in order of first appearance.

    A wrong answer that is no item of this set is left out: what is kept apart for judging must not be learned from.
    """
    items = {name: number for number, name in enumerate(pairs.items)}
    queries: dict[Content, int] = {}
    query_of = np.array([queries.setdefault(pair.query, len(queries)) for pair in pairs.pairs], np.int64)
    item_of = np.array([items[pair.item_id] for pair in pairs.pairs], np.int64)
    right: list[set[int]] = [set() for _ in queries]
    for query, item in zip(query_of.tolist(), item_of.tolist(), strict=True):
        right[query].add(item)
    return Table(
        queries=tuple(queries),
        items=tuple(pairs.items.values()),
        query_of=query_of,
        item_of=item_of,
        weights=np.array([pair.weight for pair in pairs.pairs], np.float32),
        given=tuple(tuple(items[name] for name in pair.negatives if name in items) for pair in pairs.pairs),
        right=tuple(map(frozenset, right)),
    )


@dataclass(frozen=True)
class Batch:
    """Rows that are compared with each other, and what else they are compared with."""

    rows: Numbers  # (n,) of the table
    queries: Numbers  # (n,)
    items: Numbers  # (m,) columns: first the n rows' own, then hard ones, then drawn ones
    drawn: int  # how many were drawn

    def without(self, queries: Collection[int], items: Collection[int]) -> "Batch":
        """What is left when these cannot be read: rows that miss their query or their own item go, and other columns."""
        n = len(self.rows)
        good = ~np.isin(self.items, list(items))
        rows = good[:n] & ~np.isin(self.queries, list(queries))
        columns = np.concatenate([self.items[:n][rows], self.items[n:][good[n:]]])
        drawn = int(good[len(self.items) - self.drawn :].sum())
        return Batch(self.rows[rows], self.queries[rows], columns, drawn)


class Batches:
    """Batch after batch: each epoch all rows once, in an order of its own, in batches of all but one size."""

    def __init__(self, table: Table, rows: Numbers, settings: NegativesSettings, batch_size: int, seed: int) -> None:
        """`rows`: those of the table to train on. Raises InputError when there are too few to compare."""
        if len(rows) < 2:
            raise InputError(f"training needs at least 2 pairs to compare; there {'is 1' if len(rows) else 'are none'}")
        self.table = table
        self.rows = rows
        self.an_epoch = -(-len(rows) // batch_size)
        self.counts = count_items(table.item_of[rows], len(table.items))
        self._settings = settings
        self._seed = seed
        popular = settings.extra_from == "popularity"
        self._drawn_from = popularity_distribution(self.counts) if popular else uniform_distribution(len(table.items))

    def batch(self, step: int, mined: Numbers | None = None) -> Batch:
        """Batch number `step`, from 0. `mined` (q, k): hard items of each query, -1 where there are fewer."""
        epoch, place = divmod(step, self.an_epoch)
        order = np.random.default_rng([self._seed, 0, epoch]).permutation(len(self.rows))
        rows = self.rows[np.array_split(order, self.an_epoch)[place]]
        queries, own = self.table.query_of[rows], self.table.item_of[rows]
        hard = self._hard(rows, queries, mined)
        rng = np.random.default_rng([self._seed, 1, step])
        drawn, _ = sample_columns(rng, self._drawn_from, self._settings.extra)
        return Batch(rows, queries, np.concatenate([own, hard, drawn]), len(drawn))

    @property
    def extra_log_q(self) -> NDArray[np.float64]:
        """(m,) log probability with which one draw yields each item; -inf for what is never drawn."""
        with np.errstate(divide="ignore"):
            return np.log(self._drawn_from)

    def _hard(self, rows: Numbers, queries: Numbers, mined: Numbers | None) -> Numbers:
        given = [item for row in rows.tolist() for item in self.table.given[row][: self._settings.given]]
        found = mined[queries].ravel() if mined is not None else np.empty(0, np.int64)
        return np.concatenate([np.array(given, np.int64), found[found >= 0]])


def column_log_q(
    batch: Batch, log_frequencies: NDArray[np.float64], extra_log_q: NDArray[np.float64], mixed: bool
) -> NDArray[np.float64]:
    """(m,) log of the probability with which each column of the batch was drawn.

    A row's item comes as often as it is in the training rows (`log_frequencies`, one a column), and so counts a hard one.
    Drawn columns have the probability of their draw; with `mixed`, rows' items and drawn ones count as draws of one
    mixture, each column with the probability that it gives its item (Yang et al. 2020, section 3.2).
    """
    n, k = len(batch.rows), batch.drawn
    log_q = np.array(log_frequencies, np.float64)
    if k and mixed:
        part = np.log(n) + log_q, np.log(k) + extra_log_q[batch.items]
        mixture = np.logaddexp(*part) - np.log(n + k)
        places = np.r_[0:n, len(log_q) - k : len(log_q)]
        log_q[places] = mixture[places]
    elif k:
        log_q[-k:] = extra_log_q[batch.items[-k:]]
    return log_q


def draw_seed(*numbers: int) -> int:
    """One seed of several numbers, below 2^63.

    >>> draw_seed(0, 1) == draw_seed(0, 1), draw_seed(0, 1) == draw_seed(1, 0)
    (True, False)
    """
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> np.uint64(1))
