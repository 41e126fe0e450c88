"""Paths as text that any store can hold.

A Linux path is bytes; Python shows bytes that are not UTF-8 as lone surrogates, which neither JSON nor Qdrant accept.
They are moved to the private use plane (byte 0xNN -> U+10FFNN) and back, so that every path survives the round trip.
"""

import os
import re
from pathlib import Path

__all__ = ["absolute", "folder_chain", "to_path", "to_text"]

_SURROGATE_SHIFT = 0x10FF00 - 0xDC00
_LONE = re.compile("[\udc80-\udcff]")
_MOVED = re.compile("[\U0010ff80-\U0010ffff]")


def to_text(path: str | os.PathLike[str]) -> str:
    r"""Path -> valid Unicode text.

    >>> to_text(Path("/a/b")), to_text("/caf\udce9") == "/caf\U0010ffe9"
    ('/a/b', True)
    """
    text = os.fspath(path).replace(os.sep, "/")
    return _LONE.sub(lambda found: chr(ord(found[0]) + _SURROGATE_SHIFT), text)


def to_path(text: str) -> Path:
    """Text made by `to_text` -> the path."""
    return Path(_MOVED.sub(lambda found: chr(ord(found[0]) - _SURROGATE_SHIFT), text))


def folder_chain(path: Path) -> list[str]:
    """Every folder above `path`, outermost first, as text.

    >>> folder_chain(Path("/a/b/c.txt"))
    ['/', '/a', '/a/b']
    """
    return [to_text(parent) for parent in reversed(path.parents)]


def absolute(path: Path | str) -> Path:
    """The path as the person named it, absolute, without following links."""
    return Path(os.path.abspath(Path(path).expanduser()))  # noqa: PTH100 - resolve() would follow links
