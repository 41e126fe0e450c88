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

__all__ = ["ROCCHIO", "Rocchio", "arrange", "modality_centre"]

_BORROWED = 40  # items: a mean of fewer is more the items themselves than their modality, so it counts less
_NEVER = -50.0  # log odds of what a person said does not fit


@dataclass(frozen=True)
class Rocchio:
    """How far judgements move a query of length 1."""

    likes: float  # of the mean of what fits
    dislikes: float  # of the mean of what does not

    def move(self, vector: Vectors, likes: Vectors, dislikes: Vectors) -> Vectors:
        """(d,) unit vector, (m, d) and (k, d) vectors relative to their modality's centre -> (d,) float32, unit length.

        >>> import numpy as np
        >>> Rocchio(1.0, 0.5).move(np.eye(3)[0], np.eye(3)[1:2], np.zeros((0, 3))).round(2).tolist()
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


def arrange(
    pool: Sequence[FusedItem], judged: Sequence[FusedItem], verdicts: Mapping[str, int], fits: float, whole: bool
) -> list[FusedItem]:
    """The ranking with judged items in their places. `pool`: the best by evidence; `judged`: those that pass the filters.

    What was judged to fit has at least the evidence from which on a hit is taken to fit, and comes first among equals. What was
    judged not to comes after everything else, so it is there only where the pool is the `whole` of the answer.
    """
    liked = [replace(item, score=max(item.score, fits)) for item in judged if verdicts[item.id] > 0]
    rest = [item for item in pool if item.id not in verdicts]
    ranked = sorted([*liked, *rest], key=lambda item: (-item.score, -verdicts.get(item.id, 0), item.id))
    sunk = sorted((item for item in judged if verdicts[item.id] < 0), key=lambda item: (-item.score, item.id))
    return ranked + [replace(item, score=min(item.score, _NEVER)) for item in sunk] if whole else ranked
