"""The queries a model answers worst: where to look when a number disappoints, and where the data itself is wrong."""

from dataclasses import dataclass

import numpy as np

from encoders.evaluation.measure import Direction
from encoders.evaluation.metrics import first_ranks

__all__ = ["Miss", "find_worst"]


@dataclass(frozen=True)
class Miss:
    """One query whose right item did not come first."""

    query: str
    right: str  # the right item that came nearest
    rank: float  # its expected rank; 1 would be first
    instead: str  # what came first, and is not right


def find_worst(direction: Direction, count: int) -> tuple[Miss, ...]:
    """The `count` queries with the lowest ranks, worst first; queries whose right item is first are never among them."""
    ranking = direction.ranking
    ranks = first_ranks(ranking)
    misses = []
    for row in np.argsort(-ranks, kind="stable")[:count].tolist():
        right = ranking.columns[ranking.starts[row] : ranking.starts[row + 1]].tolist()
        wrong = [column for column in ranking.top[row].tolist() if column not in right]
        if ranks[row] <= 1 or not wrong:
            continue
        misses.append(
            Miss(
                _name(direction.queries, row),
                _name(direction.candidates, right[0]),
                float(ranks[row]),
                _name(direction.candidates, wrong[0]),
            )
        )
    return tuple(misses)


def _name(names: tuple[str, ...], place: int) -> str:
    return names[place] if names else str(place)
