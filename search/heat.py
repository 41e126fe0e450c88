"""Which regions of a picture answer a query: show the tower one region after the other, and see how well each fits alone.

It works for every picture tower, whatever is inside. Windows of three by three cells slide over the picture, and a cell is as
hot as the mean cosine of the windows that it lies in is above the median cell. Hiding the windows instead (occlusion, Zeiler
and Fergus 2014) was tried, too, with the mean colour and with a blur: for pictures of one thing the cosine often rises
whatever is hidden, and corners glowed.
"""

import io
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.dual import DualEncoder
from encoders.errors import InputError
from encoders.picture import prepare
from encoders.vectors import Vectors

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Heat", "heat_map", "overlay"]

Heat = NDArray[np.float32]
"""(height, width) of a picture, 0 cold to 1 hot."""

_WINDOW = 3  # cells of a side
_LEAST_RISE = 1e-3  # of the cosine: below it no region is hotter than another
_GLOW = (255, 96, 0)
_OPAQUE = 0.65  # share of the glow where it is hottest
_DIMMED = 0.35  # share of its brightness that the coldest place loses


def heat_map(encoder: DualEncoder, picture: "Image.Image", vector: Vectors, cells: int = 7) -> Heat:
    """(h, w) float32 in [0, 1] for an upright RGB picture of w x h pixels and a query, (d,) unit vector.

    One call of the picture tower with (cells - 2)^2 windows. 1 is the hottest cell; all 0 where no region answers better than
    others. Raises InputError for a model without pictures, a picture that is not RGB or too small, and fewer than 3 cells.
    """
    from PIL import Image

    spec = encoder.picture_spec
    if spec is None:
        raise InputError(f"the model {encoder.card.id} takes no pictures, so there are no regions to look at.")
    if cells < _WINDOW:
        raise InputError(f"a heat map has at least {_WINDOW} cells a side, not {cells}.")
    width, height = picture.size
    if picture.mode != "RGB" or min(width, height) < cells:
        raise InputError(f"a heat map needs an RGB picture of at least {cells} pixels, got {picture.mode} {picture.size}.")
    rows, columns = (np.linspace(0, side, cells + 1).round().astype(int).tolist() for side in (height, width))
    places = list(product(range(cells - _WINDOW + 1), repeat=2))
    windows = [
        prepare(picture.crop((columns[column], rows[row], columns[column + _WINDOW], rows[row + _WINDOW])), spec)
        for row, column in places
    ]
    cosines = encoder.encode_candidates("image", windows) @ vector
    sums, counts = np.zeros((cells, cells)), np.zeros((cells, cells))
    for (row, column), cosine in zip(places, cosines, strict=True):
        cover = np.s_[row : row + _WINDOW, column : column + _WINDOW]
        sums[cover] += cosine
        counts[cover] += 1
    means = sums / counts
    heat = np.maximum(means - np.median(means), 0).astype(np.float32)
    if heat.max() < _LEAST_RISE:
        return np.zeros((height, width), np.float32)
    smooth = Image.fromarray(heat / heat.max()).resize((width, height), Image.Resampling.BILINEAR)
    return np.clip(np.asarray(smooth, np.float32), 0.0, 1.0)


def overlay(picture: "Image.Image", heat: Heat) -> bytes:
    """PNG of an RGB picture, w x h, that glows where its (h, w) heat is and is dimmed where it is not."""
    from PIL import Image

    pixels = np.asarray(picture.convert("RGB"), np.float32)
    if heat.shape != pixels.shape[:2]:
        raise InputError(f"the heat of {heat.shape} does not cover a picture of {pixels.shape[:2]} (height, width).")
    glow = _OPAQUE * heat[..., None]
    mixed = (1 - glow) * pixels * (1 - _DIMMED * (1 - heat[..., None])) + glow * np.array(_GLOW, np.float32)
    out = io.BytesIO()
    Image.fromarray(np.clip(mixed.round(), 0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()
