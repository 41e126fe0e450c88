"""Plain text: prose, notes, logs, source code; and the heading that serves as its title."""

import re
from typing import BinaryIO

from encoders.errors import LimitError
from indexer.limits import Limits
from indexer.loaders.encodings import decode_text
from indexer.loaders.pages import Document, PageList, check_characters
from indexer.loaders.source import readable_size

__all__ = ["read_bytes", "read_plain", "read_text"]

_HEAD = 20_000  # characters in which a title is looked for
_UNDERLINED = r"^(?P<title>[^\s=\-~#*][^\n]*)\n(?:={3,}|-{3,}|~{3,}|\#{3,}|\*{3,})[ ]*$"
_FRONT_MATTER = r"\A---\n(?:[^\n]*\n){0,40}?title:[ ]*[\"']?(?P<title>[^\n\"']+)"
_TITLES = {
    "md": (_FRONT_MATTER, r"^\#{1,2}[ \t]+(?P<title>[^\n]+?)[ \t#]*$", _UNDERLINED),
    "rst": (_UNDERLINED,),
    "tex": (r"\\title(?:\[[^\]\n]*\])?\{(?P<title>[^{}\n]+)\}",),
    "org": (r"^\#\+title:[ ]*(?P<title>[^\n]+)$", r"^\*[ ]+(?P<title>[^\n]+)$"),
}
_TITLES["markdown"] = _TITLES["md"]


def read_bytes(stream: BinaryIO, limits: Limits) -> bytes:
    """The whole file; LimitError when it is too large to be text."""
    data = stream.read(limits.max_text_bytes + 1)
    if len(data) > limits.max_text_bytes:
        allowed = readable_size(limits.max_text_bytes)
        raise LimitError(f"it is over {allowed}, the limit for files of this kind (max_text_bytes)")
    return data


def read_text(stream: BinaryIO, limits: Limits) -> str:
    """The whole file as text; line ends become line feeds."""
    text = decode_text(read_bytes(stream, limits))
    check_characters(len(text), limits)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_plain(stream: BinaryIO, limits: Limits, extension: str) -> Document:
    """One page without a number; the first heading is the title where the format has headings."""
    text = read_text(stream, limits)
    pages = PageList(limits)
    pages.add(None, text)
    return pages.document(_title(text[:_HEAD], extension))


def _title(text: str, extension: str) -> str | None:
    for pattern in _TITLES.get(extension, ()):
        if found := re.search(pattern, text, re.MULTILINE | re.IGNORECASE):
            return found["title"]
    return None
