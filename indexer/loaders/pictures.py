"""Pictures of every format to upright RGB, once for thumbnail and tower."""

import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from encoders.errors import FileError
from encoders.picture import PictureSpec, prepare
from indexer import thumbnails
from indexer.items import LoadedItem, LoadedSource
from indexer.limits import Limits
from indexer.loaders.colours import to_rgb
from indexer.loaders.extensions import RAW
from indexer.loaders.formats import open_header
from indexer.loaders.source import OpenedFile, open_file
from indexer.metadata import file_fields, orientation, picture_fields
from indexer.phash import mean_tint, perceptual_hash

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["decode", "decode_source", "load_picture"]

_TRANSPOSE = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # EXIF orientation -> Image.Transpose that undoes it


def load_picture(opened: OpenedFile, extension: str, spec: PictureSpec | None, limits: Limits) -> LoadedSource:
    """A picture file -> its one item, its thumbnail and its fields."""
    if spec is None:
        raise FileError("the model of this collection takes no pictures; use a model card that does")
    image = _header(opened.stream, limits, extension)
    width, height = _upright_size(image)
    fields = picture_fields(image)
    fields |= file_fields(extension, opened.size, opened.modified, fields.get("taken"))
    fields |= {"kind": "image", "width": width, "height": height, "orientation": orientation(width, height)}
    description = fields.pop("text", None)
    rgb = decode(image, _enough(width, height, spec))
    item = LoadedItem("picture", "image", prepare(rgb, spec), {"text": description} if description else {})
    small = thumbnails.shrink_picture(rgb)
    if phash := perceptual_hash(small):
        fields |= {"phash": phash, "tint": mean_tint(small)}
    return LoadedSource(opened.content_hash, "image", fields, (item,), thumbnails.encode_thumbnail(small))


def decode_source(source: Path | bytes | BinaryIO, limits: Limits, at_least: int | None) -> "Image.Image":
    """What `indexer.loaders.open_picture` does, before errors are put in order."""
    if isinstance(source, Path):
        with open_file(source, limits) as opened:
            return decode(_header(opened.stream, limits, source.suffix[1:].lower()), at_least)
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    return decode(_header(source, limits, None), at_least)


def decode(image: "Image.Image", at_least: int | None = None) -> "Image.Image":
    """A picture whose header was read -> upright RGB, its shorter side at least `at_least` pixels if it was before."""
    orientation = _orientation(image)
    if at_least and hasattr(image, "draft"):
        image.draft("RGB", (at_least, at_least))  # JPEG only: the decoder itself scales, by 2, 4 or 8
    image.load()
    rgb = to_rgb(image)
    if at_least and (factor := min(rgb.size) // (2 * at_least)) > 1:
        rgb = rgb.reduce(factor)  # box filter: what follows works on far fewer pixels, still twice what it needs
    from PIL import Image

    turn = _TRANSPOSE.get(orientation)
    return rgb if turn is None else rgb.transpose(Image.Transpose(turn))


def _header(stream: BinaryIO, limits: Limits, extension: str | None) -> "Image.Image":
    if extension in RAW:
        from indexer.loaders.raw import open_raw

        return open_raw(stream, limits)
    return open_header(stream, limits, extension)


def _orientation(image: "Image.Image") -> int:
    if image.format == "TIFF":
        return 1  # Pillow turns TIFF upright by itself, and says its size upright
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # noqa: BLE001 - broken EXIF must not cost the picture
        return 1


def _upright_size(image: "Image.Image") -> tuple[int, int]:
    width, height = image.info.get("full_size", image.size)
    return (height, width) if _orientation(image) >= 5 else (width, height)


def _enough(width: int, height: int, spec: PictureSpec) -> int:
    """Pixels of the shorter side that serve both the tower and the thumbnail."""
    shorter, longer = min(width, height), max(width, height)
    per_longer = shorter / longer
    cropped = spec.size / spec.crop  # "subject" may turn out to be cropped
    tower = {"crop": cropped, "subject": cropped, "squash": spec.size, "pad": spec.size * per_longer}[spec.fit]
    return max(1, math.ceil(max(tower, thumbnails.SIDE * per_longer)))
