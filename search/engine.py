"""A query to hits: encode, measure its background, ask the store for one plan, put the answers in words.

Pictures and passages share a space but not a scale, so each modality is a leg of its own whose scores are turned into
evidence (`evidence`), where words join them. The engine adds it all up, so there is one ranking and paging neither repeats
nor drops a hit.
"""

import io
import math
import time
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from encoders.dual import DualEncoder
from encoders.errors import InputError, ItemsGone, LibraryError, StoreError
from encoders.vectors import Vectors
from indexer.feedback import Asked as Question
from indexer.feedback import Judgement
from indexer.library import Library
from indexer.spaces import OpenSpace
from indexer.store.base import FusedItem, HasId, Leg, Plan, Where
from search.arrange import Arrangement
from search.background import Background, Samples, measure_background
from search.compose import Composer
from search.dates import When
from search.evidence import EVIDENCE, relevance
from search.explain import Asked, read_words
from search.facets import Facet, count_facets
from search.feedback import ROCCHIO, modality_centre, place_judged
from search.filters import Filters, joined
from search.heat import heat_map, overlay
from search.hits import FITS, Answer, Hit
from search.judge import Judge, model_of, query_of
from search.kept import Kept
from search.known_values import completed
from search.listing import list_hits
from search.pictures import PictureInput
from search.query import Query, Term
from search.rerank import Asking, Rerank, Reranker, SecondLook, asked_as, open_rerankers
from search.telling import Teller, give_advice, tell_item

__all__ = ["SearchLibrary", "open_library"]

_RANGE = (0.5, 0.9)  # of items with items of their kind, for a model that does not take them as a query
_FACETS = 32  # counts that are kept, each for one filter
_RECOUNTED = 60  # seconds after which counts are taken anew at the latest
_STEPS = 20  # a collection's sample is taken anew for each twentieth that its size changes by


