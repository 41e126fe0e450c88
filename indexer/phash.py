"""Perceptual hashes: pictures that look the same have hashes that differ in few bits, whatever their bytes are.

The 64 lowest frequencies of the picture's brightness (DCT-II of 32x32 pixels), each above their median or not: the hash
known as pHash. A frequency must be clearly above, else noise would decide the bits of drawings and patterns, most of whose
frequencies are zero. It is made of the thumbnail, so it costs next to nothing.
"""

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ALIKE", "SAME_TINT", "hash_distance", "mean_tint", "perceptual_hash"]

ALIKE = 6
"""Copies in another size or quality differ by no more bits than this, other pictures by 16 and more; a copy that lost a
hundredth at each edge lies between. Measured on photographs and drawings in the tests."""

SAME_TINT = 12
"""Levels: copies differ by no more in either part of their tint; a red ball and a green one do."""

_SIDE, _FREQUENCIES = 32, 8
_CLEARLY = 0.02  # above the median, in mean strengths of a frequency
_FLAT = 4.0  # levels: the standard deviation of a picture in which there is nothing to see


def perceptual_hash(image: "Image.Image") -> str | None:
    """An RGB picture -> 16 hex digits; None for one of a single colour, which looks like every other one of its kind."""
    from PIL import Image

    small = image.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    levels = np.asarray(small, dtype=np.float32)
    if levels.std() < _FLAT:
        return None
    waves = _waves()
    frequencies = (waves @ levels @ waves.T).ravel()
    pattern = frequencies[1:]  # the first is the mean brightness
    bits = frequencies > np.median(pattern) + _CLEARLY * np.abs(pattern).mean()
    return np.packbits(bits).tobytes().hex()


def hash_distance(one: str, other: str) -> int:
    """How many of the 64 bits differ.

    >>> hash_distance("00000000000000ff", "000000000000000f")
    4
    """
    return (int(one, 16) ^ int(other, 16)).bit_count()


def mean_tint(image: "Image.Image") -> list[int]:
    """What the hash does not see: how much redder and how much bluer than green an RGB picture is on the whole, in levels.

    Brighter and darker copies keep it, as far as nothing is cut off.
    """
    from PIL import Image

    small = image.resize((_SIDE, _SIDE), Image.Resampling.BOX)  # its mean is the picture's, and a box is the quickest
    red, green, blue = np.asarray(small, dtype=np.float32).mean(axis=(0, 1)).tolist()
    return [round(red - green), round(blue - green)]


@cache
def _waves() -> NDArray[np.float32]:
    """(8, 32): row k holds a cosine of k half-waves over the pixels."""
    places = (2 * np.arange(_SIDE) + 1) * np.pi / (2 * _SIDE)
    return np.cos(np.outer(np.arange(_FREQUENCIES), places)).astype(np.float32)
