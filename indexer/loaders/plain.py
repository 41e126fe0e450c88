"""Plain text: guess the encoding, refuse binary files, find the heading."""

import codecs
import re
from typing import BinaryIO

from encoders.errors import LimitError
from indexer.limits import Limits
from indexer.loaders.pages import Document, PageList, check_characters

__all__ = ["decode_text", "read_bytes", "read_plain", "read_text"]

_SAMPLE = 1 << 16  # bytes that the encoding is guessed from
_BOMS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b\x08"))
_TITLES = {
    "md": re.compile(
        r"\A(?:---\n.*?^title:[ ]*(?P<front>[^\n]+)\n.*?^---\n)?\s*(?:\#[ ]+(?P<a>[^\n]+?)[ #]*$|(?P<b>[^\n]+)\n=+[ ]*$)?",
        re.M | re.S,
    ),
}


def read_bytes(stream: BinaryIO, limits: Limits) -> bytes:
    """The whole file, if it is small enough for text."""
    data = stream.read(limits.max_text_bytes + 1)
    if len(data) > limits.max_text_bytes:
        raise LimitError(f"it is over {limits.max_text_bytes:,} bytes, too large for a text file (max_text_bytes)")
    return data


def read_text(stream: BinaryIO, limits: Limits, declared: str | None = None) -> str:
    """The whole file as text."""
    text = decode_text(read_bytes(stream, limits), declared)
    check_characters(len(text), limits)
    return text


def decode_text(data: bytes, declared: str | None = None) -> str:
    """Bytes -> text: by byte order mark, as UTF-8, as what the file declares, else by a guess.

    Raises FileError for bytes that are no text in any encoding.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    if text is not None and len(data.translate(None, _CONTROL)) == len(data):
        return text
    return data.decode("cp1252", "replace")


def read_plain(stream: BinaryIO, limits: Limits, extension: str) -> Document:
    """Prose, notes, logs or source code; one page without number."""
    text = read_text(stream, limits)
    pages = PageList(limits)
    pages.add(None, text)
    return pages.document()
