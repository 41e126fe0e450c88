"""The benchmark's collection as a library indexed it: vectors, what each belongs to, and the queries' vectors."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.mixed_corpus import Corpus, Item
from encoders.dual import DualEncoder
from encoders.vectors import Vectors
from indexer.items import Payload
from search import open_library

__all__ = ["Stored", "index_corpus"]

_QUERIES_A_CALL = 256


@dataclass(frozen=True)
class Stored:
    """Every point of one model's collection, in the order of their ids."""

    card: str
    corpus: Corpus
    ids: list[str]
    files: list[list[int]]  # (n,) places of each point's files in corpus.items; several where their bytes are the same
    vectors: Vectors  # (n, d)
    payloads: list[Payload]
    asked: Vectors  # (q, d), of corpus.queries

    @cached_property
    def is_picture(self) -> NDArray[np.bool_]:
        """(n,) by modality."""
        return np.array([payload["modality"] == "image" for payload in self.payloads])

    @cached_property
    def groups(self) -> list[frozenset[str]]:
        """(n,) groups that each point belongs to."""
        return [frozenset(self.corpus.items[place].group for place in places) for places in self.files]

    @cached_property
    def words(self) -> list[str]:
        """(n,) everything that is said of each point: what a picture is called, the passage of a document."""
        return [
            payload.get("text") or " ".join(_called(self.corpus.items[place]) for place in places)
            for payload, places in zip(self.payloads, self.files, strict=True)
        ]


def _encode_queries(encoder: DualEncoder, corpus: Corpus) -> Vectors:
    """(q, d) of corpus.queries."""
    texts = [query.text for query in corpus.queries]
    starts = range(0, len(texts), _QUERIES_A_CALL)
    return np.concatenate([encoder.encode_queries("text", texts[start : start + _QUERIES_A_CALL]) for start in starts])


def _called(item: Item) -> str:
    return " ".join((item.name, *item.keywords))


def index_corpus(work: Path, corpus: Corpus, card: str) -> Stored:
    """Index the corpus with a model (`Library.add`), encode the queries, and keep both in WORK; loads them where they are."""
    kept = work / f"stored-{card}"
    kept.mkdir(parents=True, exist_ok=True)
    with open_library(work / "home", card) as library:
        if not (kept / "asked.npy").is_file():
            np.save(kept / "asked.npy", _encode_queries(library.load(card), corpus))
        if not (kept / "points.json").is_file():
            report = library.add([corpus.folder / "pictures", corpus.folder / "documents"], model=card)
            if report.failed:
                raise SystemExit(f"{report.failed} files of the corpus could not be indexed: {library.failures()[:3]}")
            items = list(library.store.scan(with_vectors=True))
            np.save(kept / "vectors.npy", np.array([item.vector for item in items], np.float32))
            (kept / "points.json").write_text(json.dumps([[item.id, item.payload] for item in items]), encoding="utf-8")
    points = json.loads((kept / "points.json").read_text(encoding="utf-8"))
    places = {(corpus.folder / item.file).absolute().as_posix(): place for place, item in enumerate(corpus.items)}
    files = [[places[path] for path in payload["paths"]] for _, payload in points]
    return Stored(
        card,
        corpus,
        [point for point, _ in points],
        files,
        np.load(kept / "vectors.npy"),
        [payload for _, payload in points],
        np.load(kept / "asked.npy"),
    )
