"""Vectors kept as float32, int8, bits, or short ones as a first stage: building, disk, memory, latency, recall.

    python -m benchmarks.quantisation --work DIR --items 100000 --builds 2
    python -m benchmarks.quantisation --work DIR --items 1000000 --only float32 int8

First a shard of each kind is built, one after the other; then each is asked in all its ways, every way in a process of its own,
and that in rounds, so that no kind has the machine's quiet minutes for itself. What FILE holds already stays, so a run that was
stopped goes on, and more builds and rounds may be added. The vectors are real (`benchmarks.quantisation_material`). Everything
in DIR may be thrown away afterwards.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine
from benchmarks.quantisation_material import PICTURES, nearest, read_rows, write_material
from benchmarks.quantisation_shards import KINDS
from benchmarks.quantisation_step import shard_folder
from encoders import load_encoder

__all__ = ["main"]

_ROOT = Path(__file__).parents[1]
_OUT = _ROOT / "benchmarks" / "results" / "quantisation.json"


def main(arguments: list[str] | None = None) -> int:
    """Make the material, measure what is missing, keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quantisation", description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="vectors and shards")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--builds", type=int, default=1, help="of each kind")
    parser.add_argument("--rounds", type=int, default=3, help="of asking, all kinds in turn")
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="KIND", help=" ".join(KINDS))
    parser.add_argument("--out", type=Path, default=_OUT, help="results as JSON, completed; default: %(default)s")
    options = parser.parse_args(arguments)
    work, out = options.work.resolve(), options.out
    prepare(work, options.items)
    results: dict[str, Any] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {"sizes": {}}
    results["machine"] = describe_machine()
    kinds: dict[str, Any] = results["sizes"].setdefault(str(options.items), {})
    for step, name, done, *more in _steps(kinds, options, work):
        done.append(take_step(work, step, name, options.items, *more))
        print(step, name, *more, json.dumps(done[-1]), flush=True)
        out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def _steps(kinds: dict[str, Any], options: argparse.Namespace, work: Path) -> Iterator[tuple[Any, ...]]:
    """What is missing: "build" or "ask", the kind, the list that the result belongs in, and what else the step is told."""
    for number in range(options.builds):
        for name in options.only:
            kept = kinds.setdefault(name, {"built": [], "ways": {str(factor): [] for factor in KINDS[name].oversampling}})
            if len(kept["built"]) <= number or not shard_folder(work, name, options.items).exists():
                yield "build", name, kept["built"]
    for number in range(options.rounds):
        for name in options.only:
            for factor, done in kinds[name]["ways"].items():
                if len(done) <= number:
                    yield "ask", name, done, factor


def prepare(work: Path, items: int) -> None:
    """Vectors and the true neighbours, made unless they are there."""
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "pictures.npy").exists():  # the last that is written
        write_material(work, load_encoder("starter", cache=work / "models"))
    truth = work / f"truth-{items}.npz"
    if not truth.exists():
        rows, queries = read_rows(work, items), np.load(work / "queries.npy")
        pictures = rows[: round(items * PICTURES)]
        np.savez(truth, all=nearest(rows, queries, 10), pictures=nearest(pictures, queries, 10))


def take_step(work: Path, step: str, name: str, items: int, *more: str) -> dict[str, Any]:
    """One build or one asking, in a process of its own, and how busy the machine was beside it."""
    busy, out = round(os.getloadavg()[0], 1), work / "step.json"
    command = [sys.executable, "-m", "benchmarks.quantisation_step", step, name, str(items), str(work), str(out), *more]
    if subprocess.run(command, cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)}, check=False).returncode:
        raise SystemExit(f"{step} {name} failed")
    return {"commit": describe_machine()["commit"], "load_before": busy, **json.loads(out.read_text(encoding="utf-8"))}


if __name__ == "__main__":
    sys.exit(main())
