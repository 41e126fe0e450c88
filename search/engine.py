"""A query to hits: encode, ask the store once for each kind of candidate, bring both onto one scale, rank.

Pictures and passages share a space but not a scale, so each modality is searched on its own (inside the engine, with the
same filter) and the two lists meet by `calibrate.position`. Every modality contributes offset + limit candidates, which is
as many as the merged page could take, so paging neither repeats nor drops a hit.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

import numpy as np

from encoders.dual import DualEncoder
from encoders.errors import LibraryError, StoreError
from encoders.vectors import Vectors, unit_rows
from indexer.library import Library
from indexer.spaces import OpenSpace
from indexer.store.base import Match, ScoredItem, StoredItem, Where
from search.calibrate import position, relevance
from search.dates import When
from search.facets import Facet, count_facets
from search.filters import Filters, joined
from search.hits import Hit, Reason, snippet
from search.known_values import completed
from search.pictures import PictureInput, query_picture
from search.query import Query, Term

__all__ = ["SearchLibrary", "open_library"]

_NOT_WEIGHT = 0.5  # how hard "not" pushes away, against 1 for what is asked
_CACHED_VECTORS = 256


class SearchLibrary(Library):
    """A library that can be searched, too."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Library's own signature
        self._vectors: OrderedDict[tuple[str | None, str], Vectors] = OrderedDict()  # by tower and text
        self._cache_lock = Lock()

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
        filters: Filters | None = None,
        offset: int = 0,
        like: str | None = None,
        not_text: Sequence[str] = (),
        exact: bool = False,
    ) -> list[Hit]:
        """Hits for words, a picture (or several), both, or "more like this hit", best first.

        `filters` may hold any of them; kind, under, since and until are short for those. They run inside the engine's search.
        `exact` bypasses the graph and scans. Raises InputError for a query that no tower can take, FileError for a picture that
        cannot be read, LibraryError for filters that make no sense or a collection that does not exist, SpaceMismatch and
        StoreError as the store gives them.
        """
        terms = [Term(text=text)] if text and text.strip() else []
        terms += [Term(image=each) for each in _pictures(image)]
        terms += [Term(item=like)] if like is not None else []
        terms += [Term(text=words, weight=-1.0) for words in not_text]
        short = Filters(kind, under, since, until)  # type: ignore[arg-type]  # a kind is checked there
        query = Query(tuple(terms), joined(filters or Filters(), short), limit, offset)
        return self.answer(query, exact=exact)

    def answer(self, query: Query, *, exact: bool = False) -> list[Hit]:
        """Hits for a query that was put together before."""
        self.renew()
        space = self.space()
        if space is None:
            self.require_existing()  # nothing was ever added: say so; added, but without any item: nothing is found
            return []
        try:
            return self._answer_in(space, query, exact)
        except StoreError:
            now = self.space()
            if now is None or now.store is space.store:
                raise
            return self._answer_in(now, query, exact)  # another space had taken its place, and it was discarded

    def _answer_in(self, space: OpenSpace, query: Query, exact: bool) -> list[Hit]:
        """Vectors of this space's towers meet vectors of this space, whatever others switch to meanwhile."""
        encoder = space.encoder
        query = replace(query, filters=completed(query.filters, space.store))
        vector, modality = self._vector(space, query)
        wanted = query.offset + query.limit
        asked_with = {term.item for term in query.terms if term.item is not None}
        ranked: list[tuple[float, ScoredItem]] = []
        for candidate in sorted(encoder.candidate_modalities):
            where = Where((Match("modality", (candidate,)), *query.where.must), query.where.must_not)
            for item in space.store.search(vector, wanted + len(asked_with), where, exact=exact):
                if item.id not in asked_with:
                    ranked.append((position(item.score, encoder.card, modality, candidate), item))
        ranked.sort(key=lambda pair: (-pair[0], -pair[1].score, pair[1].id))
        page = ranked[query.offset : wanted]
        return [_hit(rank, place, item, query) for rank, (place, item) in enumerate(page, start=query.offset + 1)]

    def facets(self, filters: Filters | None = None) -> tuple[Facet, ...]:
        """How many items of each kind, folder, year ... pass the filters; counted over all that pass, not over hits."""
        self.renew()
        space = self.space()
        if space is None:
            self.require_existing()
            return ()
        return count_facets(space.store, completed(filters or Filters(), space.store).where())

    def item(self, item_id: str) -> Hit | None:
        """One item of the collection, as a hit of rank 0; None if there is no such item."""
        space = self.spaces.answering()
        found = space.store.retrieve([item_id]) if space.manifest is not None else []
        return _hit(0, 1.0, ScoredItem(found[0].id, 1.0, found[0].payload), None) if found else None

    def thumbnail(self, hit: Hit | str) -> bytes | None:
        """WebP of a hit (or of a content hash), None for documents."""
        content = hit if isinstance(hit, str) else hit.payload.get("content", "")
        return self.thumbnails.get(content)

    # --- the query's vector

    def _vector(self, space: OpenSpace, query: Query) -> tuple[Vectors, str]:
        """(d,) float32 unit vector, and the modality whose scale its scores are on."""
        wanted = [term.weight * self._term_vector(space, term) for term in query.wanted]
        if len(wanted) == 1 and not query.unwanted:
            return unit_rows(wanted[0][None])[0], self._modality(space, query)
        total = np.sum(wanted, axis=0)
        for term in query.unwanted:
            total = total + _NOT_WEIGHT * term.weight * len(wanted) * self._term_vector(space, term)
        return unit_rows(total[None])[0], self._modality(space, query)

    def _modality(self, space: OpenSpace, query: Query) -> str:
        """Words set the scale where there are any, else the first thing that is asked with."""
        first = query.wanted[0]
        if query.text:
            return "text"
        return str(_stored(space, first.item).payload["modality"]) if first.item else "image"

    def _term_vector(self, space: OpenSpace, term: Term) -> Vectors:
        """(d,) float32, unit length."""
        if term.text is not None:
            return self._text_vector(space.encoder, term.text)
        if term.item is not None:
            return _stored(space, term.item).vector  # type: ignore[return-value]  # asked for with vectors
        return _picture_vector(space.encoder, term.image)  # type: ignore[arg-type]  # a term is one of the three

    def _text_vector(self, encoder: DualEncoder, text: str) -> Vectors:
        key = (encoder.query_fingerprints.get("text"), text)
        with self._cache_lock:
            if key in self._vectors:
                self._vectors.move_to_end(key)
                return self._vectors[key]
        vector = encoder.encode_query(text=text)
        with self._cache_lock:
            self._vectors[key] = vector
            while len(self._vectors) > _CACHED_VECTORS:
                self._vectors.popitem(last=False)
        return vector


def _picture_vector(encoder: DualEncoder, image: PictureInput) -> Vectors:
    spec = encoder.picture_spec
    return encoder.encode_query(image=query_picture(image, None if spec is None else spec.size))


def _stored(space: OpenSpace, item_id: str) -> StoredItem:
    found = space.store.retrieve([item_id], with_vectors=True)
    if not found:
        raise LibraryError("the item to find similar ones for is no longer in this collection.")
    return found[0]


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


def _hit(rank: int, place: float, item: ScoredItem, query: Query | None) -> Hit:
    payload = item.payload
    text = payload.get("text")
    value = relevance(place)
    return Hit(
        id=item.id,
        rank=rank,
        path=payload["paths"][0],
        kind=payload["kind"],
        page=payload.get("page"),
        score=item.score,
        relevance=value,
        reasons=(Reason("meaning", 1.0, f"close in meaning (similarity {item.score:.2f})"),),
        snippet=snippet(text, query.text if query else None) if text else None,
        payload=payload,
    )
