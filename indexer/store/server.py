"""A Qdrant server or cluster: the same collection, on another machine or in a container beside us."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders.errors import StoreError
from encoders.vectors import Vectors
from indexer.items import Payload
from indexer.schema import FIELDS
from indexer.store import server_fusion
from indexer.store.base import FORMAT, FusedItem, Manifest, Plan, ScoredItem, StoredItem, StoreInfo, Where
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
from indexer.store.filters import check_facet_key, server_filter
from indexer.store.graph import graph_size
from indexer.store.link import Link, NotFound
from indexer.store.paging import beam_width, best_page, top_values
from indexer.store.server_fusion import server_words
from indexer.store.sparse import WORDS
from indexer.words import WORD_FIELDS

if TYPE_CHECKING:
    from qdrant_client import QdrantClient
    from qdrant_client.http.models import CollectionInfo, Record

__all__ = ["BESIDE", "KEY", "SIDE", "ServerStore"]

_CHUNK = 256  # points a request: about 2 MB of JSON at 512 dimensions, below every proxy's usual limit
KEY = "skybridge_manifest"  # of the collection's metadata
SIDE = "--skybridge-manifest"  # suffix of the side collection on servers before 1.16, which know no metadata
_SIDE_ID = 0
BESIDE = "@"  # between the name of a collection and that of a space beside its first


class ServerStore:
    """One collection on a server, under its plain name.

    The manifest is kept as a JSON string in the collection's metadata. Servers before 1.16 silently drop
    metadata; there it lies in a side collection of one point.
    """

    def __init__(
        self,
        collection: str,
        url: str = "http://localhost:6333",
        api_key: str | None = None,
        *,
        client: "QdrantClient | None" = None,
        timeout: float = 10.0,
        patience: float = 20.0,
        build_wait: float = 900.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self._collection = collection
        self._link = Link(url, api_key, client=client, timeout=timeout, patience=patience, on_wait=on_wait)
        self._build_wait = build_wait
        self._known: Manifest | None = None
        self._version: str | None = None

    def create(self, manifest: Manifest) -> None:
        """See Store. The query side of the manifest is renewed where only that differs."""
        state = self._state()
        if state is None:
            self._make(manifest)
            state = self._state()
            if state is None:
                raise StoreError(f"the server at {self._link.url} did not keep collection {self._collection!r}")
        stored = self._stored_manifest(state)
        if stored is None:
            if self._count_all() or not _fits(state, manifest):
                raise StoreError(
                    f"collection {self._collection!r} at {self._link.url} was not made by Skybridge."
                    " Choose another name for yours."
                )
            self._write_manifest(manifest)  # an older server, or its `create` was cut short
        else:
            merged = merge_manifests(self._collection, stored, manifest)
            if WORDS not in (state.config.params.sparse_vectors or {}):
                # Servers add no vectors to a collection: it goes on without words.
                merged = replace(merged, version=stored.version)
            if merged != stored:
                self._write_manifest(merged)
        self._index_fields(state)
        self._known = None

    def manifest(self) -> Manifest | None:
        """See Store. Always asks the server."""
        state = self._state()
        self._known = self._stored_manifest(state) if state else None
        return self._known

    def upsert(self, ids: Sequence[str], vectors: Vectors, payloads: Sequence[Payload]) -> None:
        """See Store. Waits until the server has it in its log."""
        from qdrant_client import models

        manifest = self._need_manifest()
        has_words = manifest.version >= FORMAT
        check_items(ids, vectors, payloads, manifest.dimension)
        names = checked_ids(ids)
        for start in range(0, len(names), _CHUNK):
            part = slice(start, start + _CHUNK)
            points = [
                models.PointStruct(
                    id=name, vector={manifest.space: row, **(server_words(payload) if has_words else {})}, payload=payload
                )
                for name, row, payload in zip(names[part], vectors[part].tolist(), payloads[part], strict=True)
            ]
            self._ask("upsert", points=points, wait=True)

    def set_payload(self, ids: Sequence[str], payload: Payload) -> None:
        """See Store."""
        from qdrant_client import models

        names = checked_ids(ids)
        check_payload(payload, f"{len(names)} items")
        manifest = self._need_manifest()
        for start in range(0, len(names) if payload else 0, _CHUNK):
            these = models.Filter(must=[models.HasIdCondition(has_id=list(names[start : start + _CHUNK]))])
            self._ask("set_payload", payload=payload, points=these, wait=True)
        if manifest.version >= FORMAT and not payload.keys().isdisjoint(WORD_FIELDS):
            for start in range(0, len(names), _CHUNK):
                server_fusion.renew_words(self._ask, names[start : start + _CHUNK])

    def delete(self, ids: Sequence[str]) -> None:
        """See Store."""
        from qdrant_client import models

        names = checked_ids(ids)
        self._need_manifest()
        for start in range(0, len(names), _CHUNK):
            these = models.PointIdsList(points=list(names[start : start + _CHUNK]))
            self._ask("delete", points_selector=these, wait=True)

    def flush(self) -> None:
        """See Store. Nothing to do: every write waited until the server had it."""

    def search(
        self, vector: Vectors, limit: int, where: Where | None = None, offset: int = 0, exact: bool = False
    ) -> list[ScoredItem]:
        """See Store."""
        from qdrant_client import models

        check_page(limit, offset)
        manifest = self._need_manifest()
        check_query(vector, manifest.dimension)
        query, condition = vector.tolist(), server_filter(where)
        params = models.SearchParams(hnsw_ef=beam_width(offset + limit, condition is not None), exact=exact)

        def fetch(most: int) -> list[ScoredItem]:
            answer = self._ask(
                "query_points",
                query=query,
                using=manifest.space,
                query_filter=condition,
                search_params=params,
                limit=most,
                with_payload=True,
            )
            return [ScoredItem(str(hit.id), min(1.0, max(-1.0, hit.score)), hit.payload or {}) for hit in answer.points]

        return best_page(fetch, limit, offset)

    def fuse(self, plan: Plan, limit: int) -> list[FusedItem]:
        """See Store."""
        check_page(limit, 0)
        manifest = self._need_manifest()
        check_plan(plan, manifest.dimension)
        if manifest.version < FORMAT:
            plan = replace(plan, words=())
        return server_fusion.fuse(self._ask, manifest.space, plan, limit)

    def word_peaks(self, words: Sequence[str]) -> list[float]:
        """See Store."""
        if self._need_manifest().version < FORMAT:
            return [0.0] * len(words)
        return server_fusion.word_peaks(self._ask, words)

    def retrieve(self, ids: Sequence[str], with_vectors: bool = False) -> list[StoredItem]:
        """See Store."""
        names = checked_ids(ids)
        space = self._need_manifest().space
        found: dict[str, StoredItem] = {}
        for start in range(0, len(names), _CHUNK):
            part = names[start : start + _CHUNK]
            records = self._ask("retrieve", ids=part, with_payload=True, with_vectors=with_vectors)
            for record in records:
                found[str(record.id)] = _stored(record, space, with_vectors)
        return [found[name] for name in names if name in found]

    def scan(self, where: Where | None = None, with_vectors: bool = False, page: int = 512) -> Iterator[StoredItem]:
        """See Store. A page with vectors is no larger than a request may be."""
        check_scan(page)
        space, condition = self._need_manifest().space, server_filter(where)
        asked = {"scroll_filter": condition, "limit": min(page, _CHUNK), "with_payload": True, "with_vectors": with_vectors}
        start, more = None, True
        while more:
            records, start = self._ask("scroll", offset=start, **asked)
            yield from (_stored(record, space, with_vectors) for record in records)
            more = start is not None

    def count(self, where: Where | None = None) -> int:
        """See Store."""
        self._need_manifest()
        return int(self._ask("count", count_filter=server_filter(where), exact=True).count)

    def facet(self, key: str, where: Where | None = None, limit: int = 50) -> list[tuple[str, int]]:
        """See Store."""
        check_facet_key(key)
        self._need_manifest()
        condition = server_filter(where)

        def fetch(most: int) -> list[tuple[str, int]]:
            answer = self._ask("facet", key=key, facet_filter=condition, limit=most, exact=True)
            return [(str(hit.value), hit.count) for hit in answer.hits]

        return top_values(fetch, limit)

    def build_index(self) -> StoreInfo:
        """See Store. A server builds by itself; this waits for it, at most `build_wait` seconds."""
        from qdrant_client import models

        self._need_manifest()
        deadline = time.monotonic() + self._build_wait
        nudged = False
        while (state := self._state()) is not None and state.status != models.CollectionStatus.GREEN:
            if state.status == models.CollectionStatus.RED:
                raise StoreError(
                    f"the server at {self._link.url} cannot index collection {self._collection!r}: {state.optimizer_status}"
                )
            if state.status == models.CollectionStatus.GREY and not nudged:
                nudged = True  # it was restarted and waits for any change before it goes on
                self._ask("update_collection", optimizers_config=models.OptimizersConfigDiff())
            if time.monotonic() >= deadline:
                break  # info() says that it is still at work
            time.sleep(0.5)
        return self.info()

    def info(self) -> StoreInfo:
        """See Store. A collection that is not there has no items."""
        if self._version is None:
            self._version = str(self._link.call("info").version)
        engine = f"Qdrant {self._version} at {self._link.url}"
        state = self._state()
        if state is None or self._stored_manifest(state) is None:
            return StoreInfo(0, 0, True, engine)
        extra: dict[str, Any] = {"status": str(state.status.value), "segments": state.segments_count}
        if self._link.key_in_the_clear:
            extra["warning"] = "the key travels unencrypted: use an https:// address"
        items, counted = self._count_all(), state.indexed_vectors_count or 0
        indexed = graph_size(counted, items, self._count_worded(), self._need_manifest().dimension)
        return StoreInfo(items, indexed, indexed == 0, engine, extra)

    def beside(self, name: str) -> "ServerStore":
        """See Store. Shares the connection; `@` is in no name that a person may choose."""
        other = ServerStore(f"{self._collection}{BESIDE}{name}", self._link.url, build_wait=self._build_wait)
        other._link = self._link
        return other

    def hand_over(self, name: str) -> None:
        """See Store."""
        self._known = None  # another machine may have renewed it
        self._write_manifest(replace(self._need_manifest(), answered_by=name))
        self._known = None

    def vacate(self) -> None:
        """See Store. The server gives the room back by and by."""
        from qdrant_client import models

        self._need_manifest()
        self._ask("delete", points_selector=models.FilterSelector(filter=models.Filter()), wait=True)

    def drop(self) -> None:
        """See Store. Refuses a collection that Skybridge did not make."""
        state = self._state()
        if state is not None:
            if self._stored_manifest(state) is None:
                raise StoreError(f"collection {self._collection!r} at {self._link.url} was not made by Skybridge; it stays")
            self._ask("delete_collection")
        if self._link.call("collection_exists", self._collection + SIDE):
            self._link.call("delete_collection", self._collection + SIDE)
        self._known = None

    def close(self) -> None:
        """See Store."""
        self._link.close()

    def _ask(self, method: str, **options: Any) -> Any:
        """Call a method of the client on this collection."""
        try:
            return self._link.call(method, collection_name=self._collection, **options)
        except NotFound:
            self._known = None
            raise no_collection(self._collection, self._link.url) from None
        except StoreError:
            self._known = None  # it may have been replaced behind our back
            raise

    def _state(self) -> "CollectionInfo | None":
        try:
            state: CollectionInfo = self._link.call("get_collection", self._collection)
        except NotFound:
            return None
        return state

    def _count_all(self) -> int:
        return int(self._ask("count", exact=True).count)

    def _count_worded(self) -> int:
        if self._need_manifest().version < FORMAT:
            return 0
        return int(self._ask("count", count_filter=server_fusion.holding_words(), exact=True).count)

    def _need_manifest(self) -> Manifest:
        manifest = self._known or self.manifest()
        if manifest is None:
            raise no_collection(self._collection, self._link.url)
        return manifest

    def _stored_manifest(self, state: "CollectionInfo") -> Manifest | None:
        text = (state.config.metadata or {}).get(KEY)
        if text is None:
            side = self._collection + SIDE
            try:
                records = self._link.call("retrieve", side, [_SIDE_ID], with_payload=True)
            except NotFound:
                return None
            text = (records[0].payload or {}).get(KEY) if records else None
        try:
            return Manifest.from_dict(json.loads(text)) if text else None
        except (ValueError, TypeError) as error:
            raise StoreError(f"the manifest of collection {self._collection!r} is damaged: {error}") from error

    def _make(self, manifest: Manifest) -> None:
        from qdrant_client import models

        space = models.VectorParams(size=manifest.dimension, distance=models.Distance.COSINE, on_disk=True)
        try:
            self._ask(
                "create_collection",
                vectors_config={manifest.space: space},
                sparse_vectors_config={WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)},
                on_disk_payload=True,
                metadata={KEY: json.dumps(manifest.to_dict())},
            )
        except StoreError as error:
            # Our own first try, whose answer was lost, or another process: `create` compares what is there.
            if "already exists" not in str(error):
                raise

    def _write_manifest(self, manifest: Manifest) -> None:
        from qdrant_client import models

        text = json.dumps(manifest.to_dict())
        self._ask("update_collection", metadata={KEY: text})
        state = self._state()
        if state is not None and (state.config.metadata or {}).get(KEY) == text:
            return
        side = self._collection + SIDE
        if not self._link.call("collection_exists", side):
            flat = models.VectorParams(size=1, distance=models.Distance.DOT)
            self._link.call("create_collection", side, vectors_config=flat)
        point = models.PointStruct(id=_SIDE_ID, vector=[1.0], payload={KEY: text})
        self._link.call("upsert", side, [point], wait=True)

    def _index_fields(self, state: "CollectionInfo") -> None:
        from qdrant_client import models

        for field in FIELDS:
            if field.indexed and field.name not in state.payload_schema:
                kind = models.PayloadSchemaType(field.type)
                self._ask("create_payload_index", field_name=field.name, field_schema=kind, wait=True)


def _stored(record: "Record", space: str, with_vector: bool) -> StoredItem:
    held: Any = record.vector
    row = np.asarray(held[space], dtype=np.float32) if with_vector else None
    return StoredItem(str(record.id), record.payload or {}, row)


def _fits(state: "CollectionInfo", manifest: Manifest) -> bool:
    spaces = state.config.params.vectors
    return isinstance(spaces, dict) and [(name, space.size) for name, space in spaces.items()] == [
        (manifest.space, manifest.dimension)
    ]
