"""A drawing with its captions: the rows of the recipe's training data, and how one becomes a picture."""

import io
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.errors import MissingDependency

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Drawing", "captions_of", "full_caption", "render", "tidy"]

_SIDE = 600  # pixels: larger drawings are scaled down to this before they are augmented
_SVG_WIDTH = 280


@dataclass(frozen=True)
class Drawing:
    """One picture of the training data."""

    source: str  # the package it comes from
    key: str  # names the thing that is drawn: drawings of equal keys show the same (an emoji in several styles)
    name: str  # what it is called; may be empty
    keywords: tuple[str, ...]
    picture: Path | str  # a file (PNG, WebP), or SVG text
    more: tuple[str, ...] = ()  # further captions: a description, the name with its folder


def tidy(text: str) -> str:
    """Make words of a title or file name: separators become blanks, words with digits go.

    >>> tidy("red-fox_in_snow_02.svg")
    'red fox in snow'
    """
    text = re.sub(r"\.(svg|png)$", "", text.strip(), flags=re.IGNORECASE)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[_\-+/\\.]+", " ", text))
    return " ".join(word for word in text.split() if not any(letter.isdigit() for letter in word)).lower()


def captions_of(drawing: Drawing, most: int = 8) -> tuple[str, ...]:
    """Every way to say what is drawn: its name, its keywords, both, each keyword, and what else there is."""
    keywords = drawing.keywords[:most]
    ways = [drawing.name, ", ".join(keywords), full_caption(drawing, most), *drawing.more, *keywords]
    return tuple(dict.fromkeys(way for way in ways if way.strip()))


def full_caption(drawing: Drawing, most: int = 8) -> str:
    """Name and keywords in one line: "ladybug: beetle, insect, animal"."""
    return ": ".join(part for part in (drawing.name, ", ".join(drawing.keywords[:most])) if part)


def render(drawing: Drawing) -> "Image.Image":
    """Drawing -> upright RGB picture on white, its longer side at most 600 pixels."""
    from PIL import Image

    if isinstance(drawing.picture, Path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the archive is checked, and some are large
            with Image.open(drawing.picture) as opened:
                image = opened.convert("RGBA")
    else:
        image = Image.open(io.BytesIO(_rasterise(drawing.picture))).convert("RGBA")
    canvas = Image.new("RGBA", image.size, "white")
    canvas.alpha_composite(image)
    flat = canvas.convert("RGB")
    flat.thumbnail((_SIDE, _SIDE))
    return flat


def _rasterise(svg: str) -> bytes:
    try:
        import resvg_py
    except ImportError as error:
        raise MissingDependency("resvg-py", "drawing SVG for the starter's recipe") from error
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, width=_SVG_WIDTH, skip_system_fonts=True))
