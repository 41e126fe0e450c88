"""What a person said of a query's hits changes the query: its vector moves, and what was judged finds its place.

Rocchio (1971): towards the mean of what fits and, less so, away from the mean of what does not. Pictures and passages lie in
cones of their own, so each vector is taken relative to the mean of its modality: else the query would move towards the cone
of whatever was judged first, and everything else there would come along. The weights are chosen by
`python -m benchmarks.feedback`, which also says what Qdrant's own feedback and recommendation queries reach.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from encoders.vectors import Vectors, unit_rows
from indexer.store.base import FusedItem
from search.background import Sample

__all__ = ["ROCCHIO", "Judged", "Rocchio", "modality_centre", "place_judged"]

_BORROWED = 40  # items: a mean of fewer is more the items themselves than their modality, so it counts less
_NEVER = -50.0  # log odds of what a person said does not fit
_FIRST = 1e-6  # more than the rounding of the engine: first among equals


@dataclass(frozen=True)
class Rocchio:
    """How far judgements move a query of length 1."""

    likes: float  # of the mean of what fits
    dislikes: float  # of the mean of what does not

    def move(self, vector: Vectors, likes: Vectors, dislikes: Vectors) -> Vectors:
        """(d,) unit vector, (m, d) and (k, d) vectors relative to their modality's centre -> (d,) float32, unit length.

        >>> import numpy as np
        >>> [round(each, 2) for each in Rocchio(1.0, 0.5).move(np.eye(3)[0], np.eye(3)[1:2], np.zeros((0, 3))).tolist()]
        [0.71, 0.71, 0.0]
        """
        moved = np.asarray(vector, np.float32)
        if len(likes):
            moved = moved + self.likes * np.mean(likes, axis=0)
        if len(dislikes):
            moved = moved - self.dislikes * np.mean(dislikes, axis=0)
        return unit_rows(moved[None])[0] if np.linalg.norm(moved) > 1e-3 else np.asarray(vector, np.float32)


ROCCHIO = Rocchio(likes=1.0, dislikes=0.1)


def modality_centre(sample: Sample) -> Vectors:
    """(d,) mean of a modality's vectors, nearer to 0 the fewer there are."""
    count = len(sample.vectors)
    return count / (count + _BORROWED) * np.mean(sample.vectors, axis=0)


@dataclass(frozen=True)
class Judged:
    """What was judged of a query, as far as it passes its filters, with the evidence that a verdict gives it."""

    liked: tuple[FusedItem, ...] = ()  # these fit, whatever the engine says
    sunk: tuple[FusedItem, ...] = ()  # these come after everything else

    @property
    def ids(self) -> frozenset[str]:
        """Of all of them: their places are not the engine's to give."""
        return frozenset(item.id for item in (*self.liked, *self.sunk))


def place_judged(judged: Sequence[FusedItem], verdicts: Mapping[str, int], fits: float) -> Judged:
    """Judged items in their places: what fits has at least the evidence `fits`, and comes first among equals."""
    liked = [replace(item, score=max(item.score, fits) + _FIRST) for item in judged if verdicts[item.id] > 0]
    sunk = [replace(item, score=min(item.score, _NEVER)) for item in judged if verdicts[item.id] < 0]
    return Judged(tuple(liked), tuple(sunk))