class SearchLibrary(Library):
    """A library that can be searched, too."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]  # Library's own signature
        self._composer = Composer()
        self._samples = Samples()
        self._judge = Judge(self)
        self._facets = Kept[tuple[Facet, ...]](_FACETS)

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
        like: str | Sequence[str] | None = None,
        unlike: str | Sequence[str] = (),
        not_text: Sequence[str] = (),
        exact: bool = False,
        arrange: Arrangement | None = None,
        rerank: Rerank = None,
    ) -> list[Hit]:
        """Hits for words, a picture (or several), both, or "more like this hit", best first, or as `arrange` says.

        Beside words or a picture, `like` and `unlike` are ids of hits that fit and that do not, this once; `judge` is for good.
        `filters` may hold any of them; kind, under, since and until are short for those. They run inside the engine's search.
        `exact` bypasses the graph and scans; `rerank` names models that look at the best 50 again (`search.rerank`).
        Raises InputError for a query that no tower can take, FileError for a picture that cannot be read, LibraryError for
        filters that make no sense or a collection that does not exist, SpaceMismatch and StoreError as the store gives them.
        """
        terms = [Term(text=text)] if text and text.strip() else []
        terms += [Term(image=each) for each in _pictures(image)]
        likes, unlikes = _ids(like), _ids(unlike)
        if not terms:  # nothing else is asked with: find similar ones
            terms, likes = [Term(item=each) for each in likes], ()
        terms += [Term(text=words, weight=-1.0) for words in not_text]
        short = Filters(kind, under, since, until)  # type: ignore[arg-type]  # a kind is checked there
        narrowed = joined(filters or Filters(), short)
        query = Query(tuple(terms), narrowed, limit, offset, arrange or Arrangement(), likes, unlikes)
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
        except (StoreError, LibraryError) as error:  # an item that is asked with may be what is missing
            now = self.space()
            if now is None or (now.store is space.store and not isinstance(error, ItemsGone)):
                raise
            return self._answer_in(now, query, exact, second)  # it was discarded, or lost items to somebody meanwhile

    def _answer_in(self, space: OpenSpace, query: Query, exact: bool, second: Sequence[Reranker]) -> Answer:
        """Vectors of this space's towers meet vectors of this space, whatever others switch to meanwhile."""
        query = replace(query, filters=completed(query.filters, space.store))
        verdicts = self._judge.verdicts(space, query)
        line = self._judge.recalibration(space)
        plan, backgrounds, asked = self._plan(space, query, verdicts, exact)
        asked_with = {term.item for term in query.terms if term.item is not None}
        judged = [item for item in _among(space, plan, verdicts) if item.id not in asked_with] if verdicts else []
        slopes = {modality: EVIDENCE.line(background, modality)[0] for modality, background in backgrounds.items()}
        look = SecondLook(second, Asking(space, plan.vector, asked_as(query), query.text or "", slopes))
        listing = list_hits(
            lambda most: look.again(space.store.fuse(plan, most)),
            lambda ids: {item.id: item.vector for item in space.store.retrieve(ids, with_vectors=True)},
            query.arrange,
            query.offset + query.limit,
            _copy_cosines(space.encoder),
            query.phrases,
            asked_with,
            place_judged(judged, verdicts, line.before(0.0)),
        )
        page = listing.placed[query.offset :]
        teller = Teller(backgrounds, plan, asked, line, look.gains)
        hits = tuple(teller.hit(rank, one) for rank, one in enumerate(page, start=query.offset + 1))
        items = sum(background.items for background in backgrounds.values())
        found = relevance(line.corrected(listing.best)) >= FITS
        return Answer(hits, found, items, None if found else give_advice(hits, asked), listing.more)

    def judge(self, query: str | Question | Query, hit: Hit | str, verdict: int) -> Judgement:
        """Record whether a hit fits a query: 1 it does, -1 it does not, 0 takes back what was said. The next search knows it.

        It counts for the same words, picture or hit, whatever the filters, and is training data (`python -m indexer pairs`).
        Raises InputError for a query that cannot be recorded, LibraryError for an item that is not there.
        """
        space = self.space()
        if space is None:
            self.require_existing()
        item_id = hit if isinstance(hit, str) else hit.id
        found = space.store.retrieve([item_id]) if space is not None else []
        if space is None or not found:
            raise LibraryError(f"there is no item {item_id} in this collection to judge. Take the id of a hit.")
        question = query_of(query)
        asked = query if isinstance(query, Question) else self._judge.asked(space, question)
        if asked is None:
            raise InputError("this query cannot be judged: only words, one picture file, both, or one hit can be.")
        plan, _, _ = self._plan(space, replace(question, filters=Filters(), likes=(), unlikes=()), {}, exact=False)
        said = next((item.score for item in _among(space, plan, [item_id])), None)
        return self._judge.record(
            asked, question, item_id, found[0].payload, verdict, log_odds=said, model=model_of(space.manifest)
        )

    def _plan(
        self, space: OpenSpace, query: Query, verdicts: Mapping[str, int], exact: bool
    ) -> tuple[Plan, dict[str, Background], Asked]:
        """What the store is asked, moved by what was judged; backgrounds by candidate modality; and the words."""
        vector = self._composer.vector(space, query)
        if verdicts:
            vector = ROCCHIO.move(vector, *self._relative(space, query, verdicts))
        backgrounds = self._backgrounds(space, vector, self._composer.modality(space, query), query.where)
        items = sum(background.items for background in backgrounds.values())
        words, stems = read_words(query.text)
        asked = Asked(words, stems, tuple(space.store.word_peaks(words)))
        legs = tuple(_leg(candidate, query.where, background) for candidate, background in backgrounds.items())
        return Plan(vector, legs, words, EVIDENCE.words_line(words, asked.peaks, items), exact=exact), backgrounds, asked

    def _relative(self, space: OpenSpace, query: Query, verdicts: Mapping[str, int]) -> tuple[Vectors, Vectors]:
        """Vectors of what fits and of what does not, each from its modality's centre. What was recorded may be gone."""
        version = self._version()
        sides: tuple[list[Vectors], list[Vectors]] = ([], [])
        judged = space.store.retrieve(list(verdicts), with_vectors=True)
        if missing := {*query.likes, *query.unlikes} - {item.id for item in judged}:
            raise LibraryError(f"there is no item {min(missing)} in this collection. Take the id of a hit.")
        for item in judged:
            if item.vector is not None:
                centre = modality_centre(self._samples.of(space.store, item.payload["modality"], version))
                sides[verdicts[item.id] < 0].append(item.vector - centre)
        empty = np.zeros((0, space.encoder.dimension), np.float32)
        likes, dislikes = (np.array(side, np.float32) if side else empty for side in sides)
        return likes, dislikes

    def _backgrounds(self, space: OpenSpace, vector: Vectors, modality: str, where: Where) -> dict[str, Background]:
        """Candidate modality -> what this query scores on its items that do not fit."""
        encoder, version = space.encoder, self._version()
        found = {}
        for candidate in sorted(encoder.candidate_modalities):
            sample = self._samples.of(space.store, candidate, version)
            if where.must or where.must_not:
                sample = replace(sample, items=self._samples.count(space.store, candidate, where, self._moment()))
            found[candidate] = measure_background(vector, sample, *encoder.card.score_ranges[modality, candidate])
        return found

    def _moment(self) -> Hashable:
        """Another one after every change of the collection, for what has to be counted exactly."""
        minute = time.monotonic() // _RECOUNTED  # others may change what is on a server
        return self.ledger, self.ledger.state(), minute

    def _version(self) -> tuple[int, ...]:
        """Changes when the collection has grown or shrunk by some percent: samples are then taken anew."""
        items = self.ledger.counts().items if self.exists() else 0
        return (round(math.log(items + 1) * _STEPS),)

    def facets(self, filters: Filters | None = None) -> tuple[Facet, ...]:
        """How many items of each kind, folder, year ... pass the filters; counted over all that pass, not over hits."""
        self.renew()
        space = self.space()
        if space is None:
            self.require_existing()
            return ()
        where = completed(filters or Filters(), space.store).where()
        return self._facets.get((space.store, where, self._moment()), lambda: count_facets(space.store, where))

    def item(self, item_id: str) -> Hit | None:
        """One item of the collection, as a hit of rank 0; None if there is no such item."""
        space = self.spaces.answering()
        found = space.store.retrieve([item_id]) if space.manifest is not None else []
        if not found:
            return None
        return tell_item(found[0])

    def heat(self, query: str | Question | Query, hit: Hit | str) -> bytes:
        """PNG of a picture's thumbnail that glows where it answers the query. docs/search.md says how long it takes.

        Raises LibraryError for an item that is not there or has no picture, and what `answer` raises for the query.
        """
        from PIL import Image

        found = hit if isinstance(hit, Hit) else self.item(hit)
        thumbnail = None if found is None else self.thumbnail(found)
        space = self.space()
        if space is None or thumbnail is None:
            raise LibraryError(f"{hit.path if isinstance(hit, Hit) else hit} is no picture of this collection.")
        picture = Image.open(io.BytesIO(thumbnail)).convert("RGB")
        return overlay(picture, heat_map(space.encoder, picture, self._composer.vector(space, query_of(query))))

    def thumbnail(self, hit: Hit | str) -> bytes | None:
        """The small picture of a hit (or of a content hash), encoded; None for documents."""
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


def _ids(items: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if items is None else (items,) if isinstance(items, str) else tuple(items)


def _among(space: OpenSpace, plan: Plan, ids: Collection[str]) -> list[FusedItem]:
    """Some items as a plan judges them, as far as they pass its filters."""
    these = HasId(tuple(ids))
    legs = tuple(replace(leg, where=replace(leg.where, must=(*leg.where.must, these))) for leg in plan.legs)
    return space.store.fuse(replace(plan, legs=legs, exact=True), len(ids))


def _copy_cosines(encoder: DualEncoder) -> dict[str, float]:
    """Kind -> from where on vectors of two items are near: half-way between unrelated ones and a clear match."""
    ranges = encoder.card.score_ranges
    pairs = {"image": ("image", "image"), "document": ("text", "text")}
    return {kind: sum(ranges.get(pair, _RANGE)) / 2 for kind, pair in pairs.items()}


def _leg(modality: str, where: Where, background: Background) -> Leg:
    slope, offset = EVIDENCE.line(background, modality)
    return Leg(modality, where, slope, offset)
