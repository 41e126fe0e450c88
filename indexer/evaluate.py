"""How well models find what is in a person's own library, by queries that its files suggest (`indexer.pairs`).

Words that a file says of itself should lead back to it: to its picture among all pictures, to its passages among all
passages. The two are measured apart, as a search ranks them apart before it merges them. A model whose candidate towers
filled the collection is measured on the stored vectors; another one reads the files again.
"""

import hashlib
import json
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from encoders.dual import DualEncoder
from encoders.errors import FileError, LibraryError
from encoders.evaluation.comparison import Comparison, compare
from encoders.evaluation.measure import Direction, Evaluation, Subject, measure
from encoders.evaluation.ranking import rank
from encoders.evaluation.report import comparison_json, comparison_text
from encoders.picture import PictureSpec, Pixels, prepare
from encoders.training.pairs import Refused
from encoders.vectors import Vectors
from indexer.items import Payload
from indexer.library import Library
from indexer.loaders import open_picture
from indexer.pairs import LibraryQuery, library_queries
from indexer.passages import title_line
from indexer.paths import to_path
from indexer.store.base import Store, StoredItem

__all__ = ["LibraryComparison", "ModelVectors", "compare_spaces", "encode_now", "evaluate_library", "stored_vectors"]

_DIRECTIONS = {"image": "words to pictures", "text": "words to passages"}
_BATCH = 32  # items a call of a tower

OnProgress = Callable[[int, int], None]
"""Told how many items are encoded, of how many."""


@dataclass(frozen=True)
class ModelVectors:
    """A model, and its vectors of a library's items."""

    encoder: DualEncoder
    vectors: Mapping[str, Vectors]  # item id -> (d,) float32, unit length
    source: str  # where they are from, for people
    refused: tuple[Refused, ...] = ()  # items it has no vector of, though it takes their kind
    seconds: float = 0.0


@dataclass(frozen=True)
class LibraryComparison:
    """Two spaces of one library on its own queries."""

    comparison: Comparison

    def table(self) -> str:
        """For people."""
        return comparison_text(self.comparison)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return comparison_json(self.comparison)


class _OpenSpace(Protocol):
    @property
    def store(self) -> Store: ...
    @property
    def encoder(self) -> DualEncoder: ...


def stored_vectors(store: Store, encoder: DualEncoder) -> ModelVectors:
    """The vectors as they lie in a store that this model's candidate towers filled."""
    begun = time.perf_counter()
    vectors = {item.id: item.vector for item in store.scan(with_vectors=True) if item.vector is not None}
    return ModelVectors(encoder, vectors, "Stored vectors.", seconds=time.perf_counter() - begun)


def encode_now(library: Library, encoder: DualEncoder, on_progress: OnProgress = lambda done, total: None) -> ModelVectors:
    """The vectors that another model gives to the items of a library: its pictures from their files, its stored passages.

    Files that are gone, changed or cannot be read are named in `refused`. Nothing of the library changes.
    """
    begun = time.perf_counter()
    vectors: dict[str, Vectors] = {}
    refused: list[Refused] = []
    total = library.store.count()
    waiting: dict[str, list[tuple[str, Any]]] = {modality: [] for modality in sorted(encoder.candidate_modalities)}

    def encode(modality: str) -> None:
        batch = waiting[modality]
        if batch:
            rows = encoder.encode_candidates(modality, [content for _, content in batch])
            vectors.update(zip((name for name, _ in batch), rows, strict=True))
            batch.clear()

    for done, item in enumerate(library.store.scan(), start=1):
        modality = item.payload.get("modality", "")
        if modality in waiting:
            try:
                waiting[modality].append((item.id, _content(item.payload, encoder)))
            except FileError as error:
                refused.append(Refused(_label(item.payload), str(error)))
            if len(waiting[modality]) >= _BATCH:
                encode(modality)
        on_progress(done, total)
    for modality in waiting:
        encode(modality)
    return ModelVectors(encoder, vectors, "Encoded for this.", tuple(refused), time.perf_counter() - begun)


def evaluate_library(
    library: Library, models: Sequence[ModelVectors], *, limit: int | None = None, seed: int = 0, rounds: int = 1000
) -> list[Evaluation]:
    """Measure models on the queries a collection suggests, all on the same queries and the same items.

    Items that any of the models has no vector of are left out for all. `limit` draws that many queries at random. Raises
    LibraryError when the collection suggests no query that can be answered.
    """
    queries, refused = library_queries(library)
    suggested = len(queries)
    if limit is not None and limit < suggested:
        chosen = random.Random(seed).sample(range(suggested), limit)
        queries = [queries[place] for place in sorted(chosen)]
    items = [item for item in library.store.scan() if all(item.id in model.vectors for model in models)]
    parts = list(_parts(queries, items))
    if not parts:
        raise LibraryError(
            f"the collection {library.collection!r} suggests no query: its files have no titles, descriptions, keywords or "
            "readable names, or none that the models can be measured on. To measure on data of "
            "your own: python -m encoders evaluate"
        )
    some = "" if len(queries) == suggested else f" ({len(queries):,} of {suggested:,} queries, seed {seed})"
    refused += [reason for model in models for reason in model.refused]
    return [
        _measure(model, queries, parts, f"collection {library.collection}{some}", refused, rounds=rounds, seed=seed)
        for model in models
    ]


