"""How a picture becomes the small array that a picture tower takes.

The tower states what it wants as a PictureSpec (data, so it travels to the processes that decode files); `prepare` does
it. Only resizing and cropping happen here: mean and deviation are folded into the network, so that what crosses
process borders is a small uint8 array.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from encoders.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["PictureSpec", "Pixels", "prepare"]

Pixels = NDArray[np.uint8]
"""(height, width, 3) uint8, RGB."""


@dataclass(frozen=True)
class PictureSpec:
    """What a picture tower takes: a square RGB array, and how to get there."""

    size: int  # side of the square, pixels
    fit: Literal["crop", "squash", "pad"] = "crop"  # shorter side then centre crop | both sides | longer side on white
    crop: float = 1.0  # for "crop": share of the resized shorter side that is kept, as timm's crop_pct
    resample: Literal["bilinear", "bicubic"] = "bicubic"


def prepare(image: "Image.Image", spec: PictureSpec) -> Pixels:
    """One upright RGB Pillow image -> (size, size, 3) uint8.

    Raises InputError for a picture without pixels.
    """
    from PIL import Image

    if image.mode != "RGB":
        raise InputError(f"pictures must be RGB when they reach a tower, got mode {image.mode}")
    width, height = image.size
    if not width or not height:
        raise InputError("this picture has no pixels")
    filters = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
    resample = filters[spec.resample]
    side = spec.size
    if spec.fit == "squash":
        return np.asarray(image.resize((side, side), resample))
    if spec.fit == "pad":
        scale = side / max(width, height)
        inner = image.resize((max(1, round(width * scale)), max(1, round(height * scale))), resample)
        canvas = Image.new("RGB", (side, side), "white")
        canvas.paste(inner, ((side - inner.width) // 2, (side - inner.height) // 2))
        return np.asarray(canvas)
    # One resize straight from the central square of the original: same pixels as resize-then-crop, no large middle step.
    square = min(width, height) * spec.crop
    left, top = (width - square) / 2, (height - square) / 2
    return np.asarray(image.resize((side, side), resample, box=(left, top, left + square, top + square)))
