"""Qdrant Edge: the engine itself in this process, the collection in a folder of the library."""

import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders.errors import StoreBusy, StoreError
from encoders.vectors import Vectors
from indexer.items import Payload
from indexer.store import edge_fusion
from indexer.store.base import FORMAT, FusedItem, Manifest, Plan, ScoredItem, StoredItem, StoreInfo, Where
from indexer.store.build import build_in_child
from indexer.store.checks import (
    check_items,
    check_page,
    check_payload,
    check_plan,
    check_query,
    check_scan,
    checked_ids,
    merge_manifests,
    no_collection,
)
from indexer.store.edge_fields import INDEXED, index_fields
from indexer.store.edge_fusion import edge_words
from indexer.store.edge_vectors import search_params, vector_params
from indexer.store.filters import check_facet_key, edge_filter
from indexer.store.graph import SMALL_BYTES, graph_size
from indexer.store.paging import beam_width, best_page, top_values
from indexer.store.shard import shared_shard, translated
from indexer.store.sparse import WORDS
from indexer.store.swap import is_building
from indexer.words import WORD_FIELDS

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard, Record

__all__ = ["EdgeStore"]

# Points an operation: a record of the write-ahead log stays far below its 32 MB segment, turns stay short.
_CHUNK = 512
_NOTE = "indexed_fields"  # in manifest.json, beside what Manifest knows


