"""A collection's judgements as its searches need them: those of one query, and what all of them say of relevance."""

import hashlib
from pathlib import Path
from threading import Lock

from encoders.training.pairs import Refused
from indexer.feedback import Asked, FeedbackLog, Judgement, standing
from indexer.items import Payload
from indexer.library import Library
from indexer.pairs import item_content
from indexer.paths import absolute
from indexer.spaces import OpenSpace
from indexer.store.base import Manifest
from search.query import Query, Term
from search.recalibrate import Recalibration, recalibrate

__all__ = ["Judge", "model_of", "query_of"]


class Judge:
    """Reads the record again only when it has changed."""

    def __init__(self, library: Library) -> None:
        self._log = FeedbackLog(library)
        self._lock = Lock()
        self._seen: tuple[int, int] | None = None
        self._by_query: dict[Asked, dict[str, int]] = {}
        self._told: list[Judgement] = []
        self._lines: dict[str, Recalibration] = {}

    def verdicts(self, space: OpenSpace, query: Query) -> dict[str, int]:
        """Item id -> 1 or -1: what was recorded of this query, and, going before that, what the query itself says."""
        self._renew()
        asked = self.asked(space, query) if self._by_query else None
        found = dict(self._by_query.get(asked, {})) if asked is not None else {}
        return {**found, **dict.fromkeys(query.likes, 1), **dict.fromkeys(query.unlikes, -1)}

    def recalibration(self, space: OpenSpace) -> Recalibration:
        """Relevance of these towers by all judgements in the collection."""
        self._renew()
        model = model_of(space.manifest)
        with self._lock:
            if model not in self._lines:
                said = [
                    (each.log_odds, each.verdict > 0)
                    for each in self._told
                    if each.log_odds is not None and each.model == model
                ]
                self._lines[model] = recalibrate([score for score, _ in said], [fits for _, fits in said])
            return self._lines[model]

    def asked(self, space: OpenSpace, query: Query) -> Asked | None:
        """The query as it can be recorded: words, one picture, both, or one hit. None for anything else.

        What a query says it does not want is no part of a record, so such a query cannot be judged either.
        """
        pictures = [term.image for term in query.terms if term.image is not None]
        items = [term.item for term in query.terms if term.item is not None]
        if query.unwanted or len(pictures) > 1:
            return None
        if items:
            return self._asked_with(space, items[0]) if len(query.terms) == 1 else None
        picture = self._file(pictures[0]) if pictures else None
        return None if pictures and picture is None else Asked(query.text, picture)

    def record(self, asked: Asked, query: Query, item: str, payload: Payload, verdict: int, **said: object) -> Judgement:
        """Add a line; the next search knows it. A picture that was asked with as bytes is kept beside the record."""
        for term in query.terms:
            if isinstance(term.image, bytes) and asked.picture is not None:
                self._log.keep_picture(asked.picture.name, term.image)
        return self._log.record(asked, item, payload, verdict, **said)  # type: ignore[arg-type]

    def _file(self, picture: object) -> Path | None:
        """The file of a picture that was asked with; bytes are kept under their hash, whatever their name was."""
        if isinstance(picture, str | Path):
            return absolute(picture)
        if not isinstance(picture, bytes):
            return None
        known = {asked.picture for asked in self._by_query if asked.picture is not None}
        digest = hashlib.sha256(picture).hexdigest()
        return next((path for path in sorted(known) if path.stem == digest), self._log.picture_file("", picture))

    def _asked_with(self, space: OpenSpace, item: str) -> Asked | None:
        found = space.store.retrieve([item])
        content = item_content(found[0].payload) if found else None
        if content is None or isinstance(content, Refused):
            return None
        return Asked(text=content) if isinstance(content, str) else Asked(picture=content)

    def _renew(self) -> None:
        try:
            state = self._log.path.stat()
            seen = (state.st_mtime_ns, state.st_size)
        except OSError:
            seen = (0, 0)
        with self._lock:
            if seen == self._seen:
                return
            self._told = standing(self._log.read()[0])
            self._by_query, self._lines = {}, {}
            for each in self._told:
                self._by_query.setdefault(each.asked, {})[each.item] = each.verdict
            self._seen = seen


def query_of(asked: str | Asked | Query) -> Query:
    """The query that a judgement is about. Raises InputError for words that are none."""
    if isinstance(asked, Query):
        return asked
    if isinstance(asked, str):
        asked = Asked(text=asked)
    terms = [Term(text=asked.text)] if asked.text else []
    terms += [Term(image=asked.picture)] if asked.picture is not None else []
    return Query(tuple(terms))


def model_of(manifest: Manifest) -> str:
    """The towers that relevance depends on, as one word."""
    towers = sorted({*manifest.query_fingerprints.values(), *manifest.candidate_fingerprints.values()})
    return hashlib.sha256(" ".join(towers).encode()).hexdigest()[:16]
