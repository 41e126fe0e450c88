"""The main job, measured: index photographs and pages, ask the library, cold and warm, and watch the memory.

    python -m benchmarks.main_job                       1,000 photographs, 1,000 pages: about two minutes
    python -m benchmarks.main_job --many 10000          then 10,000 photographs as well: memory and queries at ten times
    python -m benchmarks.main_job --out FILE            also write what was measured, for benchmarks.publish

Every `add` and every cold query is a process of its own, as people start it. Peak memory is the sum of the resident memory
of the process and its readers, sampled 20 times a second (pages they share count more than once, so it is an upper bound).
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.machine import describe_machine
from benchmarks.material import write_pages, write_photographs

QUERIES = (
    "a black cat", "an astronaut in a space suit", "a cup of coffee", "a rocket launch", "a red motorcycle",
    "galaxies in deep space", "sorting a list", "reading a file line by line", "open a network socket", "parse dates and times",
)  # fmt: skip


def main() -> int:
    """Run, print a table, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.main_job", description=__doc__.split("\n")[0])
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--many", type=int, default=0, help="photographs of a second, larger library; 0: none")
    parser.add_argument("--material", type=Path, help="keep the generated files here, to use them again")
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        material, home = options.material or Path(scratch) / "material", Path(scratch) / "home"
        results = measure(material, home, options.photos, options.pages)
        if options.many:
            results["many"] = measure_many(material, home, options.many)
    print_table(results)
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(material: Path, home: Path, photos: int, pages: int) -> dict[str, Any]:
    """All numbers of one run."""
    results: dict[str, Any] = {"machine": describe_machine(), "photos": photos, "pages": pages}
    warm = material / "warm-up"
    write_photographs(warm, 8)
    write_pages(warm, 8)
    results["first_run_export_seconds"] = add(home, warm, "warm-up")["seconds"]
    for name, write, count in (("photos", write_photographs, photos), ("pages", write_pages, pages)):
        folder = material / f"{name}-{count}"
        size = write(folder, count)
        results[f"add_{name}"] = {**add(home, folder, "main"), "bytes": size}
    results["unchanged"] = add(home, material / f"photos-{photos}", "main")
    results["cold_query_seconds"] = [cold_query(home, text) for text in QUERIES[:5]]
    results["warm_query_ms"] = warm_queries(home)
    return results


def measure_many(material: Path, home: Path, photos: int) -> dict[str, Any]:
    """The larger library, in a collection of its own: whether memory grows and queries slow down."""
    folder = material / f"photos-{photos}"
    write_photographs(folder, photos)
    return {"add_photos": add(home, folder, "many"), "warm_query_ms": warm_queries(home, "many")}


def add(home: Path, folder: Path, collection: str) -> dict[str, Any]:
    """One `python -m indexer add`, with its own report and the peak memory of its processes."""
    command = [sys.executable, "-m", "indexer", "add", str(folder), "--home", str(home), "--collection", collection, "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    peaks = {"main": 0, "all": 0}
    watcher = threading.Thread(target=_watch, args=(process.pid, peaks), daemon=True)
    watcher.start()
    out, _ = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"add failed with exit code {process.returncode}")
    report = json.loads(out)
    report["peak_mb"] = {name: round(value / 2**20) for name, value in peaks.items()}
    return report


def _watch(pid: int, peaks: dict[str, int]) -> None:
    try:
        root = psutil.Process(pid)
        while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
            main, total = root.memory_info().rss, 0
            for child in root.children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            peaks["main"], peaks["all"] = max(peaks["main"], main), max(peaks["all"], main + total)
            time.sleep(0.05)
    except psutil.NoSuchProcess:
        return


def cold_query(home: Path, text: str) -> float:
    """Seconds from starting `python -m search` to its end."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "search", text, "--home", str(home), "--json"], check=True, capture_output=True)
    return round(time.perf_counter() - started, 3)


def warm_queries(home: Path, collection: str = "main", rounds: int = 20) -> dict[str, float]:
    """Milliseconds of a query in a process that has the library open, as the app has it; every text a new one."""
    from search import open_library

    with open_library(home, collection) as library:
        items = library.status().items
        library.search("warm up")
        took = []
        for number in range(rounds):
            for text in QUERIES:
                started = time.perf_counter()
                library.search(f"{text} {number}", limit=24)
                took.append((time.perf_counter() - started) * 1000)
    took.sort()
    return {
        "items": items,
        "p50": round(statistics.median(took), 2),
        "p95": round(took[int(len(took) * 0.95)], 2),
        "max": round(took[-1], 2),
    }


def print_table(results: dict[str, Any]) -> None:
    """For people."""
    for name in ("photos", "pages"):
        report = results[f"add_{name}"]
        rate, peak = report["indexed"] / report["seconds"], report["peak_mb"]
        print(
            f"add {report['indexed']:,} {name}: {report['seconds']:.1f} s, {rate:.1f} files/s, "
            f"{report['items_per_second']:.1f} items/s, peak {peak['main']} MB ({peak['all']} with readers)"
        )
    print(f"add again, unchanged: {results['unchanged']['seconds']:.2f} s for {results['unchanged']['unchanged']:,} files")
    print(f"cold query: median {statistics.median(results['cold_query_seconds']):.2f} s")
    warm = results["warm_query_ms"]
    print(f"warm query at {warm['items']:,} items: p50 {warm['p50']} ms, p95 {warm['p95']} ms")
    if "many" in results:
        many = results["many"]
        print(
            f"add {many['add_photos']['indexed']:,} photos: {many['add_photos']['seconds']:.0f} s, "
            f"peak {many['add_photos']['peak_mb']['main']} MB ({many['add_photos']['peak_mb']['all']} with readers); "
            f"warm query p50 {many['warm_query_ms']['p50']} ms, p95 {many['warm_query_ms']['p95']} ms"
        )
    print(f"first run of all, with export of the networks: {results['first_run_export_seconds']:.1f} s")


if __name__ == "__main__":
    sys.exit(main())
