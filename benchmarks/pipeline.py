"""Indexing pictures by stage: reading alone, encoding alone, and both at once as `python -m indexer add` does it.

    python -m benchmarks.pipeline --material DIR --out benchmarks/results/pipeline.json

Two folders: JPEGs of 12 megapixels, and JPEGs of 500x375. Each round takes all three in turn, with the networks exported
before; medians are told. Where readers and encoder share the same cores, both at once cannot reach the slower of the two
rates: the processor time of a file is the sum of both, so the bound is 1 / (1 / reading + 1 / encoding). Both are told.
"""

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

from benchmarks.machine import describe_machine
from benchmarks.main_job import add
from benchmarks.material import write_photographs
from encoders import load_encoder
from encoders.dual import DualEncoder
from indexer.items import LoadedSource, Source
from indexer.limits import Limits
from indexer.reading_pool import ReadingPool
from indexer.workers import ReadJob, cores, read_ahead

_BATCH = 32
_AHEAD = 16  # files a worker


def main() -> int:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__.split("\n")[0])
    parser.add_argument("--large", type=int, default=200, help="JPEGs of 12 megapixels")
    parser.add_argument("--small", type=int, default=1500, help="JPEGs of 500x375")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--material", type=Path, help="keep the generated files here, to use them again")
    parser.add_argument("--home", type=Path, help="library whose exported networks are used; default: made anew")
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = measure(options.material or Path(scratch) / "material", options.home or Path(scratch) / "home", options)
    print(json.dumps(results, indent=1))
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(material: Path, home: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All numbers of one run."""
    encoder = load_encoder("starter", cache=home / "models")
    results: dict[str, Any] = {"machine": describe_machine(), "rounds": options.rounds, "workers": cores(), "folders": {}}
    folders = {"12 megapixels": ((4000, 3000), 90, options.large), "500x375": ((500, 375), 88, options.small)}
    for name, (size, quality, count) in folders.items():
        folder = material / f"{name.replace(' ', '-')}-{count}"
        written = write_photographs(folder, count, size, quality)
        rounds = [_round(encoder, folder, home, f"{count}-{number}") for number in range(options.rounds)]
        results["folders"][name] = {"files": count, "mb": round(written / 1e6), **_summary(rounds)}
    return results


def _round(encoder: DualEncoder, folder: Path, home: Path, collection: str) -> dict[str, dict[str, Any]]:
    files = sorted(folder.rglob("*.jpg"))
    read, reading = _read(encoder, files)
    encoding = _encode(encoder, read)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    report = add(home, folder, f"pipeline-{collection}-{time.time_ns()}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    encoder_stage = next(stage for stage in report["stages"] if stage["name"] == "encoding")
    flow = encoder_stage["busy_seconds"] / encoder_stage["busy"]  # from the first file to the last, without the start
    both = {
        **_rate(len(files), flow, cpu),
        "seconds": report["seconds"],
        "stages": report["stages"],
        "peak_mb": report["peak_mb"],
    }
    return {"reading": reading, "encoding": encoding, "both": both}


def _read(encoder: DualEncoder, files: Sequence[Path]) -> tuple[list[LoadedSource], dict[str, float]]:
    """Read the files in worker processes as the indexer does, and do nothing with them."""
    jobs = (ReadJob(Source(path, path.stat().st_size, 0, 0), ()) for path in files)
    read: list[LoadedSource] = []
    with ReadingPool(cores()) as pool:
        pool.start()
        warm = [ReadJob(Source(path, path.stat().st_size, 0, 0), ()) for path in files[: 2 * cores()]]
        for each in (iter(warm), jobs):
            started, before = time.perf_counter(), _children()
            outcomes = read_ahead(pool, each, picture_spec=encoder.picture_spec, passage_tokens=200, limits=Limits(),
                                  window=cores() * _AHEAD)  # fmt: skip
            read = [one[1] for one in outcomes if one is not None and isinstance(one[1], LoadedSource)]
            took = time.perf_counter() - started, _children() - before
    return read, _rate(len(read), *took)


def _encode(encoder: DualEncoder, read: Sequence[LoadedSource]) -> dict[str, float]:
    """Encode what was read, in the indexer's batches, with nothing beside."""
    contents = [item.content for one in read for item in one.items]
    encoder.encode_candidates("image", contents[:_BATCH])
    started, before = time.perf_counter(), time.process_time()
    for start in range(0, len(contents), _BATCH):
        encoder.encode_candidates("image", contents[start : start + _BATCH])
    return _rate(len(contents), time.perf_counter() - started, time.process_time() - before)


def _children() -> float:
    """Processor seconds of the processes below this one."""
    return sum(sum(child.cpu_times()[:2]) for child in psutil.Process().children(recursive=True))


def _rate(files: int, seconds: float, cpu: float) -> dict[str, float]:
    return {"per_second": files / seconds, "cpu_ms": 1000 * cpu / files}


def _summary(rounds: Sequence[dict[str, dict[str, Any]]]) -> dict[str, Any]:
    """Medians, and how near both at once come to the two bounds, round by round."""
    result: dict[str, Any] = {
        stage: {key: round(statistics.median(one[stage][key] for one in rounds), 2) for key in ("per_second", "cpu_ms")}
        for stage in ("reading", "encoding", "both")
    }
    slower, shared, cpu = [], [], []
    for one in rounds:
        reading, encoding, both = (one[stage] for stage in ("reading", "encoding", "both"))
        slower.append(both["per_second"] / min(reading["per_second"], encoding["per_second"]))
        shared.append(both["per_second"] * (1 / reading["per_second"] + 1 / encoding["per_second"]))
        cpu.append((reading["cpu_ms"] + encoding["cpu_ms"]) / both["cpu_ms"])
    result["of_the_slower"] = round(statistics.median(slower), 3)
    result["of_the_shared_bound"] = round(statistics.median(shared), 3)
    result["cpu_that_reads_or_encodes"] = round(statistics.median(cpu), 3)  # the rest: start, writing, hand-over
    last = rounds[-1]["both"]
    result |= {"seconds": last["seconds"], "stages": last["stages"], "peak_mb": last["peak_mb"]}
    return result


if __name__ == "__main__":
    sys.exit(main())
