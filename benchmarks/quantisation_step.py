"""One step of `benchmarks.quantisation`, in a process of its own: its memory is nobody else's.

python -m benchmarks.quantisation_step build KIND ITEMS WORK OUT
python -m benchmarks.quantisation_step ask KIND ITEMS WORK OUT OVERSAMPLING
"""

import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.performance_cost import cost_of
from benchmarks.quantisation_material import read_rows
from benchmarks.quantisation_shards import KINDS, ask, fill, make_shard
from benchmarks.store import timed

__all__ = ["main", "measure_asking", "measure_building", "shard_folder"]


def shard_folder(work: Path, kind: str, items: int) -> Path:
    """Where the shard is."""
    return work / "shards" / f"{kind}-{items}"


def measure_building(work: Path, kind: str, items: int) -> dict[str, Any]:
    """Write the rows, build the index: what both cost, and the room that the shard takes."""
    rows, folder = read_rows(work, items), work / "half-built"
    shutil.rmtree(folder, ignore_errors=True)
    shard = make_shard(folder, KINDS[kind], rows.shape[1])
    written = timed(lambda: fill(shard, KINDS[kind], rows))
    build = cost_of(shard.optimize)
    shard.close()
    disk = sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file()) / 1e6
    place = shard_folder(work, kind, items)
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(exist_ok=True)
    folder.rename(place)
    return {"upsert_seconds": written, "build": build, "disk_mb": disk}


def measure_asking(work: Path, kind: str, items: int, oversampling: float) -> dict[str, Any]:
    """Open, ask everything twice, and once more for pictures alone. Times are of the second asking."""
    from qdrant_edge import EdgeShard

    folder, queries = shard_folder(work, kind, items), np.load(work / "queries.npy")
    truth = np.load(work / f"truth-{items}.npz")
    forget(folder)
    before = resident()
    opened: list[EdgeShard] = []
    reopening = timed(lambda: opened.append(EdgeShard.load(str(folder))))
    shard = opened[0]

    def answer(query: np.ndarray, pictures: bool = False) -> list[int]:
        return ask(shard, KINDS[kind], oversampling, query, pictures)

    first = timed(lambda: answer(queries[0]))
    for query in queries:
        answer(query)
    held = resident()
    row: dict[str, Any] = {
        "reopen_seconds": reopening,
        "first_ms": first * 1e3,
        "resident_mb": held["VmRSS"],
        "own_mb": held["RssAnon"],
        "before_mb": before["VmRSS"],
        **asked(queries, answer, truth["all"]),
    }
    for query in queries:
        answer(query, True)
    row["pictures"] = asked(queries, lambda query: answer(query, True), truth["pictures"])
    shard.close()
    return row


def asked(queries: np.ndarray, answer: Callable[[np.ndarray], list[int]], truth: np.ndarray) -> dict[str, float]:
    """Milliseconds of a query, its CPU in the mean of all, and the share of the true ten nearest that it finds."""
    took, found, cpu = [], 0, time.process_time()
    for query, right in zip(queries, truth, strict=True):
        began = time.perf_counter()
        answers = answer(query)
        took.append((time.perf_counter() - began) * 1e3)
        found += len(set(answers) & set(right.tolist()))
    return {
        **{f"p{share}_ms": float(np.percentile(took, share)) for share in (50, 95, 99)},
        "cpu_ms": (time.process_time() - cpu) * 1e3 / len(queries),
        "recall_at_10": found / truth.size,
    }


def forget(folder: Path) -> None:
    """Take the files out of the system's cache, where that can be had without being root."""
    for file in folder.rglob("*"):
        if file.is_file():
            handle = os.open(file, os.O_RDONLY)
            try:
                os.fsync(handle)
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(handle)


def resident() -> dict[str, float]:
    """MB of this process in memory: all of it, and what is not mapped from files (which the system may take back)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return {
        name: int(rest.split()[0]) * 1024 / 1e6 for name, _, rest in (line.partition(":") for line in lines) if "kB" in rest
    }


def main(step: str, kind: str, items: str, work: str, out: str, *oversampling: str) -> None:
    """Measure, and write JSON into OUT."""
    measure = measure_building if step == "build" else measure_asking
    found = measure(Path(work), kind, int(items), *map(float, oversampling))
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
