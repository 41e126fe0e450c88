"""Which decoder a picture gets: by its first bytes, never by its name; and its size, checked before any pixel."""

import importlib
import struct
from typing import TYPE_CHECKING, Any, BinaryIO

from encoders.errors import FileError, LimitError
from indexer.limits import Limits

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["check_pixels", "open_header", "sniff"]

_PLUGINS = {  # format -> (module, class): the classes themselves, so that no other decoder of Pillow can be reached
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "DIB": ("PIL.BmpImagePlugin", "DibImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "HEIF": ("pi_heif.as_plugin", "HeifImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "JPEG 2000": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    "PNM": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "ICO": ("PIL.IcoImagePlugin", "IcoImageFile"),
    "TGA": ("PIL.TgaImagePlugin", "TgaImageFile"),
}
_MAGIC = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\0\0\1\0", "ICO"),
)
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"))


def sniff(head: bytes, extension: str | None) -> str | None:
    r"""Name of the picture format that these first 64 bytes begin, or None.

    TGA has no mark at its start, and DIB only the length of its header, so names that say .tga and .dib are believed.

    >>> sniff(b"\x89PNG\r\n\x1a\n", "jpg")
    'PNG'
    """
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WebP"
    if head[4:8] == b"ftyp":
        return _by_brands(head)
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return "PNM"
    return _by_name(head, extension)


def _by_brands(head: bytes) -> str | None:
    """AVIF and HEIC share a container; its first box lists what a reader must know."""
    (length,) = struct.unpack(">I", head[:4])
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(64, length), 4))}
    if brands & _AVIF_BRANDS:
        return "AVIF"
    return "HEIF" if brands & _HEIF_BRANDS else None


def _by_name(head: bytes, extension: str | None) -> str | None:
    if extension == "dib" and head[1:4] == b"\0\0\0":
        return "DIB"
    return "TGA" if extension in ("tga", None) and len(head) >= 18 else None


def open_header(stream: BinaryIO, limits: Limits, extension: str | None) -> "Image.Image":
    """Read a picture's header and check its size; no pixel is decoded yet.

    Raises FileError for what is no picture, LimitError for too many pixels.
    """
    from PIL import Image

    # Pillow's own guard also sees frames and icons inside a file, so it stays on, at our limit. It is one number for
    # the process and is only ever raised, so threads with other limits do not disturb each other.
    if Image.MAX_IMAGE_PIXELS is not None and limits.max_pixels > Image.MAX_IMAGE_PIXELS:
        Image.MAX_IMAGE_PIXELS = limits.max_pixels
    stream.seek(0)
    head = stream.read(64)
    name = sniff(head, extension)
    if name is None:
        raise FileError("this is no picture of a known format, whatever its name says")
    if name == "ICO":
        _check_icons(stream, limits)
    module, factory = _PLUGINS[name]
    stream.seek(0)
    try:
        image: Image.Image = getattr(importlib.import_module(module), factory)(stream, "")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise LimitError(f"this picture has more pixels than the limit of {limits.max_pixels:,} (max_pixels)") from error
    except Exception as error:
        if name == "TGA":
            raise FileError("this is no picture of a known format, whatever its name says") from error
        raise
    check_pixels(image.size, limits)
    return image


def check_pixels(size: tuple[int, int], limits: Limits) -> None:
    """Raise LimitError for a picture with too many pixels, FileError for one with none."""
    width, height = size
    if width < 1 or height < 1:
        raise FileError("this picture has no pixels")
    if width * height > limits.max_pixels:
        raise LimitError(
            f"this picture has {width:,} x {height:,} pixels, over the limit of {limits.max_pixels:,} (max_pixels)"
        )


def _check_icons(stream: BinaryIO, limits: Limits) -> None:
    """An icon's directory says 256 x 256 at most, but the PNG or bitmap behind it has a size of its own."""
    stream.seek(4)
    (count,) = struct.unpack("<H", stream.read(2))
    directory = stream.read(16 * count)
    for entry in range(len(directory) // 16):
        (offset,) = struct.unpack_from("<I", directory, 16 * entry + 12)
        stream.seek(offset)
        start = stream.read(24)
        if len(start) < 24:
            continue  # the decoder will say what is wrong
        if start[:4] == b"\x89PNG":
            size: tuple[Any, ...] = struct.unpack_from(">II", start, 16)
        else:
            size = struct.unpack_from("<ii", start, 4)
        check_pixels((max(1, abs(size[0])), max(1, abs(size[1]))), limits)
