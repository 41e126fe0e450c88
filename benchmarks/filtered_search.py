"""A search that is narrowed by a filter against one that is not: how long it takes, and whether it finds the nearest.

    python -m benchmarks.filtered_search                   100,000 items: writes them, builds the index, asks
    python -m benchmarks.filtered_search --keep FOLDER     leave the collection there, and use it again next time
    python -m benchmarks.filtered_search --out FILE        also write what was measured, for benchmarks.publish

Vectors lie in clusters, as real ones do. Three filters of each size: keywords drawn by chance, a span of dates drawn by chance,
and folders that hold whole clusters. Queries come from all clusters, so that behind a folder most of them look for what is
far away, the hardest case for a graph. The nearest are computed by numpy. Every query is asked with and without each filter
in turn, so that what else the machine does costs all of them alike.
"""

import argparse
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from encoders.vectors import Vectors, unit_rows
from indexer.metadata import rfc3339
from indexer.store import open_store
from indexer.store.base import Manifest, Match, Range, Store, Where
from search.facets import count_facets

__all__ = ["FILTERS", "SHARES", "measure"]

SHARES = {"half": 0.5, "tenth": 0.1, "hundredth": 0.01, "thousandth": 0.001}
"""Name of a filter's size -> share of the items that pass."""

_CLUSTER = 100  # items around one centre
_NOISE = 1.0  # length of the noise against that of a centre
_BATCH = 512
_START = 1_000_000_000  # seconds since the epoch; an item is dated a minute after the one before it in the order of chance
_TOP = 10


