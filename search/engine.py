"""A query to hits: encode, measure its background, ask the store for one plan, put the answers in words.

Pictures and passages share a space but not a scale, so each modality is a leg of its own whose scores are turned into
evidence (`evidence`), where words join them. The engine adds it all up, so there is one ranking and paging neither repeats
nor drops a hit.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from encoders.errors import StoreError
from encoders.vectors import Vectors
from indexer.library import Library
from indexer.spaces import OpenSpace
from indexer.store.base import Leg, Match, Plan, Where
from search.arrange import Arrangement
from search.background import Background, Samples, measure_background
from search.compose import Composer
from search.dates import When
from search.evidence import EVIDENCE, relevance
from search.explain import Asked, read_words
from search.filters import Filters
from search.hits import FITS, Answer, Hit
from search.listing import list_hits
from search.pictures import PictureInput
from search.query import Query, Term
from search.telling import give_advice, tell_hit, tell_item

__all__ = ["SearchLibrary", "open_library"]

_RANGE = (0.5, 0.9)  # of pictures with pictures, for a model that does not take them as a query
_STEPS = 20  # a collection's sample is taken anew for each twentieth that its size changes by


class SearchLibrary(Library):
    """A library that can be searched, too."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Library's own signature
        self._composer = Composer()
        self._samples = Samples()

    def search(  # noqa: PLR0913 - the options of one question, each with a default
        self,
        text: str | None = None,
        image: PictureInput | Sequence[PictureInput] | None = None,
        limit: int = 10,
        kind: str | None = None,
        under: Path | str | None = None,
        since: When | None = None,
        until: When | None = None,
        *,
        offset: int = 0,
        like: str | None = None,
        not_text: Sequence[str] = (),
        exact: bool = False,
        arrange: Arrangement | None = None,
    ) -> list[Hit]:
        """Hits for words, a picture (or several), both, or "more like this hit", best first, or as `arrange` says.

        Filters run inside the engine's search. `exact` bypasses the graph and scans. Raises InputError for a query that no
        tower can take, FileError for a picture that cannot be read, LibraryError for filters that make no sense or a
        collection that does not exist, SpaceMismatch and StoreError as the store gives them.
        """
        terms = [Term(text=text)] if text and text.strip() else []
        terms += [Term(image=each) for each in _pictures(image)]
        terms += [Term(item=like)] if like is not None else []
        terms += [Term(text=words, weight=-1.0) for words in not_text]
        filters = Filters(kind, under, since, until)  # type: ignore[arg-type]  # a kind is checked there
        query = Query(tuple(terms), filters, limit, offset, arrange or Arrangement())
        return list(self.answer(query, exact=exact).hits)

    def answer(self, query: Query, *, exact: bool = False) -> Answer:
        """What comes of a query that was put together before: hits, and whether any of them fits."""
        self.renew()
        space = self.space()
        if space is None:
            self.require_existing()  # nothing was ever added: say so; added, but without any item: nothing is found
            return Answer((), False, 0)
        try:
            return self._answer_in(space, query, exact)
        except StoreError:
            now = self.space()
            if now is None or now.store is space.store:
                raise
            return self._answer_in(now, query, exact)  # another space had taken its place, and it was discarded

    def _answer_in(self, space: OpenSpace, query: Query, exact: bool) -> Answer:
        """Vectors of this space's towers meet vectors of this space, whatever others switch to meanwhile."""
        vector = self._composer.vector(space, query)
        modality = self._composer.modality(space, query)
        backgrounds = self._backgrounds(space, vector, modality, query.where)
        items = sum(background.items for background in backgrounds.values())
        words, stems = read_words(query.text)
        asked = Asked(words, stems, tuple(space.store.word_peaks(words)))
        plan = Plan(
            vector,
            tuple(_leg(candidate, query.where, background) for candidate, background in backgrounds.items()),
            words,
            EVIDENCE.words_line(asked.peaks, items),
            exact=exact,
        )
        asked_with = {term.item for term in query.terms if term.item is not None}
        listing = list_hits(
            lambda most: space.store.fuse(plan, most),
            lambda ids: {item.id: item.vector for item in space.store.retrieve(ids, with_vectors=True)},
            query.arrange,
            query.offset + query.limit,
            sum(space.encoder.card.score_ranges.get(("image", "image"), _RANGE)) / 2,
            query.phrases,
            asked_with,
        )
        page = listing.placed[query.offset :]
        hits = tuple(tell_hit(rank, one, backgrounds, plan, asked) for rank, one in enumerate(page, start=query.offset + 1))
        found = relevance(listing.best) >= FITS
        return Answer(hits, found, items, None if found else give_advice(hits, asked), listing.more)

    def _backgrounds(self, space: OpenSpace, vector: Vectors, modality: str, where: Where) -> dict[str, Background]:
        """Candidate modality -> what this query scores on its items that do not fit."""
        encoder, version = space.encoder, self._version()
        found = {}
        for candidate in sorted(encoder.candidate_modalities):
            sample = self._samples.of(space.store, candidate, version)
            if where.must or where.must_not:
                these = Where((Match("modality", (candidate,)), *where.must), where.must_not)
                sample = replace(sample, items=space.store.count(these))
            found[candidate] = measure_background(vector, sample, *encoder.card.score_ranges[modality, candidate])
        return found

    def _version(self) -> tuple[int, ...]:
        """Changes when the collection has grown or shrunk by some percent: samples are then taken anew."""
        items = self.ledger.counts().items if self.exists() else 0
        return (round(math.log(items + 1) * _STEPS),)

    def item(self, item_id: str) -> Hit | None:
        """One item of the collection, as a hit of rank 0; None if there is no such item."""
        space = self.spaces.answering()
        found = space.store.retrieve([item_id]) if space.manifest is not None else []
        if not found:
            return None
        return tell_item(found[0])

    def thumbnail(self, hit: Hit | str) -> bytes | None:
        """WebP of a hit (or of a content hash), None for documents."""
        content = hit if isinstance(hit, str) else hit.payload.get("content", "")
        return self.thumbnails.get(content)


def open_library(
    home: Path | str | None = None, collection: str = "main", url: str | None = None, **options: object
) -> SearchLibrary:
    """A library to search. Cheap: the model is loaded by the first search, and once.

    `home` defaults to SKYBRIDGE_HOME, else ~/.skybridge; `url` (default SKYBRIDGE_QDRANT_URL) names a Qdrant server.
    """
    return SearchLibrary(home, collection, url, **options)


def _pictures(image: PictureInput | Sequence[PictureInput] | None) -> tuple[PictureInput, ...]:
    if image is None:
        return ()
    return tuple(image) if isinstance(image, list | tuple) else (image,)  # type: ignore[return-value]  # bytes are no list


def _leg(modality: str, where: Where, background: Background) -> Leg:
    slope, offset = EVIDENCE.line(background)
    return Leg(Where((Match("modality", (modality,)), *where.must), where.must_not), slope, offset)
