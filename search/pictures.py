"""A picture to ask with, however it comes: a path, the bytes of a file, an open file, or a Pillow image."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Union

from encoders.errors import InputError
from indexer.limits import Limits

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["PictureInput", "query_picture"]

PictureInput = Union["Image.Image", Path, str, bytes, BinaryIO]
"""A picture to ask with."""


def query_picture(image: PictureInput, at_least: int | None = None) -> "Image.Image":
    """Upright, RGB, its smaller side at least `at_least` pixels where the file allows.

    Raises FileError for a file that cannot be read, LimitError for one over the limits, InputError for a damaged image.
    """
    from PIL import Image

    from indexer.loaders import open_picture
    from indexer.loaders.pictures import decode

    if isinstance(image, Image.Image):
        try:
            return decode(image, at_least)
        except OSError as error:  # Pillow decodes late, so a damaged file shows only here
            raise InputError(f"the picture to ask with cannot be decoded: {error}") from error
    source = Path(image).expanduser() if isinstance(image, str) else image
    return open_picture(source, Limits(), at_least=at_least)
