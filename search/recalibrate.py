"""Relevance that judgements have corrected: a straight line from the log odds the search had to those that people confirmed.

Platt scaling (Platt 1999), with a Gaussian prior around leaving everything as it is, so that a handful of judgements moves
relevance a little and many move it to where they point. The order of the hits stays what it was. Judgements are of hits that
were looked at, mostly the first: what is far below them learns from the slope alone, and that needs many.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["AS_IT_IS", "Recalibration", "recalibrate"]

_SLOPE_FROM = 50  # judgements; fewer move the line and do not turn it
_SHIFT_DEVIATION = 1.0  # of the prior: log odds
_SLOPE_DEVIATION = 0.25
_LEAST_SLOPE = 0.2  # a line that falls would turn every ranking around
_STEPS = 50
_LARGEST = 50.0


@dataclass(frozen=True)
class Recalibration:
    """Log odds as the search has them -> as people's judgements have them."""

    shift: float = 0.0
    slope: float = 1.0  # above 0
    judgements: int = 0  # that it rests on

    def corrected(self, log_odds: float) -> float:
        """A straight line."""
        return self.shift + self.slope * log_odds

    def before(self, corrected: float) -> float:
        """Inverse of `corrected`."""
        return (corrected - self.shift) / self.slope


AS_IT_IS = Recalibration()


def recalibrate(log_odds: ArrayLike, fits: ArrayLike) -> Recalibration:
    """(n,) log odds of judged hits, (n,) whether each fits -> the line with the greatest posterior probability.

    The same judgements give the same line, in whatever order. Newton's method on a convex function of one or two numbers.

    >>> recalibrate([], []) == AS_IT_IS
    True
    >>> recalibrate([0.0, 0.0], [False, False]).shift < 0
    True
    """
    scores = np.clip(np.asarray(log_odds, np.float64), -_LARGEST, _LARGEST)
    told = np.asarray(fits, np.float64)
    if not len(scores):
        return AS_IT_IS
    order = np.lexsort((told, scores))  # sums of floats depend on their order
    scores, told = scores[order], told[order]
    line = _fit(scores, told, AS_IT_IS.slope, turn=len(scores) > _SLOPE_FROM)
    if line[1] < _LEAST_SLOPE:
        line = _fit(scores, told, _LEAST_SLOPE, turn=False)
    return Recalibration(float(line[0]), float(line[1]), len(scores))


def _fit(scores: NDArray[np.float64], told: NDArray[np.float64], slope: float, turn: bool) -> NDArray[np.float64]:
    """(2,) shift and slope, the slope as given unless the line may `turn`."""
    free = 2 if turn else 1
    columns = np.stack([np.ones_like(scores), scores], axis=1)
    precision = 1 / np.square([_SHIFT_DEVIATION, _SLOPE_DEVIATION])[:free]
    prior, line = np.array([0.0, 1.0]), np.array([0.0, slope])
    loss = _loss(line, columns, told, precision)
    for _ in range(_STEPS):
        chance = np.exp(-np.logaddexp(0, -columns @ line))
        gradient = columns[:, :free].T @ (chance - told) + precision * (line - prior)[:free]
        curvature = (columns[:, :free] * (chance * (1 - chance))[:, None]).T @ columns[:, :free] + np.diag(precision)
        step = np.zeros(2)
        step[:free] = np.linalg.solve(curvature, gradient)
        while (lower := _loss(line - step, columns, told, precision)) > loss:
            step /= 2  # a full step may overshoot where the curve is flat
        line, loss = line - step, lower
        if np.abs(step).max() < 1e-9:
            break
    return line


def _loss(
    line: NDArray[np.float64], columns: NDArray[np.float64], told: NDArray[np.float64], precision: NDArray[np.float64]
) -> float:
    away = (line - np.array([0.0, 1.0]))[: len(precision)]
    reached = columns @ line
    return float((np.logaddexp(0, reached) - told * reached).sum() + (precision * away**2).sum() / 2)
