"""What every document reader returns: pages of text."""

import re
import unicodedata
from dataclasses import dataclass

from encoders.errors import LimitError
from indexer.limits import Limits

__all__ = ["Document", "Page", "PageList", "clean_line", "clean_text"]

_BLANKS = re.compile(r"\n[^\S\n]*(?:\n[^\S\n]*){2,}")
_TRAILING = re.compile(r"[^\S\n]+$", re.MULTILINE)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffe\uffff]")
_LONGEST_LINE = 300  # characters of a title or keyword


@dataclass(frozen=True)
class Page:
    """Text of one page, slide or sheet; number is 1-based, None where the format knows no pages."""

    number: int | None
    text: str


@dataclass(frozen=True)
class Document:
    """What a reader found in one file."""

    pages: tuple[Page, ...]
    title: str | None = None
    keywords: tuple[str, ...] = ()


class PageList:
    """Collects pages and keeps count of the limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.pages: list[Page] = []
        self._characters = 0

    def add(self, number: int | None, text: str) -> None:
        """Keep a page, cleaned; an empty one is skipped."""
        self._characters += len(text)
        check_characters(self._characters, self.limits)
        if text := clean_text(text):
            self.pages.append(Page(number, text))

    def document(self, title: str | None = None, keywords: tuple[str, ...] = ()) -> Document:
        """All pages so far, with a title and keywords that are worth having."""
        clean = dict.fromkeys(word for word in map(clean_line, keywords) if word)
        return Document(tuple(self.pages), clean_line(title), tuple(clean)[:64])


def check_characters(count: int, limits: Limits) -> None:
    """Raise LimitError when a document has more text than is read."""
    if count > limits.max_text_chars:
        raise LimitError(f"it holds more than {limits.max_text_chars:,} characters of text (max_text_chars)")


def clean_text(text: str) -> str:
    r"""Composed Unicode, "\n" line ends, no control characters, at most one blank line in a row.

    >>> clean_text("a \r\n\n\n\nb\x00")
    'a\n\nb'
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n").replace("\v", "\n")
    text = _CONTROL.sub("", unicodedata.normalize("NFC", text))
    return _BLANKS.sub("\n\n", _TRAILING.sub("", text)).strip()


def clean_line(text: str | None, longest: int = _LONGEST_LINE) -> str | None:
    """A title or keyword on one line of at most `longest` characters, or None when nothing is left."""
    line = " ".join(clean_text(text or "").split())
    return line[:longest].rstrip() or None
