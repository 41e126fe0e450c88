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
from indexer.store.base import FusedItem, Leg, Match, Plan, Where
from search.background import Background, Samples, measure_background
from search.compose import Composer
from search.dates import When
from search.evidence import EVIDENCE, relevance
from search.explain import Asked, give_reasons, highlight, read_words
from search.filters import Filters
from search.hits import FITS, Answer, Hit, Reason, snippet
from search.pictures import PictureInput
from search.query import Query, Term
from search.rerank import DEPTH, Question, Rerank, Reranker, asked_as, look_again, open_rerankers

__all__ = ["SearchLibrary", "open_library"]

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
        rerank: Rerank = None,
    ) -> list[Hit]:
        """Hits for words, a picture (or several), both, or "more like this hit", best first.

        Filters run inside the engine's search. `exact` bypasses the graph and scans. `rerank`: folders or names
        of models that look at the best 50 again (`search.rerank`). Raises InputError for a query that no
        tower can take, FileError for a picture that cannot be read, LibraryError for filters that make no sense or a
        collection that does not exist, SpaceMismatch and StoreError as the store gives them.
        """
        terms = [Term(text=text)] if text and text.strip() else []
        terms += [Term(image=each) for each in _pictures(image)]
        terms += [Term(item=like)] if like is not None else []
        terms += [Term(text=words, weight=-1.0) for words in not_text]
        filters = Filters(kind, under, since, until)  # type: ignore[arg-type]  # a kind is checked there
        query = Query(tuple(terms), filters, limit, offset)
        return list(self.answer(query, exact=exact, rerank=rerank).hits)

    def answer(self, query: Query, *, exact: bool = False, rerank: Rerank = None) -> Answer:
        """What comes of a query that was put together before: hits, and whether any of them fits."""
        second = open_rerankers(rerank)
        self.renew()
        space = self.space()
        if space is None:
            self.require_existing()  # nothing was ever added: say so; added, but without any item: nothing is found
            return Answer((), False, 0)
        try:
            return self._answer_in(space, query, exact, second)
        except StoreError:
            now = self.space()
            if now is None or now.store is space.store:
                raise
            return self._answer_in(now, query, exact, second)  # another space had taken its place, and it was discarded

    def _answer_in(self, space: OpenSpace, query: Query, exact: bool, second: Sequence[Reranker]) -> Answer:
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
        first = max(query.offset + query.limit, DEPTH + 1 if second else 0) + len(asked_with)
        pool = [item for item in space.store.fuse(plan, first) if item.id not in asked_with]
        gains: dict[str, float] = {}
        if second:
            slopes = {modality: EVIDENCE.line(background)[0] for modality, background in backgrounds.items()}
            question = Question(space, vector, asked_as(query), query.text or "", slopes)
            pool, gains = look_again(pool, second, question)
        page = pool[query.offset : query.offset + query.limit]
        hits = tuple(
            _hit(rank, item, backgrounds[item.payload["modality"]], plan, asked, gains.get(item.id, 0.0))
            for rank, item in enumerate(page, start=query.offset + 1)
        )
        found = bool(pool) and relevance(pool[0].score) >= FITS
        return Answer(hits, found, items, None if found else _advice(hits, asked))

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
        return _told(0, FusedItem(found[0].id, 0.0, found[0].payload, 1.0, 0.0), 1.0, (), Asked((), (), ()))

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


def _hit(rank: int, item: FusedItem, background: Background, plan: Plan, asked: Asked, gain: float) -> Hit:
    surprise = EVIDENCE.surprise(background, item.cosine)
    reasons = give_reasons(item, surprise, plan.words_slope, asked, gain)
    return _told(rank, item, relevance(item.score), reasons, asked)


def _told(rank: int, item: FusedItem, value: float, reasons: tuple[Reason, ...], asked: Asked) -> Hit:
    payload = item.payload
    text = payload.get("text") or payload.get("ocr")
    shown = snippet(text, " ".join(asked.words)) if text else None
    return Hit(
        id=item.id,
        rank=rank,
        path=payload["paths"][0],
        kind=payload["kind"],
        page=payload.get("page"),
        score=item.cosine,
        relevance=value,
        reasons=reasons,
        snippet=shown,
        payload=payload,
        marks=highlight(shown, asked) if shown else (),
    )


def _advice(hits: Sequence[Hit], asked: Asked) -> str | None:
    """For people: why nothing fits."""
    missing = [f"“{word}”" for word, peak in zip(asked.words, asked.peaks, strict=True) if not peak]
    said = f" No item holds {', '.join(missing)}." if missing else ""
    if not hits:
        return f"Nothing passes the filters.{said}" if said else None
    best = hits[0]
    return (
        f"What comes closest is {best.path.rpartition('/')[2]}, but items that have nothing to do with the query come"
        f" about as close.{said}"
    )
