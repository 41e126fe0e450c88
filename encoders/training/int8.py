"""Vectors as int8, a quarter of the memory: one range a dimension, gathered over the whole set.

A range from a part of the set is wrong for the rest: what lies outside is cut off at its edge, and neighbours change. So ranges
are gathered chunk by chunk until the last vector has been seen.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from encoders.errors import InputError

__all__ = ["Int8Ranges", "dequantise", "gather_ranges", "quantise"]

_STEPS = 127  # on either side of the centre; -128 stays unused, so that both sides are alike


@dataclass(frozen=True)
class Int8Ranges:
    """The smallest and largest value of each dimension."""

    low: NDArray[np.float32]  # (d,)
    high: NDArray[np.float32]  # (d,)

    @property
    def centre(self) -> NDArray[np.float32]:
        """(d,): what code 0 stands for."""
        return (self.low + self.high) * np.float32(0.5)

    @property
    def step(self) -> NDArray[np.float32]:
        """(d,): how far two neighbouring codes lie apart; 0 where a dimension is constant."""
        return (self.high - self.low) / np.float32(2 * _STEPS)


def gather_ranges(chunks: Iterable[NDArray[np.float32]]) -> Int8Ranges:
    """Chunks (n_i, d) of the whole set -> its ranges, one chunk in memory at a time. InputError for none, or for NaN and inf.

    >>> gather_ranges([np.array([[0.0, 1.0]]), np.array([[0.5, -1.0]])]).low.tolist()
    [0.0, -1.0]
    """
    low = high = None
    for number, chunk in enumerate(chunks):
        if chunk.ndim != 2 or (low is not None and chunk.shape[1] != len(low)):
            raise InputError(f"chunk {number} must have shape (n, {'d' if low is None else len(low)}), got {chunk.shape}")
        if not np.isfinite(chunk).all():
            raise InputError(f"chunk {number} holds NaN or infinity")
        if not len(chunk):
            continue
        low = chunk.min(0) if low is None else np.minimum(low, chunk.min(0))
        high = chunk.max(0) if high is None else np.maximum(high, chunk.max(0))
    if low is None or high is None:
        raise InputError("ranges need at least one vector")
    return Int8Ranges(low.astype(np.float32), high.astype(np.float32))


def quantise(vectors: NDArray[np.float32], ranges: Int8Ranges) -> NDArray[np.int8]:
    """(n, d) -> (n, d) int8 from -127 to 127, the nearest code; what lies outside the ranges takes the code of their edge.

    >>> quantise(np.array([[-1.0], [0.0], [1.0], [9.0]]), Int8Ranges(np.float32([-1]), np.float32([1]))).ravel().tolist()
    [-127, 0, 127, 127]
    """
    _check(vectors, ranges)
    step = np.where(ranges.step > 0, ranges.step, 1)
    return np.clip(np.rint((vectors - ranges.centre) / step), -_STEPS, _STEPS).astype(np.int8)


def dequantise(codes: NDArray[np.int8], ranges: Int8Ranges) -> NDArray[np.float32]:
    """(n, d) int8 -> (n, d) float32, at most half a step from what was quantised; not exactly unit rows.

    >>> dequantise(np.array([[127], [0]], dtype=np.int8), Int8Ranges(np.float32([-1]), np.float32([1]))).ravel().tolist()
    [1.0, 0.0]
    """
    _check(codes, ranges)
    return codes.astype(np.float32) * ranges.step + ranges.centre


def _check(rows: NDArray, ranges: Int8Ranges) -> None:
    if rows.ndim != 2 or rows.shape[1] != len(ranges.low):
        raise InputError(f"the ranges are of {len(ranges.low)} dimensions, the vectors have shape {rows.shape}")
