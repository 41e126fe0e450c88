"""The vector contract: float32, C-contiguous, shape (n, d), unit rows, finite.

Checked at two borders only: where vectors leave a tower and where they enter the store.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from encoders.errors import InputError

__all__ = ["Vectors", "check_vectors", "unit_rows"]

Vectors = NDArray[np.float32]
"""(n, d) float32, C-contiguous, unit rows, finite."""

_UNIT_TOLERANCE = 1e-3


def unit_rows(array: ArrayLike) -> Vectors:
    """(n, d) of any float type -> (n, d) float32, unit rows.

    A row of zeros has no direction and a row with NaN has no meaning: both raise InputError.

    >>> unit_rows([[3.0, 4.0]]).tolist()
    [[0.6000000238418579, 0.800000011920929]]
    """
    rows = np.ascontiguousarray(array, dtype=np.float32)
    if rows.ndim != 2:
        raise InputError(f"vectors must have shape (n, d), got {rows.shape}")
    # float64 norms: float32 squares overflow above 1e19 and vanish below 1e-23
    norms = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    bad = ~(np.isfinite(norms) & (norms > 0))
    if bad.any():
        raise InputError(f"row {int(np.argmax(bad))} is zero or not finite, so it has no direction")
    return np.ascontiguousarray((rows / norms).astype(np.float32))


def check_vectors(array: NDArray[np.float32], dimension: int | None = None) -> Vectors:
    """Return the array itself when it keeps the contract; raise InputError naming the first breach.

    >>> check_vectors(np.eye(2, dtype=np.float32), dimension=2).shape
    (2, 2)
    """
    if array.ndim != 2 or (dimension is not None and array.shape[1] != dimension):
        raise InputError(f"vectors must have shape (n, {dimension or 'd'}), got {array.shape}")
    if array.dtype != np.float32 or not array.flags.c_contiguous:
        raise InputError(f"vectors must be C-contiguous float32, got {array.dtype}")
    norms = np.linalg.norm(array, axis=1)
    off = ~(np.abs(norms - 1.0) <= _UNIT_TOLERANCE)  # written so that NaN is off, too
    if off.any():
        row = int(np.argmax(off))
        raise InputError(f"row {row} has length {norms[row]:.4f}, not 1")
    return array
