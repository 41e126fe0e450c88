"""Shards of the engine that keep their vectors in different ways, and how each is asked."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.quantisation_material import PICTURES
from encoders.vectors import Vectors, unit_rows
from indexer.store.base import Match, ScoredItem, Where
from indexer.store.filters import edge_filter
from indexer.store.paging import beam_width, best_page

if TYPE_CHECKING:
    from qdrant_edge import EdgeConfig, EdgeShard

__all__ = ["KINDS", "Kind", "ask", "config_of", "fill", "make_shard"]

_FULL, _SHORT = "full", "short"  # names of vectors
_SHORT_DIMENSION = 128
_LIMIT = 10
_BATCH = 512


@dataclass(frozen=True)
class Kind:
    """One way to keep vectors. The original float32 vectors are on disk in each, as the store has them."""

    about: str
    quantised: Callable[[], Any] = lambda: None  # the engine's configuration
    oversampling: tuple[float, ...] = (0.0,)  # of each way to ask; 0: scores are taken as they come, nothing is rescored
    short: bool = False  # the graph is of the first 128 dimensions


def _int8(memory: str) -> Callable[[], Any]:
    def config() -> Any:
        from qdrant_edge import Memory, ScalarQuantizationConfig, ScalarType

        return ScalarQuantizationConfig(ScalarType.Int8, quantile=0.99, memory=getattr(Memory, memory))

    return config


def _binary(bits: str) -> Callable[[], Any]:
    def config() -> Any:
        from qdrant_edge import BinaryQuantizationConfig, BinaryQuantizationEncoding, BinaryQuantizationQueryEncoding, Memory

        encoding, queries = getattr(BinaryQuantizationEncoding, bits), BinaryQuantizationQueryEncoding.Scalar8Bits
        return BinaryQuantizationConfig(encoding=encoding, query_encoding=queries, memory=Memory.Pinned)

    return config


def _turbo(bits: str) -> Callable[[], Any]:
    def config() -> Any:
        from qdrant_edge import Memory, TurboQuantBitSize, TurboQuantQuantizationConfig

        return TurboQuantQuantizationConfig(bits=getattr(TurboQuantBitSize, bits), memory=Memory.Pinned)

    return config


KINDS = {
    "float32": Kind("float32"),
    "int8": Kind("int8", _int8("Pinned"), (0.0, 2.0, 4.0)),
    "int8mapped": Kind("int8, mapped from disk", _int8("Cold"), (2.0,)),
    "turbo8": Kind("TurboQuant, 8 bits", _turbo("Bits8"), (0.0, 2.0)),
    "turbo4": Kind("TurboQuant, 4 bits", _turbo("Bits4"), (0.0, 2.0, 4.0)),
    "turbo2": Kind("TurboQuant, 2 bits", _turbo("Bits2"), (4.0, 16.0)),
    "binary2": Kind("binary, 2 bits", _binary("TwoBits"), (4.0, 16.0)),
    "binary1": Kind("binary, 1 bit", _binary("OneBit"), (4.0, 16.0)),
    "short": Kind("first 128 dimensions", oversampling=(4.0, 16.0), short=True),
}
"""Name -> kind."""


def config_of(kind: Kind, dimension: int) -> "EdgeConfig":
    """What the engine is told: as `indexer.store.edge` does, but for quantisation; no words."""
    from qdrant_edge import Distance, EdgeConfig, EdgeVectorParams, HnswIndexConfig, Memory

    no_graph = HnswIndexConfig(m=0, ef_construct=100, full_scan_threshold=10_000) if kind.short else None
    full = EdgeVectorParams(
        dimension, Distance.Cosine, memory=Memory.Cold, quantization_config=kind.quantised(), hnsw_config=no_graph
    )
    short = EdgeVectorParams(_SHORT_DIMENSION, Distance.Cosine, memory=Memory.Cold)
    return EdgeConfig(vectors={_FULL: full, **({_SHORT: short} if kind.short else {})})


def make_shard(folder: Path, kind: Kind, dimension: int) -> "EdgeShard":
    """An empty one in an empty folder, with an index of what its filter asks."""
    from qdrant_edge import EdgeShard, PayloadSchemaType, UpdateOperation

    folder.mkdir(parents=True)
    shard = EdgeShard.create(str(folder), config_of(kind, dimension))
    shard.update(UpdateOperation.create_field_index("kind", PayloadSchemaType.Keyword))
    return shard


def fill(shard: "EdgeShard", kind: Kind, rows: Vectors) -> None:
    """Write every row with a small payload; the first ones are pictures. Nothing is built yet."""
    from qdrant_edge import Point, UpdateOperation

    pictures = round(len(rows) * PICTURES)
    for start in range(0, len(rows), _BATCH):
        part = rows[start : start + _BATCH]
        short = unit_rows(part[:, :_SHORT_DIMENSION]) if kind.short else part
        points = []
        for place, (row, first) in enumerate(zip(part, short, strict=True), start):
            held: Any = {_FULL: row, **({_SHORT: first} if kind.short else {})}
            payload = {"kind": "image" if place < pictures else "document", "paths": [f"/home/me/{place % 50}/{place}"]}
            points.append(Point(uuid.UUID(int=place), held, payload))
        shard.update(UpdateOperation.upsert_points(points))
    shard.flush()


def ask(shard: "EdgeShard", kind: Kind, oversampling: float, query: Vectors, pictures: bool = False) -> list[int]:
    """Places of the ten nearest rows, or pictures, with the beam and the paging of the store."""
    from qdrant_edge import Prefetch, QuantizationSearchParams, Query, QueryRequest, SearchParams

    condition = edge_filter(Where(must=(Match("kind", ("image",)),)) if pictures else None)
    beam = beam_width(_LIMIT, narrowed=pictures)
    rescored = QuantizationSearchParams(rescore=oversampling > 0, oversampling=oversampling or None)
    params = SearchParams(hnsw_ef=beam, quantization=None if kind.short else rescored)
    nearest: Any = Query.Nearest(query, using=_FULL)  # type: ignore[arg-type]  # a numpy row goes in as it is

    def fetch(most: int) -> list[ScoredItem]:
        if kind.short:
            first: Any = Query.Nearest(unit_rows(query[None, :_SHORT_DIMENSION])[0], using=_SHORT)
            stage = Prefetch(round(oversampling * most), first, params=params, filter=condition)
            request = QueryRequest(most, query=nearest, prefetches=[stage], with_payload=True)
        else:
            request = QueryRequest(most, query=nearest, filter=condition, params=params, with_payload=True)
        return [ScoredItem(str(hit.id), hit.score, hit.payload or {}) for hit in shard.query(request)]

    return [uuid.UUID(hit.id).int for hit in best_page(fetch, _LIMIT, 0)]