def compare_spaces(library: Library, old: _OpenSpace, new: _OpenSpace) -> LibraryComparison:
    """The space that is to come against the one that answers now, on the library's own queries: what it gains."""
    models = [stored_vectors(space.store, space.encoder) for space in (new, old)]
    first, second = evaluate_library(library, models)
    return LibraryComparison(compare(first, second))


@dataclass(frozen=True)
class _Part:
    """The queries that items of one modality answer."""

    modality: str
    rows: tuple[int, ...]  # places among the queries
    items: tuple[StoredItem, ...]
    truth: tuple[frozenset[int], ...]  # places among the items, for each row


def _parts(queries: Sequence[LibraryQuery], items: Sequence[StoredItem]) -> Iterator[_Part]:
    for modality in _DIRECTIONS:
        these = tuple(item for item in items if item.payload.get("modality") == modality)
        places = {item.id: place for place, item in enumerate(these)}
        right = [frozenset(places[name] for name in query.items if name in places) for query in queries]
        rows = tuple(row for row, truth in enumerate(right) if truth)
        if rows:
            yield _Part(modality, rows, these, tuple(right[row] for row in rows))


def _measure(
    model: ModelVectors,
    queries: Sequence[LibraryQuery],
    parts: Sequence[_Part],
    data: str,
    refused: Sequence[Refused],
    *,
    rounds: int,
    seed: int,
) -> Evaluation:
    begun = time.perf_counter()
    encoder = model.encoder
    asked = encoder.encode_queries("text", [query.text for query in queries])
    directions: list[Direction] = []
    for part in parts:
        matrix = np.stack([model.vectors[item.id] for item in part.items])
        ranking = rank(np.ascontiguousarray(asked[list(part.rows)]), matrix, [set(right) for right in part.truth])
        groups = [_file_of(part.items[min(right)]) for right in part.truth]
        direction = measure(_DIRECTIONS[part.modality], ranking, groups, rounds=rounds, seed=seed)
        texts = tuple(queries[row].text for row in part.rows)
        directions.append(replace(direction, queries=texts, candidates=tuple(_label(item.payload) for item in part.items)))
    subject = Subject(
        model=encoder.card.id,
        runtime=model.source,
        dimension=encoder.dimension,
        data=data,
        fingerprint=_fingerprint(queries, parts),
        pairs=sum(len(right) for part in parts for right in part.truth),
    )
    seconds = model.seconds + time.perf_counter() - begun
    return Evaluation(tuple(directions), seconds, subject, tuple(refused), _notes(parts))


def _notes(parts: Sequence[_Part]) -> tuple[str, ...]:
    """What somebody who reads the numbers must know."""
    if any(part.modality == "text" for part in parts):
        return ("words to passages: a title stands before its passages when they are encoded, so titles are easy to find.",)
    return ()


def _fingerprint(queries: Sequence[LibraryQuery], parts: Sequence[_Part]) -> str:
    told = [[query.text, query.items] for query in queries]
    searched = [[item.id for item in part.items] for part in parts]
    return hashlib.sha256(json.dumps([told, searched]).encode()).hexdigest()


def _content(payload: Payload, encoder: DualEncoder) -> Pixels | str:
    """What the tower takes for an item, as indexing gives it. Raises FileError for a file that is not as it was."""
    if payload.get("modality") == "text":
        text: str = payload.get("text") or ""
        heading = title_line(payload.get("title"), encoder.passage_tokens)
        return text if text.startswith(heading.rstrip()) else heading + text
    spec = encoder.picture_spec
    assert spec is not None  # it has a candidate tower for pictures
    return _pixels(payload, spec)


def _pixels(payload: Payload, spec: PictureSpec) -> Pixels:
    for path in map(to_path, payload.get("paths") or ()):
        if _is_unchanged(path, payload):
            return prepare(open_picture(path, at_least=2 * spec.size), spec)
    raise FileError("the file is gone or has changed since it was indexed; bring the collection up to date")


def _is_unchanged(path: Path, payload: Payload) -> bool:
    try:
        return path.is_file() and path.stat().st_size == payload.get("bytes")
    except OSError:
        return False


def _label(payload: Payload) -> str:
    path = next(iter(payload.get("paths") or ()), "an item without a path")
    page = payload.get("page")
    return f"{path}, page {page}" if page else str(path)


def _file_of(item: StoredItem) -> str:
    return str(item.payload.get("content") or item.id)
