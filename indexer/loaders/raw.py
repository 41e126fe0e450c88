"""Camera RAW: the preview that the camera put in, or half-size development where there is none."""

import io
from typing import TYPE_CHECKING, BinaryIO

from encoders.errors import FileError
from indexer.limits import Limits
from indexer.loaders.formats import check_pixels, open_header, sniff

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["open_raw"]

_SMALLEST_PREVIEW = 320  # pixels of the shorter side: smaller ones are thumbnails of the camera's menu
_FLIP = {3: 3, 5: 8, 6: 6}  # LibRaw's flip -> EXIF orientation
_MAKE, _ORIENTATION = 0x010F, 0x0112


def open_raw(stream: BinaryIO, limits: Limits) -> "Image.Image":
    """A picture to decode, as `open_header` gives it; its info["full_size"] is the size of the sensor's picture.

    Files that are no RAW at all but a common format under a RAW name are read as what they are.
    """
    import rawpy

    stream.seek(0)
    if sniff(stream.read(64), None) in ("JPEG", "PNG", "WebP", "GIF", "HEIF"):
        return open_header(stream, limits, None)
    stream.seek(0)
    try:
        with rawpy.imread(stream) as raw:
            size = raw.sizes
            check_pixels((size.raw_width, size.raw_height), limits)
            full = size.width, size.height
            image = _preview(raw, limits, full)
            if image is None:
                image = _developed(raw)
                full = (full[1], full[0]) if size.flip in (5, 6) else full
            _borrow_exif(image, stream)
            image.info["full_size"] = full
            return image
    except rawpy.LibRawError as error:
        reason = str(error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else error)
        raise FileError(f"LibRaw cannot read this RAW file: {reason}") from error


def _preview(raw: "object", limits: Limits, full: tuple[int, int]) -> "Image.Image | None":
    """The embedded picture, not yet decoded, with the orientation that it lacks; None when it is no use."""
    import rawpy
    from PIL import Image

    try:
        thumb = raw.extract_thumb()  # type: ignore[attr-defined]  # rawpy has no stubs
        if thumb.format == rawpy.ThumbFormat.BITMAP:
            image: Image.Image = Image.fromarray(thumb.data)
        else:
            image = open_header(io.BytesIO(thumb.data), limits, None)
    except (rawpy.LibRawError, FileError):
        return None
    if min(image.size) < min(_SMALLEST_PREVIEW, *full):
        return None
    exif = image.getexif()
    if exif.get(_ORIENTATION, 1) == 1:
        exif[_ORIENTATION] = _FLIP.get(raw.sizes.flip, 1)  # type: ignore[attr-defined]
    return image


def _borrow_exif(image: "Image.Image", stream: BinaryIO) -> None:
    """Previews often lack what the RAW file itself tells; most RAW files are TIFF, which Pillow can read tags from."""
    exif = image.getexif()
    if exif.get(_MAKE):
        return
    orientation = exif.get(_ORIENTATION, 1)
    stream.seek(0)
    if stream.read(4) in (b"II*\0", b"MM\0*"):
        stream.seek(0)
        try:
            exif.load_from_fp(stream)
        except Exception:  # noqa: BLE001 - broken tags must not cost the picture
            return
        exif[_ORIENTATION] = orientation


def _developed(raw: "object") -> "Image.Image":
    from PIL import Image

    pixels = raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8)  # type: ignore[attr-defined]
    return Image.fromarray(pixels)
