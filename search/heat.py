"""Which regions of a picture answer a query: hide one after the other and see how much worse the picture fits.

Occlusion (Zeiler and Fergus 2014), so it works for every picture tower, whatever is inside: a window of two by two cells is
painted in the picture's mean colour, and the drop of the cosine is shared among its cells, over all windows that hide a cell.
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

_WINDOW = 2  # cells of a side
_LEAST_DROP = 1e-4  # of the cosine: below it nothing in the picture is hot
_GLOW = (255, 96, 0)
_OPAQUE = 0.65  # share of the glow where it is hottest
_DIMMED = 0.35  # share of its brightness that the coldest place loses


def heat_map(encoder: DualEncoder, picture: "Image.Image", vector: Vectors, cells: int = 7) -> Heat:
    """(h, w) float32 in [0, 1] for an upright RGB picture of w x h pixels and a query, (d,) unit vector.

    One call of the picture tower with (cells - 1)^2 + 1 pictures. 1 is where hiding costs most; all 0 where it costs
    nothing anywhere. Raises InputError for a model without pictures, a picture that is not RGB, and fewer than 2 cells.
    """
    from PIL import Image

    spec = encoder.picture_spec
    if spec is None:
        raise InputError(f"the model {encoder.card.id} takes no pictures, so there are no regions to look at.")
    if cells < _WINDOW:
        raise InputError(f"a heat map has at least {_WINDOW} cells a side, not {cells}.")
    width, height = picture.size
    if picture.mode != "RGB" or min(width, height) < cells:
        raise InputError(
            f"a heat map needs an RGB picture of at least {cells} pixels a side, got {picture.mode} {picture.size}."
        )
    mean = tuple(round(level) for level in np.asarray(picture).reshape(-1, 3).mean(axis=0))
    rows, columns = (np.linspace(0, side, cells + 1).round().astype(int) for side in (height, width))
    places = list(product(range(cells - _WINDOW + 1), repeat=2))
    pictures = [prepare(picture, spec)]
    for row, column in places:
        hidden = picture.copy()
        box = (columns[column], rows[row], columns[column + _WINDOW], rows[row + _WINDOW])
        hidden.paste(mean, tuple(int(edge) for edge in box))
        pictures.append(prepare(hidden, spec))
    cosines = encoder.encode_candidates("image", pictures) @ vector
    drops, counts = np.zeros((cells, cells)), np.zeros((cells, cells))
    for (row, column), cosine in zip(places, cosines[1:], strict=True):
        window = np.s_[row : row + _WINDOW, column : column + _WINDOW]
        drops[window] += cosines[0] - cosine
        counts[window] += 1
    heat = np.maximum(drops / counts, 0).astype(np.float32)
    if heat.max() < _LEAST_DROP:
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
