"""What narrows an answer, as a person says it, and the same as the store takes it."""

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from encoders.errors import LibraryError
from indexer.items import Kind
from indexer.paths import absolute, to_text
from indexer.store.base import Condition, Match, Range, Where
from search.dates import When, first_moment, last_moment

__all__ = ["Filters"]


@dataclass(frozen=True)
class Filters:
    """Every filter of one question. All of them must pass; None and () let everything pass."""

    kind: Kind | None = None
    under: Path | str | None = None  # a folder
    since: When | None = None
    until: When | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense, in one sentence, before any model is loaded."""
        self.where()

    def where(self) -> Where:
        """The filter as it runs inside the engine's search. Raises LibraryError for what makes no sense."""
        must: list[Condition] = []
        if self.kind is not None:
            if self.kind not in get_args(Kind):
                raise LibraryError(f"{self.kind!r} is not a kind of file. Kinds are: {', '.join(get_args(Kind))}.")
            must.append(Match("kind", (self.kind,)))
        if self.under is not None:
            must.append(Match("folders", (to_text(absolute(self.under)),)))
        if self.since is not None or self.until is not None:
            must.append(_between(self.since, self.until))
        return Where(tuple(must))


def _between(since: When | None, until: When | None) -> Range:
    first = None if since is None else first_moment(since)
    last = None if until is None else last_moment(until)
    if first is not None and last is not None and first > last:
        raise LibraryError(f"nothing lies since {since} and until {until}: the first is the later one.")
    return Range("date", first, last)
