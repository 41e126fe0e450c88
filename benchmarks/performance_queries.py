"""Queries of a store in this process: latency, recall against comparing with every item, memory, disk, time to build.

Vectors as `benchmarks.store` draws them, of 384 dimensions. The library's own query does more (it encodes the words, measures
their background, and asks for meaning and words at once); the cold query of the start-up table is one.
"""

import tempfile
import uuid
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.performance_cost import cost_of
from benchmarks.performance_sizes import Size
from benchmarks.store import BATCH, CLUSTER, draw, payload, peak_mb, recall, reopen, timed
from indexer.store import open_store
from indexer.store.base import Manifest

__all__ = ["measure"]

_DIMENSION, _QUERIES, _NOISE = 384, 400, 1.0


def measure(work: Path, size: Size) -> dict[str, Any]:
    """One row of the table."""
    with tempfile.TemporaryDirectory(dir=work) as folder:
        store = open_store(Path(folder) / "asked", "asked")
        store.create(Manifest("asked", "asked", _DIMENSION, {}, {"image": "asked"}))
        chance = np.random.default_rng(0)
        centres = chance.normal(size=(max(1, size.vectors // CLUSTER), _DIMENSION))
        seconds = 0.0
        for start in range(0, size.vectors, BATCH):
            numbers = range(start, min(start + BATCH, size.vectors))
            rows = draw(chance, centres, len(numbers), _NOISE)
            ids, payloads = [str(uuid.UUID(int=number)) for number in numbers], [payload(number) for number in numbers]
            seconds += timed(lambda ids=ids, rows=rows, payloads=payloads: store.upsert(ids, rows, payloads))
        seconds += timed(store.flush)
        build = cost_of(store.build_index)
        queries = draw(chance, centres, _QUERIES, _NOISE)
        for query in queries[:20]:
            store.search(query, 10)
        took = [timed(lambda query=query: store.search(query, 10)) * 1e3 for query in queries]
        found = recall(store, queries[:100])
        row = {
            "items": size.vectors,
            "upserts_per_second": size.vectors / seconds,
            "build": build,
            **{f"p{share}_ms": float(np.percentile(took, share)) for share in (50, 95, 99)},
            "recall_at_10": found,
            "indexed": store.info().indexed_vectors,
            "reopen_seconds": reopen(store),
            "peak_mb": peak_mb(),
        }
        store.close()
        row["disk_mb"] = sum(file.stat().st_blocks * 512 for file in Path(folder).rglob("*") if file.is_file()) / 1e6
    return row
