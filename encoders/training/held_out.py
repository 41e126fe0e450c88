"""How good the towers are on pairs that training does not see: what decides which moment is kept."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.errors import TrainingError
from encoders.evaluation.metrics import mrr, rank, recall_at
from encoders.training.batches import Table
from encoders.training.progress import Progress
from encoders.training.sides import Side, modality_of

__all__ = ["HeldOut", "Look"]

_ENOUGH = 20  # pairs of one kind from which typical scores can be told


@dataclass(frozen=True)
class Look:
    """One look at the held-out pairs, from query to item."""

    step: int
    recall: float  # R@1
    recall_10: float
    mrr: float
    queries: int
    items: int

    def better_than(self, other: "Look | None") -> bool:
        """By R@1; where two differ by less than its standard error, by MRR, which says more of few or hard queries."""
        if other is None:
            return True
        error = math.sqrt(max(other.recall * (1 - other.recall), 1 / self.queries) / self.queries)
        if abs(self.recall - other.recall) > error:
            return self.recall > other.recall
        return self.mrr > other.mrr

    def record(self) -> dict[str, float]:
        """Return it as a line of metrics.jsonl."""
        return {"step": self.step, "R@1": self.recall, "R@10": self.recall_10, "MRR": self.mrr}


class HeldOut:
    """The held-out pairs and the two sides that encode them."""

    def __init__(self, table: Table, queries: Side, items: Side) -> None:
        self._table = table
        self._queries = queries
        self._items = items
        self.problems: dict[str, str] = {}  # content that could not be read -> why
        self.score_ranges: dict[str, tuple[float, float]] = {}  # "text to image" -> typical scores, from the last look

    def look(self, step: int, progress: Progress) -> Look:
        """Rank all held-out items for every held-out query. Pairs that cannot be read are left out and noted.

        Raises TrainingError when vectors are not finite, or nothing is left to look at.
        """
        queries, query_vectors = self._encoded(self._queries, "held-out queries", progress)
        items, item_vectors = self._encoded(self._items, "held-out items", progress)
        column = {int(number): place for place, number in enumerate(items)}
        truth = [{column[item] for item in self._table.right[query] if item in column} for query in queries]
        asked = [place for place, right in enumerate(truth) if right]
        if not asked:
            raise TrainingError(
                f"no held-out pair can be read. One of {len(self.problems)}: {next(iter(self.problems.values()))}"
            )
        query_vectors, truth = query_vectors[asked], [truth[place] for place in asked]
        kinds = [modality_of(self._queries.contents[number]) for number in queries[asked]]
        self._note_scores(query_vectors, item_vectors, truth, kinds, [modality_of(self._items.contents[one]) for one in items])
        ranking = rank(query_vectors, item_vectors, truth, k=10)
        return Look(step, recall_at(ranking, 1), recall_at(ranking, 10), mrr(ranking), len(asked), len(items))

    def _encoded(self, side: Side, what: str, progress: Progress) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        numbers, vectors, problems = side.encode(np.arange(len(side.contents)), what, progress)
        self.problems.update({str(side.contents[number]): why for number, why in problems.items()})
        if not np.isfinite(vectors).all():
            raise TrainingError(
                f"the vectors of the {what} are not finite: a tower has gone wrong. A lower learning rate may help"
            )
        return numbers, vectors

    def _note_scores(
        self,
        queries: NDArray[np.float32],
        items: NDArray[np.float32],
        truth: list[set[int]],
        query_kinds: list[str],
        item_kinds: list[str],
    ) -> None:
        """Median cosine of unrelated pairs, and what a quarter of the right ones reach, for each pair of modalities."""
        pick = np.random.default_rng(0)
        random_items = pick.integers(0, len(items), len(queries))
        unrelated: dict[str, list[float]] = {}
        related: dict[str, list[float]] = {}
        for row, right in enumerate(truth):
            other = int(random_items[row])
            for column, found in [
                *((one, related) for one in sorted(right)),
                *([] if other in right else [(other, unrelated)]),
            ]:
                name = f"{query_kinds[row]} to {item_kinds[column]}"
                found.setdefault(name, []).append(float(queries[row] @ items[column]))
        self.score_ranges = _spans(unrelated, related)


def _spans(unrelated: Mapping[str, list[float]], related: Mapping[str, list[float]]) -> dict[str, tuple[float, float]]:
    spans = {}
    for name, scores in related.items():
        if min(len(scores), len(unrelated.get(name, []))) >= _ENOUGH:
            low, high = float(np.median(unrelated[name])), float(np.percentile(scores, 75))
            if low < high:
                spans[name] = (round(low, 4), round(high, 4))
    return spans
