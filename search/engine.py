"""A query to hits: encode, ask the store once for each kind of candidate, bring both onto one scale, rank.

Pictures and passages share a space but not a scale, so each modality is searched on its own (inside the engine, with the
same filter) and the two lists meet by `calibrate.position`. Every modality contributes offset + limit candidates, which is
as many as the merged page could take, so paging neither repeats nor drops a hit.
"""

from collections import OrderedDict
from collections.abc import Sequence
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
from search.hits import Hit, Reason, snippet
from search.pictures import PictureInput, query_picture
from search.query import Query

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
        offset: int = 0,
        like: str | None = None,
        not_text: Sequence[str] = (),
        exact: bool = False,
    ) -> list[Hit]:
        """Hits for words, a picture (or several), both, or "more like this hit", best first.

        Filters run inside the engine's search. `exact` bypasses the graph and scans. Raises InputError for a query that no
        tower can take, FileError for a picture that cannot be read, LibraryError for filters that make no sense or a
        collection that does not exist, SpaceMismatch and StoreError as the store gives them.
        """
        query = Query(
            text=text,
            images=_pictures(image),
            like=like,
            not_text=tuple(not_text),
            limit=limit,
            offset=offset,
            kind=kind,  # type: ignore[arg-type]  # checked by Query
            under=under,
            since=since,
            until=until,
        )
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
        vector, modality = self._vector(space, query)
        wanted = query.offset + query.limit
        ranked: list[tuple[float, ScoredItem]] = []
        for candidate in sorted(encoder.candidate_modalities):
            where = Where((Match("modality", (candidate,)), *query.where.must), query.where.must_not)
            spare = 1 if query.like else 0
            for item in space.store.search(vector, wanted + spare, where, exact=exact):
                if item.id != query.like:
                    ranked.append((position(item.score, encoder.card, modality, candidate), item))
        ranked.sort(key=lambda pair: (-pair[0], -pair[1].score, pair[1].id))
        page = ranked[query.offset : wanted]
        return [_hit(rank, place, item, query) for rank, (place, item) in enumerate(page, start=query.offset + 1)]

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
        parts: list[Vectors] = []
        if query.text and query.text.strip():
            parts.append(self._text_vector(space.encoder, query.text))
        parts += [_picture_vector(space.encoder, image) for image in query.images]
        modality = "text" if query.text and query.text.strip() else "image"
        if query.like is not None:
            stored = _stored(space, query.like)
            parts.append(stored.vector)  # type: ignore[arg-type]  # asked for with vectors
            modality = modality if query.text else stored.payload["modality"]
        if len(parts) == 1 and not query.not_text:
            return parts[0], modality
        total = np.sum(parts, axis=0)
        for words in query.not_text:
            total = total - _NOT_WEIGHT * len(parts) * self._text_vector(space.encoder, words)
        return unit_rows(total[None])[0], modality

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
