"""Picture files -> what a picture tower takes, as they are or changed at random a little for training.

Opened as the indexer opens them: upright, transparent parts on white, decoded no larger than needed. Whoever trains on
a picture must see what whoever indexes it sees.
"""

import threading
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from encoders.errors import FileError, LimitError, SkybridgeError
from encoders.picture import PictureSpec, Pixels, prepare

__all__ = ["augment", "read_picture"]

_OPENING = threading.Lock()  # what to do with warnings is one switch for all threads
_LEAST_SHARE = 0.5  # of the picture's area that a random crop keeps
_MOST_STRETCH = 4 / 3  # of a random crop's sides against each other
_JITTER = 0.2  # brightness, contrast and colour change by at most this share


def read_picture(path: Path, spec: PictureSpec, rng: np.random.Generator | None = None) -> Pixels:
    """One picture file -> (size, size, 3) uint8; with `rng` augmented.

    Raises FileError, naming the file, when it cannot be read, and LimitError when its size would harm the machine.
    """
    try:
        image = _open(path, 2 * spec.size)
        return prepare(image, spec) if rng is None else augment(image, spec, rng)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise LimitError(f"{path} has too many pixels to be opened safely: {error}") from error
    except SkybridgeError as error:
        raise FileError(f"{path}: {error}") from error
    except FileNotFoundError:
        raise FileError(f"there is no picture {path}") from None
    except Exception as error:  # Pillow's decoders raise a dozen kinds for damaged files
        raise FileError(f"{path} cannot be read as a picture: {error}") from error


def augment(image: Image.Image, spec: PictureSpec, rng: np.random.Generator) -> Pixels:
    """One upright RGB Pillow image -> (size, size, 3) uint8: a random part of it, mirrored at times, colours moved a little.

    The random crop is that of Szegedy et al. 2015, with at least half of the picture kept.
    """
    width, height = image.size
    area = width * height * rng.uniform(_LEAST_SHARE, 1.0)
    stretch = np.exp(rng.uniform(-1.0, 1.0) * np.log(_MOST_STRETCH))
    across, down = min(width, max(1, round((area * stretch) ** 0.5))), min(height, max(1, round((area / stretch) ** 0.5)))
    left, top = int(rng.integers(0, width - across + 1)), int(rng.integers(0, height - down + 1))
    part = image.crop((left, top, left + across, top + down))
    picture = Image.fromarray(prepare(part, replace(spec, fit="squash")))
    if rng.random() < 0.5:
        picture = ImageOps.mirror(picture)
    for change in (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color):
        picture = change(picture).enhance(rng.uniform(1 - _JITTER, 1 + _JITTER))
    return np.asarray(picture)


def _open(path: Path, at_least: int) -> Image.Image:
    """Upright RGB, its shorter side at least `at_least` pixels if it was before."""
    with _OPENING, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = Image.open(path)
    with image:
        image.draft("RGB", (at_least, at_least))  # JPEG only: the decoder itself scales, by 2, 4 or 8
        image.load()
        upright = ImageOps.exif_transpose(image)
        picture = _on_white(upright)
    factor = min(picture.size) // (2 * at_least)
    return picture.reduce(factor) if factor > 1 else picture


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and "transparency" not in image.info:
        return image
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if not image.has_transparency_data:
        return image.convert("RGB")
    rgba = image.convert("RGBA")
    white = Image.new("RGB", rgba.size, "white")
    white.paste(rgba.convert("RGB"), mask=rgba.getchannel("A"))
    return white
