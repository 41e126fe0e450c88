"""A query as a person means it: what to look for, of which kind, where, from when."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from encoders.errors import InputError, LibraryError
from indexer.items import Kind
from indexer.paths import absolute, to_text
from indexer.store.base import Condition, Match, Range, Where
from search.dates import When, first_moment, last_moment
from search.pictures import PictureInput

__all__ = ["MAX_HITS", "Query"]

MAX_HITS = 10_000
"""limit + offset of one query."""


@dataclass(frozen=True)
class Query:
    """Everything that one question may hold. At least one of text, images and like is needed."""

    text: str | None = None
    images: Sequence[PictureInput] = ()
    like: str | None = None  # id of a hit: "find similar"
    not_text: Sequence[str] = ()  # what the answer should not be like
    limit: int = 10
    offset: int = 0
    kind: Kind | None = None
    under: Path | str | None = None  # a folder
    since: When | None = None
    until: When | None = None
    _where: Where = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what makes no sense, in one sentence, before any model is loaded."""
        if not (self.text and self.text.strip()) and not self.images and not self.like:
            raise InputError("there is nothing to look for: give some words, a picture, or both.")
        if self.like and not _is_id(self.like):
            raise LibraryError(f"{self.like!r} is not the id of an item. Take the id of a hit.")
        if self.limit < 0 or self.offset < 0 or self.limit + self.offset > MAX_HITS:
            raise LibraryError(f"limit and offset must not be negative and must not exceed {MAX_HITS:,} together.")
        if self.kind is not None and self.kind not in get_args(Kind):
            raise LibraryError(f"{self.kind!r} is not a kind of file. Kinds are: {', '.join(get_args(Kind))}.")
        object.__setattr__(self, "_where", self._filter())

    @property
    def where(self) -> Where:
        """The filter, as the store takes it."""
        return self._where

    def _filter(self) -> Where:
        must: list[Condition] = []
        if self.kind is not None:
            must.append(Match("kind", (self.kind,)))
        if self.under is not None:
            must.append(Match("folders", (to_text(absolute(self.under)),)))
        if self.since is not None or self.until is not None:
            first = None if self.since is None else first_moment(self.since)
            last = None if self.until is None else last_moment(self.until)
            if first is not None and last is not None and first > last:
                raise LibraryError(f"nothing lies since {self.since} and until {self.until}: the first is the later one.")
            must.append(Range("date", first, last))
        return Where(tuple(must))


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