def main() -> int:
    """Run, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.filtered_search", description=__doc__.split("\n")[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="the collection's folder, to use it again")
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = measure(options.keep or Path(scratch) / "bench", options.items, options.dimension, options.queries)
    print_table(results)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(folder: Path, items: int, dimension: int, queries: int) -> dict[str, Any]:
    """All numbers of one run; the collection is made where it is not there yet."""
    rows, asked = make_vectors(items, dimension, queries)
    order = np.random.default_rng(1).permutation(items)  # place of an item in the order of chance
    results: dict[str, Any] = {"machine": describe_machine(), "items": items, "dimension": dimension, "queries": queries}
    store = open_store(folder, "bench", wait=600.0)
    if store.manifest() is None:
        results |= fill(store, rows, order)
    state = store.info()
    results |= {"engine": state.engine, "indexed_vectors": state.indexed_vectors}
    filters = {(name, size): FILTERS[name](share, items) for name in FILTERS for size, share in SHARES.items()}
    for query in asked[:20]:
        store.search(query, _TOP)
    took, found = ask_all(store, asked, filters)
    results["unfiltered"] = {**spread(took[None]), "recall": recall(found[None], rows @ asked.T, None)}
    results["filtered"] = []
    for (name, size), where in filters.items():
        passing = passes(name, SHARES[size], order)
        assert store.count(where) == int(passing.sum()), (name, size)
        got = {"filter": name, "share": SHARES[size], "items": int(passing.sum()), **spread(took[name, size])}
        got["recall"] = recall(found[name, size], rows @ asked.T, passing)
        got["times_unfiltered"] = round(got["p50_ms"] / results["unfiltered"]["p50_ms"], 2)
        results["filtered"].append(got)
    results["facets_ms"] = facet_times(store)
    store.close()
    return results


def make_vectors(items: int, dimension: int, queries: int) -> tuple[Vectors, Vectors]:
    """(items, dimension) and (queries, dimension) float32 unit rows around the same centres; cluster i // 100 for row i."""
    centres = np.random.default_rng(0).normal(size=(-(-items // _CLUSTER), dimension)).astype(np.float32)
    chance = np.random.default_rng(2)  # of its own: as many queries as one likes ask the same items
    return (
        _around(centres, np.arange(items) // _CLUSTER, np.random.default_rng(3)),
        _around(centres, chance.integers(0, len(centres), queries), chance),
    )


def _around(centres: Vectors, picked: np.ndarray, chance: np.random.Generator) -> Vectors:
    noise = chance.standard_normal((len(picked), centres.shape[1]), dtype=np.float32)
    return unit_rows(centres[picked] + np.float32(_NOISE) * noise)


def payload(number: int, place: int, items: int) -> dict[str, Any]:
    """What an ordinary picture carries, and which filters it passes: by `place` in the order of chance, by number's cluster."""
    when = rfc3339(_START + 60 * place)
    inside = [size for size, share in SHARES.items() if number < share * items]
    return {
        "kind": "image",
        "modality": "image",
        "content": f"{number:064x}",
        "paths": [f"/home/me/{number // 1000}/IMG_{number}.jpg"],
        "folders": ["/", "/home", "/home/me", f"/home/me/{number // 1000}", *(f"/of/{size}" for size in inside)],
        "names": [f"IMG_{number}.jpg"],
        "extension": "jpg" if number % 7 else "png",
        "bytes": 100_000 + 37 * number,
        "modified": when,
        "taken": when,
        "date": when,
        "width": 4000,
        "height": 3000,
        "camera": f"Camera {number % 13}",
        "keywords": [size for size, share in SHARES.items() if place < share * items],
        "indexed_at": "2026-01-01T00:00:00Z",
    }


def passes(name: str, share: float, order: np.ndarray) -> np.ndarray:
    """(items,) bool: what passes, said without the store."""
    place = np.arange(len(order)) if name == "folder" else order
    return place < share * len(order)


FILTERS: Mapping[str, Callable[[float, int], Where]] = {
    "keyword": lambda share, _: Where((Match("keywords", (_size(share),)),)),
    "dates": lambda share, items: Where((Range("date", None, rfc3339(_START + 60 * (round(share * items) - 1))),)),
    "folder": lambda share, _: Where((Match("folders", (f"/of/{_size(share)}",)),)),
}
"""Name of a filter -> the filter that lets this share of so many items pass."""


def _size(share: float) -> str:
    return next(size for size, other in SHARES.items() if other == share)


def fill(store: Store, rows: Vectors, order: np.ndarray) -> dict[str, float]:
    """Write everything and build the graph; seconds of both."""
    store.create(Manifest("bench", "bench", rows.shape[1], {}, {"image": "bench"}))
    started = time.perf_counter()
    for start in range(0, len(rows), _BATCH):
        numbers = range(start, min(start + _BATCH, len(rows)))
        payloads = [payload(number, int(order[number]), len(rows)) for number in numbers]
        store.upsert([str(uuid.UUID(int=number)) for number in numbers], rows[numbers.start : numbers.stop], payloads)
    store.flush()
    written = time.perf_counter()
    store.build_index()
    return {"upsert_seconds": round(written - started, 1), "build_seconds": round(time.perf_counter() - written, 1)}


def ask_all(store: Store, asked: Vectors, filters: Mapping[Any, Where]) -> tuple[dict[Any, list[float]], dict[Any, list]]:
    """Milliseconds and the ids found, of every query by filter; None is the one without."""
    everyone: dict[Any, Where | None] = {None: None, **filters}
    took: dict[Any, list[float]] = {key: [] for key in everyone}
    found: dict[Any, list[list[int]]] = {key: [] for key in everyone}
    for query in asked:
        for key, where in everyone.items():
            started = time.perf_counter()
            hits = store.search(query, _TOP, where)
            took[key].append((time.perf_counter() - started) * 1000)
            found[key].append([uuid.UUID(hit.id).int for hit in hits])
    return took, found


def recall(found: list[list[int]], scores: np.ndarray, passing: np.ndarray | None) -> float:
    """Share of the true nearest that were found; `scores`: (items, queries) cosines."""
    if passing is not None:
        scores = np.where(passing[:, None], scores, -2.0)
    right = wanted = 0
    for column, numbers in zip(scores.T, found, strict=True):
        nearest = np.argpartition(-column, _TOP)[:_TOP]
        nearest = nearest[column[nearest] > -2.0]
        right, wanted = right + len({*nearest.tolist()} & {*numbers}), wanted + len(nearest)
    return round(right / wanted, 4)


def spread(milliseconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {f"p{part}_ms": round(float(np.percentile(milliseconds, part)), 2) for part in (50, 95)}


def facet_times(store: Store) -> dict[str, float]:
    """Milliseconds to count all facets, over everything and behind filters; the median of five."""
    cases = {"everything": None, "tenth": FILTERS["keyword"](SHARES["tenth"], 0), "hundredth": FILTERS["keyword"](0.01, 0)}
    return {name: round(float(np.median([_facet_ms(store, where) for _ in range(5)])), 1) for name, where in cases.items()}


def _facet_ms(store: Store, where: Where | None) -> float:
    started = time.perf_counter()
    count_facets(store, where)
    return (time.perf_counter() - started) * 1000


def print_table(results: Mapping[str, Any]) -> None:
    """For people."""
    plain = results["unfiltered"]
    print(f"no filter: p50 {plain['p50_ms']} ms, p95 {plain['p95_ms']} ms, recall@10 {plain['recall']}")
    for row in results["filtered"]:
        print(
            f"{row['filter']:<8} {row['share']:>6.1%}: p50 {row['p50_ms']} ms ({row['times_unfiltered']} times),"
            f" p95 {row['p95_ms']} ms, recall@10 {row['recall']}"
        )
    print({key: results[key] for key in ("upsert_seconds", "build_seconds", "facets_ms") if key in results})


if __name__ == "__main__":
    sys.exit(main())
