"""What every document reader returns: pages of text."""

from dataclasses import dataclass

from encoders.errors import LimitError
from indexer.limits import Limits
from indexer.text import clean_line, clean_text

__all__ = ["Document", "Page", "PageList", "check_characters"]


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