class EdgeStore:
    """One collection in `folder`: the engine's files in shard/, manifest.json, lock files of the lease."""

    def __init__(
        self,
        folder: Path,
        collection: str,
        *,
        wait: float = 30.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self._folder = folder.absolute()
        self._collection = collection
        self._wait = wait
        self._on_wait = on_wait
        self._shared = shared_shard(self._folder, collection)
        self._manifest_file = self._folder / "manifest.json"
        self._read: tuple[tuple[int, ...], Manifest] | None = None  # which file was read last, and what it says

    def create(self, manifest: Manifest) -> None:
        """See Store. The query side of the manifest is renewed where only that differs; new fields get their index."""
        if self.manifest() == manifest and not self._lacks_fields():
            return
        with self._shared.lease("making it", self._wait, self._on_wait):
            stored = self.manifest()
            if stored is None:
                self._make_shard(manifest)
                self._write_manifest(manifest, INDEXED)  # last: a shard without one was never finished
            else:
                merged = merge_manifests(self._collection, stored, manifest)
                if stored.version < FORMAT:
                    self._bring_words()
                if self._lacks_fields() and not is_building(self._folder):  # a build would lose them: the next `create`
                    self._index_new_fields()
                    self._write_manifest(merged, INDEXED)
                elif merged != stored:
                    self._write_manifest(merged)

    def manifest(self) -> Manifest | None:
        """See Store. Needs no lease. Read anew only when another file has taken its place, as every change does."""
        try:
            now = self._manifest_file.stat()
            state = (now.st_ino, now.st_mtime_ns, now.st_size)
            if self._read is None or self._read[0] != state:
                data = json.loads(self._manifest_file.read_text(encoding="utf-8"))
                self._read = (state, Manifest.from_dict(data))
            return self._read[1]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise StoreError(
                f"{self._manifest_file} cannot be read ({error}). Your own files are untouched:"
                f" drop collection {self._collection!r} and index them again."
            ) from error

    def upsert(self, ids: Sequence[str], vectors: Vectors, payloads: Sequence[Payload]) -> None:
        """See Store. Others get their turn between chunks."""
        from qdrant_edge import Point, UpdateOperation

        manifest = self._need_manifest()
        has_words = manifest.version >= FORMAT
        check_items(ids, vectors, payloads, manifest.dimension)
        names = checked_ids(ids)
        for start in range(0, len(names), _CHUNK):
            part = slice(start, start + _CHUNK)
            with self._writing() as (shard, space), translated(self._collection):
                rows = zip(names[part], vectors[part], payloads[part], strict=True)
                points = [
                    Point(name, {space: row, **(edge_words(payload) if has_words else {})}, payload)
                    for name, row, payload in rows
                ]
                shard.update(UpdateOperation.upsert_points(points))

    def set_payload(self, ids: Sequence[str], payload: Payload) -> None:
        """See Store."""
        from qdrant_edge import Filter, HasIdCondition, UpdateOperation

        names = checked_ids(ids)
        check_payload(payload, f"{len(names)} items")
        manifest = self._need_manifest()
        for start in range(0, len(names) if payload else 0, _CHUNK):
            # By filter, not by ids: the engine stops half-way at an id it does not know.
            these = Filter(must=[HasIdCondition(set(names[start : start + _CHUNK]))])
            with self._writing() as (shard, _), translated(self._collection):
                shard.update(UpdateOperation.set_payload_by_filter(these, payload))
        if manifest.version >= FORMAT and not payload.keys().isdisjoint(WORD_FIELDS):
            for start in range(0, len(names), _CHUNK):
                with self._writing() as (shard, _), translated(self._collection):
                    edge_fusion.renew_words(shard, names[start : start + _CHUNK])

    def _bring_words(self) -> None:
        """A collection of format 1 gets words beside its vectors. Killed half-way, it is done again."""
        self._refuse_while_building()
        with translated(self._collection):
            edge_fusion.bring_words(self._shared.opened(), _CHUNK)

    def delete(self, ids: Sequence[str]) -> None:
        """See Store."""
        from qdrant_edge import UpdateOperation

        names = checked_ids(ids)
        self._need_manifest()
        for start in range(0, len(names), _CHUNK):
            with self._writing() as (shard, _), translated(self._collection):
                shard.update(UpdateOperation.delete_points(list(names[start : start + _CHUNK])))

    def flush(self) -> None:
        """See Store."""
        if self.manifest() is not None:
            with self._using() as (shard, _), translated(self._collection):
                shard.flush()

    def search(
        self, vector: Vectors, limit: int, where: Where | None = None, offset: int = 0, exact: bool = False
    ) -> list[ScoredItem]:
        """See Store."""
        from qdrant_edge import Query, QueryRequest

        check_page(limit, offset)
        check_query(vector, self._need_manifest().dimension)
        with self._using() as (shard, space), translated(self._collection):
            condition = edge_filter(where)
            query = Query.Nearest(vector, using=space)  # type: ignore[arg-type]  # a numpy row goes in as it is
            params = search_params(beam_width(offset + limit, condition is not None), exact)

            def fetch(most: int) -> list[ScoredItem]:
                request = QueryRequest(limit=most, query=query, filter=condition, params=params, with_payload=True)
                return [
                    ScoredItem(str(hit.id), min(1.0, max(-1.0, hit.score)), hit.payload or {}) for hit in shard.query(request)
                ]

            return best_page(fetch, limit, offset)

    def fuse(self, plan: Plan, limit: int) -> list[FusedItem]:
        """See Store."""
        check_page(limit, 0)
        manifest = self._need_manifest()
        check_plan(plan, manifest.dimension)
        if manifest.version < FORMAT:
            plan = replace(plan, words=())
        with self._using() as (shard, space), translated(self._collection):
            return edge_fusion.fuse(shard, space, plan, limit)

    def word_peaks(self, words: Sequence[str]) -> list[float]:
        """See Store."""
        if self._need_manifest().version < FORMAT:
            return [0.0] * len(words)
        with self._using() as (shard, _), translated(self._collection):
            return edge_fusion.word_peaks(shard, words)

    def retrieve(self, ids: Sequence[str], with_vectors: bool = False) -> list[StoredItem]:
        """See Store."""
        names = checked_ids(ids)
        found: dict[str, StoredItem] = {}
        self._need_manifest()
        for start in range(0, len(names), _CHUNK):
            with self._using() as (shard, space), translated(self._collection):
                for record in shard.retrieve(list(names[start : start + _CHUNK]), with_payload=True, with_vector=with_vectors):
                    found[str(record.id)] = _stored(record, space, with_vectors)
        return [found[name] for name in names if name in found]

    def scan(self, where: Where | None = None, with_vectors: bool = False, page: int = 512) -> Iterator[StoredItem]:
        """See Store. Others get their turn between pages."""
        from qdrant_edge import ScrollRequest

        check_scan(page)
        condition, start, more = edge_filter(where), None, True
        while more:
            with self._using() as (shard, space), translated(self._collection):
                request = ScrollRequest(start, page, condition, with_payload=True, with_vector=with_vectors)
                records, start = shard.scroll(request)
                items = [_stored(record, space, with_vectors) for record in records]
            yield from items
            more = start is not None

    def count(self, where: Where | None = None) -> int:
        """See Store."""
        from qdrant_edge import CountRequest

        with self._using() as (shard, _), translated(self._collection):
            return shard.count(CountRequest(exact=True, filter=edge_filter(where)))

    def facet(self, key: str, where: Where | None = None, limit: int = 50) -> list[tuple[str, int]]:
        """See Store."""
        from qdrant_edge import FacetRequest

        check_facet_key(key)
        with self._using() as (shard, _), translated(self._collection):
            condition = edge_filter(where)

            def fetch(most: int) -> list[tuple[str, int]]:
                request = FacetRequest(key, limit=most, exact=True, filter=condition)
                return [(str(hit.value), hit.count) for hit in shard.facet(request).hits]

            return top_values(fetch, limit)

    def build_index(self) -> StoreInfo:
        """See Store. A large one is built in a child process: threads of this one would stand still.

        Raises StoreBusy when another process builds it already and does not finish in time.
        """
        manifest = self._need_manifest()
        with self._using() as (shard, _), translated(self._collection):
            small = shard.info().points_count * manifest.dimension * 4 < SMALL_BYTES
            if small:
                shard.optimize()
        if not small:
            self._shared.close()
            build_in_child(self._folder, self._collection, self._wait)
        return self.info()

    def info(self) -> StoreInfo:
        """See Store. A collection that is not there has no items."""
        from qdrant_edge import CountRequest, Filter, HasVectorCondition

        engine = f"Qdrant Edge {version('qdrant-edge-py')}"
        if self.manifest() is None:
            return StoreInfo(0, 0, True, engine)
        with self._using() as (shard, _), translated(self._collection):
            state = shard.info()
            items = state.points_count
            worded = shard.count(CountRequest(exact=True, filter=Filter(must=[HasVectorCondition(WORDS)])))
            indexed = graph_size(state.indexed_vectors_count, items, worded, self._need_manifest().dimension)
            return StoreInfo(items, indexed, indexed == 0, engine, {"segments": state.segments_count})

    def beside(self, name: str) -> "EdgeStore":
        """See Store. In a folder of its own below this one, with its own lease."""
        folder = self._folder / "spaces" / name
        return EdgeStore(folder, f"{self._collection}@{name}", wait=self._wait, on_wait=self._on_wait)

    def hand_over(self, name: str) -> None:
        """See Store. Needs no lease: the file is replaced as a whole."""
        self._write_manifest(replace(self._need_manifest(), answered_by=name))

    def vacate(self) -> None:
        """See Store."""
        self._delete_files("emptying it")

    def drop(self) -> None:
        """See Store. Works on a damaged collection, too."""
        if self._folder.is_dir():
            self._delete_files("dropping it", self._manifest_file)

    def _delete_files(self, purpose: str, *first: Path) -> None:
        with self._shared.lease(purpose, self._wait, self._on_wait):
            try:
                self._refuse_while_building()
                for path in first:  # what is left after a crash is then no collection
                    path.unlink(missing_ok=True)
                self._shared.close_shard()
                for path in (self._shared.path, self._shared.path.with_name("shard.old")):
                    if path.exists():
                        shutil.rmtree(path)
            except OSError as error:
                raise StoreError(f"cannot delete collection {self._collection!r}: {error}") from error
        self._shared.close()

    def close(self) -> None:
        """See Store."""
        self._shared.leave(self)

    @contextmanager
    def _using(self) -> Iterator[tuple["EdgeShard", str]]:
        self._need_manifest()
        with self._shared.use(self, self._wait, self._on_wait) as shard:
            yield shard, self._need_manifest().space  # again: it may have been dropped while we waited

    @contextmanager
    def _writing(self) -> Iterator[tuple["EdgeShard", str]]:
        with self._using() as held:
            self._refuse_while_building()  # under the lease: nobody begins to build before this write is done
            yield held

    def _refuse_while_building(self) -> None:
        if is_building(self._folder):
            raise StoreBusy(
                f"the index of collection {self._collection!r} is being built, and what is written meanwhile"
                " would be lost. Nothing was changed; try again when it is done."
            )

    def _need_manifest(self) -> Manifest:
        manifest = self.manifest()
        if manifest is None:
            raise no_collection(self._collection, self._folder)
        return manifest

    def _make_shard(self, manifest: Manifest) -> None:
        import qdrant_edge as engine

        self._shared.close_shard()
        shutil.rmtree(self._shared.path, ignore_errors=True)  # half made: its `create` never returned
        self._shared.path.mkdir(parents=True)
        config = engine.EdgeConfig(
            vectors={manifest.space: vector_params(manifest.dimension)},
            sparse_vectors={WORDS: engine.EdgeSparseVectorParams(modifier=engine.Modifier.Idf)},
        )
        with translated(self._collection):
            shard = engine.EdgeShard.create(str(self._shared.path), config)
            index_fields(shard, set())
            shard.close()

    def _lacks_fields(self) -> bool:
        """Whether the schema indexes fields that this shard does not. One that was vacated lacks none."""
        return not self._indexed_fields() >= INDEXED and self._shared.path.exists()

    def _index_new_fields(self) -> None:
        """For the holder of the lease."""
        with translated(self._collection):
            shard = self._shared.opened()
            index_fields(shard, set(shard.info().payload_schema))
            shard.flush()

    def _indexed_fields(self) -> set[str]:
        """Which fields the engine indexes, as noted beside the manifest. Collections of older versions have no note."""
        try:
            return set(json.loads(self._manifest_file.read_text(encoding="utf-8")).get(_NOTE, ()))
        except (OSError, ValueError, TypeError, AttributeError):
            return set()

    def _write_manifest(self, manifest: Manifest, indexed: Collection[str] | None = None) -> None:
        note = sorted(self._indexed_fields() if indexed is None else indexed)
        fresh = self._manifest_file.with_suffix(".json.new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({**manifest.to_dict(), _NOTE: note}, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._manifest_file)


def _stored(record: "Record", space: str, with_vector: bool) -> StoredItem:
    held: Any = record.vector
    row = np.asarray(held[space], dtype=np.float32) if with_vector else None
    return StoredItem(str(record.id), record.payload or {}, row)
