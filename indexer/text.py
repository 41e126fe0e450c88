"""Text as we keep it: composed Unicode, one kind of line end, nothing invisible that breaks a terminal or JSON."""

import re
import unicodedata

__all__ = ["clean_line", "clean_text"]

_BLANK_LINES = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*){2,}")
_TRAILING = re.compile(r"[^\S\n]+$", re.MULTILINE)
_LONG_GAP = re.compile(r"[^\S\n]{17,}")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffe\uffff]")
_LONGEST_LINE = 300  # characters of a title or keyword


def clean_text(text: str) -> str:
    r"""Composed Unicode, "\n" line ends, no control characters, at most one blank line and 16 spaces in a row.

    >>> clean_text("a \r\n\n\n\nb\x00")
    'a\n\nb'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n").replace("\v", "\n")
    text = _CONTROL.sub("", unicodedata.normalize("NFC", text))
    return _BLANK_LINES.sub("\n\n", _LONG_GAP.sub(" " * 16, _TRAILING.sub("", text))).strip()


def clean_line(text: str | None, longest: int = _LONGEST_LINE) -> str | None:
    """A title or keyword on one line of at most `longest` characters, or None when nothing is left."""
    line = " ".join(clean_text(text or "").split())
    return line[:longest].rstrip() or None
