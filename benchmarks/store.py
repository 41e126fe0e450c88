"""Measure the Edge store.

    python benchmarks/store.py --items 100000 --dimension 384 --out results.json

Vectors are drawn around random centres with noise, as real ones lie; queries are drawn the same way and are
not stored. Needs a free machine for numbers worth keeping.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from encoders.vectors import Vectors, unit_rows
from indexer.store import open_store
from indexer.store.base import Manifest, Match, Store, Where

BATCH = 512
QUERIES = 200
CLUSTER = 100  # items around one centre


def main() -> None:
    """Run everything in a temporary folder and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--noise", type=float, default=1.0, help="length of the noise against that of a centre")
    parser.add_argument("--out", type=Path, help="write the numbers as JSON")
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peer:
        be_peer(options.peer, options.dimension)
        return
    with tempfile.TemporaryDirectory() as folder:
        results = measure(Path(folder) / "bench", options.items, options.dimension, options.noise)
    width = max(map(len, results))
    for name, value in results.items():
        print(f"{name:<{width}}  {value:,.4g}" if isinstance(value, float) else f"{name:<{width}}  {value}")
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measure(folder: Path, items: int, dimension: int, noise: float) -> dict[str, Any]:
    """Name of a measurement -> number."""
    results: dict[str, Any] = {
        "items": items,
        "dimension": dimension,
        "noise": noise,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
    }
    store = open_store(folder, "bench")
    store.create(Manifest("bench", "bench", dimension, {}, {"image": "bench"}))
    chance = np.random.default_rng(0)
    centres = chance.normal(size=(max(1, items // CLUSTER), dimension))
    seconds = 0.0
    for start in range(0, items, BATCH):
        count = min(BATCH, items - start)
        rows = draw(chance, centres, count, noise)
        ids = [str(uuid.UUID(int=start + number)) for number in range(count)]
        payloads = [payload(start + number) for number in range(count)]
        seconds += timed(lambda ids=ids, rows=rows, payloads=payloads: store.upsert(ids, rows, payloads))
    seconds += timed(store.flush)
    results["upsert_items_per_second"] = items / seconds
    results["upsert_peak_rss_mb"] = peak_mb()
    queries = draw(chance, centres, QUERIES, noise)
    results |= {f"scan_{name}": value for name, value in query_times(store, queries).items()}
    results["build_index_seconds"] = timed(store.build_index)
    state = store.info()
    results["indexed_vectors"] = state.indexed_vectors
    results["engine"] = state.engine
    results |= {f"index_{name}": value for name, value in query_times(store, queries).items()}
    results["recall_at_10"] = recall(store, queries)
    results["query_peak_rss_mb"] = peak_mb()
    results["reopen_seconds"] = reopen(store)
    results |= hand_over(store, folder, dimension, queries)
    # Changes the payload of all: the engine moves such items out of the graph, into the part that it scans.
    results["set_payload_items_per_second"] = items / timed(
        lambda: store.set_payload([str(uuid.UUID(int=number)) for number in range(items)], {"page": 1})
    )
    results["indexed_vectors_after_set_payload"] = store.info().indexed_vectors
    store.close()
    results["disk_mb"] = sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()) / 1e6
    results["peak_rss_mb"] = peak_mb()
    return results


def draw(chance: np.random.Generator, centres: np.ndarray, count: int, noise: float) -> Vectors:
    """Return (count, d) float32, unit rows around the centres."""
    picked = centres[chance.integers(0, len(centres), count)]
    return unit_rows(picked + noise * chance.normal(size=picked.shape))


def payload(number: int) -> dict[str, Any]:
    """Return what an ordinary picture carries."""
    folders = ["/", "/home", "/home/me", f"/home/me/{number % 50}"]
    return {
        "kind": "document" if number % 10 else "image",
        "modality": "image",
        "content": f"{number:064x}",
        "paths": [f"/home/me/{number % 50}/IMG_{number}.jpg"],
        "folders": folders,
        "names": [f"IMG_{number}.jpg"],
        "extension": "jpg",
        "bytes": number,
        "date": f"20{number % 25:02}-05-01T12:00:00Z",
        "width": 500,
        "height": 375,
        "indexed_at": "2026-01-01T00:00:00Z",
    }


def timed(work: Callable[[], Any]) -> float:
    """Seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def query_times(store: Store, queries: Vectors) -> dict[str, float]:
    """Milliseconds, once everything is warm."""
    where = Where(must=(Match("kind", ("image",)),))
    for query in queries[:20]:
        store.search(query, 10)
    plain = [timed(lambda query=query: store.search(query, 10)) * 1e3 for query in queries]
    filtered = [timed(lambda query=query: store.search(query, 10, where)) * 1e3 for query in queries]
    return {
        "query_p50_ms": float(np.percentile(plain, 50)),
        "query_p99_ms": float(np.percentile(plain, 99)),
        "filtered_p50_ms": float(np.percentile(filtered, 50)),
    }


def recall(store: Store, queries: Vectors) -> float:
    """Share of the true ten nearest that the index finds."""
    found = 0
    for query in queries:
        exact = {hit.id for hit in store.search(query, 10, exact=True)}
        found += len(exact & {hit.id for hit in store.search(query, 10)})
    return found / (10 * len(queries))


def reopen(store: Store) -> float:
    """Seconds from a closed store to its first count, the median of five."""
    times = []
    for _ in range(5):
        store.close()
        times.append(timed(store.count))
    return float(np.median(times))


def be_peer(folder: Path, dimension: int) -> None:
    """Be the indexer beside the app: upsert as fast as it goes until stdin ends; say when started."""
    store = open_store(folder, "bench")
    rows = unit_rows(np.random.default_rng(1).normal(size=(64, dimension)))
    batches = 0
    while True:
        names = [str(uuid.UUID(int=10**9 + number)) for number in range(64)]
        store.upsert(names, rows, [payload(number) for number in range(64)])
        batches += 1
        sys.stdout.write(f"{batches}\n")
        sys.stdout.flush()


def hand_over(store: Store, folder: Path, dimension: int, queries: Vectors) -> dict[str, float]:
    """Time of a query while another process writes without a pause, and what that one gets done meanwhile."""
    store.close()
    command = [sys.executable, __file__, "--peer", str(folder), "--dimension", str(dimension)]
    times = []
    with (
        tempfile.TemporaryFile("w+") as said,
        subprocess.Popen(command, stdout=said, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}) as peer,
    ):
        time.sleep(3)
        started = time.perf_counter()
        for query in queries[:10]:
            times.append(timed(lambda query=query: store.search(query, 10)))
            time.sleep(1.0)  # as a person asks
        seconds = time.perf_counter() - started
        peer.kill()
        peer.wait()
        said.seek(0)
        batches = len(said.readlines())
    return {
        "handover_query_p50_ms": float(np.median(times)) * 1e3,
        "handover_query_max_ms": max(times) * 1e3,
        "handover_peer_batches_per_second": batches / (seconds + 3),
    }


def peak_mb() -> float:
    """Peak resident memory of this process, mapped files included; the index is built in another."""
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6
    return psutil.Process().memory_info().rss / 1e6


if __name__ == "__main__":
    main()
