"""A query as a person means it: what to look for and what not, each with a weight, and which items may answer."""

import math
import uuid
from dataclasses import dataclass, field

from encoders.errors import InputError, LibraryError
from indexer.store.base import Where
from search.arrange import Arrangement
from search.filters import Filters
from search.phrases import find_phrases
from search.pictures import PictureInput

__all__ = ["MAX_HITS", "MAX_TERMS", "Query", "Term"]

MAX_HITS = 10_000
"""limit + offset of one query."""

MAX_TERMS = 32
"""Words, pictures and hits that one query may be made of."""


@dataclass(frozen=True)
class Term:
    """One thing that the answer should be like, or, with a negative weight, not like. Exactly one of the first three."""

    text: str | None = None
    image: PictureInput | None = None
    item: str | None = None  # id of a hit: "more like this"
    weight: float = 1.0

    def __post_init__(self) -> None:
        """Raises InputError for a term that is none, or a weight that weighs nothing."""
        if sum(part is not None for part in (self.text, self.image, self.item)) != 1:
            raise InputError("a term of a query is some words, a picture, or the id of a hit: one of these.")
        if self.text is not None and not self.text.strip():
            raise InputError("there are no words in one of the terms to look for.")
        if self.item is not None and not _is_id(self.item):
            raise LibraryError(f"{self.item!r} is not the id of an item. Take the id of a hit.")
        if not math.isfinite(self.weight) or not 0 < abs(self.weight) <= 10:
            raise InputError(
                f"a weight is a number above 0 and at most 10, negative for what is not wanted; not {self.weight}."
            )


@dataclass(frozen=True)
class Query:
    """Everything that one question may hold. At least one term must be wanted, not only unwanted."""

    terms: tuple[Term, ...]
    filters: Filters = field(default_factory=Filters)
    limit: int = 10
    offset: int = 0
    arrange: Arrangement = field(default_factory=Arrangement)
    likes: tuple[str, ...] = ()  # ids of items: more like these, this once; what is recorded of the query adds to it
    unlikes: tuple[str, ...] = ()  # less like these

    def __post_init__(self) -> None:
        """Refuse what makes no sense, in one sentence, before any model is loaded."""
        if not self.wanted:
            raise InputError("there is nothing to look for: give some words, a picture, or both.")
        if len(self.terms) > MAX_TERMS:
            raise InputError(f"a query is made of at most {MAX_TERMS} terms, and this one of {len(self.terms)}.")
        for item in (*self.likes, *self.unlikes):
            if not _is_id(item):
                raise LibraryError(f"{item!r} is not the id of an item. Take the id of a hit.")
        if both := set(self.likes) & set(self.unlikes):
            raise InputError(f"{min(both)} cannot be liked and not liked at once.")
        if self.limit < 0 or self.offset < 0 or self.limit + self.offset > MAX_HITS:
            raise LibraryError(f"limit and offset must not be negative and must not exceed {MAX_HITS:,} together.")

    @property
    def wanted(self) -> tuple[Term, ...]:
        """What the answer should be like."""
        return tuple(term for term in self.terms if term.weight > 0)

    @property
    def unwanted(self) -> tuple[Term, ...]:
        """What the answer should not be like."""
        return tuple(term for term in self.terms if term.weight < 0)

    @property
    def text(self) -> str | None:
        """All the words that are asked for, in one line; None if only pictures or hits are."""
        return " ".join(term.text.strip() for term in self.wanted if term.text is not None) or None

    @property
    def phrases(self) -> tuple[str, ...]:
        """What stands in quotes in the words that are asked for."""
        found = (phrase for term in self.wanted if term.text is not None for phrase in find_phrases(term.text))
        return tuple(dict.fromkeys(found))

    @property
    def where(self) -> Where:
        """The filter, as the store takes it."""
        return self.filters.where()


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
