"""Every way a file can hold colour, to 8-bit RGB: nothing clipped, transparent parts on white."""

from typing import TYPE_CHECKING

import numpy as np

from encoders.errors import FileError

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["to_rgb"]

_FULL_16 = 65535


def to_rgb(image: "Image.Image") -> "Image.Image":
    """A decoded Pillow image of any mode -> RGB of the same size.

    Sixteen-bit greys keep their whole range (65535 is white), floats between 0 and 1 too; other number ranges are
    stretched from their smallest to their largest value. Alpha is laid over white.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        return _grey(image)
    if image.mode == "LAB":
        return _from_lab(image)
    if image.has_transparency_data or image.mode in ("La", "RGBa"):
        return _over_white(image)
    return image.convert("RGB")


def _over_white(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    if image.mode == "La":
        image = image.convert("LA")
    rgba = image.convert("RGBA")
    alpha = rgba.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return rgba.convert("RGB")
    white = Image.new("RGB", rgba.size, "white")
    white.paste(rgba.convert("RGB"), mask=alpha)
    return white


def _grey(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        if values.dtype.itemsize != 2:
            raise FileError(f"greys of mode {image.mode} are not known")
        levels = (values >> 8).astype(np.uint8)  # as Pillow does for 16-bit colour: the high byte
        return Image.fromarray(levels).convert("RGB")
    low, high = _range(image.mode, values)
    scaled = (np.nan_to_num(values.astype(np.float32), nan=low, posinf=high, neginf=low) - low) * (255.0 / (high - low))
    return Image.fromarray(np.clip(np.rint(scaled), 0, 255).astype(np.uint8)).convert("RGB")


def _range(mode: str, values: "np.ndarray") -> tuple[float, float]:
    """Which values are black and white."""
    finite = values[np.isfinite(values)] if mode == "F" else values
    if not finite.size:
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    if low >= 0:
        for white in (1.0, 255.0, float(_FULL_16)) if mode == "F" else (255.0, float(_FULL_16)):
            if high <= white:
                return 0.0, white
    return (low, high) if high > low else (low, low + 1.0)


def _from_lab(image: "Image.Image") -> "Image.Image":
    from PIL import ImageCms

    converted = ImageCms.profileToProfile(
        image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
    )
    if converted is None:
        raise FileError("its Lab colours cannot be turned into RGB")
    return converted
