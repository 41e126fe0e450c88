"""An answer: the item, how relevant it is, and why."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from indexer.items import Kind, Payload

__all__ = ["FITS", "Answer", "Hit", "Reason", "snippet"]

FITS = 0.5
"""From this relevance on, a hit is taken to be what was asked for."""

_SNIPPET_CHARS = 240
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Reason:
    """One signal that brought a hit."""

    signal: str  # "meaning", "words", "words in the picture", "name", "phrase" or "second look"
    share: float  # of the hit's evidence, 0 to 1
    text: str  # for people


@dataclass(frozen=True)
class Hit:
    """One item that answered a query."""

    id: str
    rank: int  # 1 is best
    path: str  # absolute; the first of payload["paths"]
    kind: Kind
    page: int | None
    score: float  # cosine similarity, [-1, 1]
    relevance: float  # [0, 1]: the probability that this is what was asked for
    reasons: tuple[Reason, ...]  # the strongest first
    snippet: str | None
    payload: Payload
    marks: tuple[tuple[int, int], ...] = ()  # (begin, end) of the query's words in the snippet
    under: tuple["Hit", ...] = ()  # some further passages of a document, in page order, then copies, the best first
    under_total: int = 0  # how many there are of them among what was looked at; a copy counts once
    group: str | None = None  # the folder, day or document it stands together with others by

    @property
    def fits(self) -> bool:
        """Taken to be what was asked for, rather than only the nearest there is."""
        return self.relevance >= FITS

    @property
    def paths(self) -> tuple[str, ...]:
        """Every place where exactly these bytes lie."""
        return tuple(self.payload["paths"])

    @property
    def under_why(self) -> Literal["copies", "pages", "pages and copies"]:
        """What lies under it, if anything: a picture has copies, a document further pages, copies, or both."""
        copies = [under.is_copy_of(self) for under in self.under]
        return "pages" if not any(copies) else "copies" if all(copies) else "pages and copies"

    def is_copy_of(self, other: "Hit") -> bool:
        """Another file, not another part of the same one."""
        return self.path != other.path

    @property
    def title(self) -> str | None:
        """The document's or picture's own title, if it has one."""
        return self.payload.get("title")

    def to_dict(self) -> dict[str, Any]:
        """The keys that `python -m search --json` prints; plain JSON types."""
        return {
            "rank": self.rank,
            "path": self.path,
            "kind": self.kind,
            "page": self.page,
            "score": round(self.score, 6),
            "relevance": round(self.relevance, 4),
            "fits": self.fits,
            "reasons": [{"signal": r.signal, "share": r.share, "text": r.text} for r in self.reasons],
            "snippet": self.snippet,
            "marks": [list(mark) for mark in self.marks],
            "id": self.id,
            "title": self.title,
            "paths": list(self.paths),
            "group": self.group,
            "under": [hit.to_dict() for hit in self.under],
            "under_total": self.under_total,
            "under_why": self.under_why if self.under else None,
        }


@dataclass(frozen=True)
class Answer:
    """What came of a query."""

    hits: tuple[Hit, ...]
    found: bool  # the best hit of all fits; if not, `hits` are merely the nearest
    items: int  # that passed the filters, and competed
    advice: str | None = None  # for people, where nothing fits: what came closest, and why it was not enough
    more: bool = False  # there are further hits after these


def snippet(text: str, query: str | None, length: int = _SNIPPET_CHARS) -> str:
    """The stretch of a passage that holds most of the query's words, at most `length` characters and two ellipses.

    >>> snippet("one two three four five", "three", length=11)
    '… three …'
    """
    text = " ".join(text.split())
    if len(text) <= length:
        return text
    wanted = {word.casefold() for word in _WORD.findall(query or "") if len(word) > 2}
    places = [found.start() for found in _WORD.finditer(text) if found[0].casefold() in wanted]
    start = _densest(places, length)
    start = max(0, min(start - length // 4, len(text) - length))
    end = start + length
    # Cut between words where there are any nearby.
    if start and (space := text.find(" ", start, start + 40)) >= 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", end - 40, end)) > start:
        end = space
    return f"{'… ' if start else ''}{text[start:end]}{' …' if end < len(text) else ''}"


def _densest(places: list[int], length: int) -> int:
    """Start of the window of `length` characters that holds most of the sorted places; 0 without any."""
    best, best_count, first = 0, 0, 0
    for last, place in enumerate(places):
        while place - places[first] > length:
            first += 1
        if last - first + 1 > best_count:
            best, best_count = places[first], last - first + 1
    return best
