"""What a relevance is worth, as numbers: matches kept, false finds, calibration. Pure functions on arrays."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Bin", "calibration_error", "false_found", "kept", "reliability", "separation", "threshold_that_keeps"]

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """Hits of nearly the same relevance."""

    count: int
    said: float  # mean relevance
    right: float  # share of them that are right

    def to_dict(self) -> Mapping[str, float]:
        """Plain JSON types."""
        return {"count": self.count, "said": round(self.said, 4), "right": round(self.right, 4)}


def kept(best: ArrayLike, threshold: float = 0.5) -> float:
    """(n,) best score of each query that has a match -> share that is not answered "no good match".

    >>> kept([0.9, 0.5, 0.1, 0.7])
    0.75
    """
    return float(np.mean(np.asarray(best, np.float64) >= threshold))


def false_found(best: ArrayLike, threshold: float = 0.5) -> float:
    """(n,) best score of each query that nothing fits -> share that is answered all the same.

    >>> false_found([0.9, 0.2, 0.1, 0.3])
    0.25
    """
    return kept(best, threshold)


def threshold_that_keeps(best: ArrayLike, share: float = 0.9) -> float:
    """The highest threshold that still keeps this share of (n,) best scores of queries with a match.

    >>> threshold_that_keeps([0.1, 0.2, 0.3, 0.4], 0.75)
    0.2
    """
    scores = np.sort(np.asarray(best, np.float64))
    return float(scores[int(np.floor((1 - share) * len(scores) + 1e-9))])


def separation(matches: ArrayLike, others: ArrayLike) -> float:
    """How often the best score of a query with a match beats that of one without, ties half: area under the ROC curve.

    >>> separation([0.9, 0.6], [0.6, 0.1])
    0.875
    """
    one, other = np.asarray(matches, np.float64), np.sort(np.asarray(others, np.float64))
    below, upto = np.searchsorted(other, one, "left"), np.searchsorted(other, one, "right")
    return float(np.mean((below + upto) / 2) / len(other))


def reliability(relevance: ArrayLike, right: ArrayLike, bins: int = 10) -> list[Bin]:
    """(n,) relevance in [0, 1] and (n,) whether each hit is right -> bins of equal width that hold anything.

    >>> [bin.count for bin in reliability([0.05, 0.95, 1.0], [0, 1, 1])]
    [1, 2]
    """
    said, truth = np.asarray(relevance, np.float64), np.asarray(right, np.float64)
    places = np.minimum((said * bins).astype(np.int64), bins - 1)
    chosen = [places == place for place in np.unique(places)]
    return [Bin(int(some.sum()), float(said[some].mean()), float(truth[some].mean())) for some in chosen]


def calibration_error(relevance: ArrayLike, right: ArrayLike, bins: int = 10) -> float:
    """Expected calibration error: the mean gap of what bins say and what is right, by how many are in each (Naeini 2015).

    >>> calibration_error([0.75, 0.75], [1, 1])
    0.25
    """
    parts = reliability(relevance, right, bins)
    return float(sum(part.count * abs(part.said - part.right) for part in parts) / sum(part.count for part in parts))
