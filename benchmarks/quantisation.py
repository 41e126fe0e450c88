"""Vectors kept as float32, int8, bits, or short ones as a first stage: building, disk, memory, latency, recall.

    python -m benchmarks.quantisation --work DIR --items 100000 --turns 2
    python -m benchmarks.quantisation --work DIR --items 1000000 --only float32 int8

A turn builds a shard of each kind, one after the other, and asks each in all its ways, every way twice in a process of its own.
What FILE holds already stays, so a run that was stopped goes on, and more turns may be added. The vectors are real
(`benchmarks.quantisation_material`). Everything in DIR may be thrown away afterwards.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
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
_ASKINGS = 2  # of each way, each turn


def main(arguments: list[str] | None = None) -> int:
    """Make the material, measure what is missing, keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quantisation", description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="vectors and shards")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="KIND", help=" ".join(KINDS))
    parser.add_argument("--out", type=Path, default=_OUT, help="results as JSON, completed; default: %(default)s")
    options = parser.parse_args(arguments)
    work, out = options.work.resolve(), options.out
    prepare(work, options.items)
    results: dict[str, Any] = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {"sizes": {}}
    results["machine"] = describe_machine()
    kinds: dict[str, list[Any]] = results["sizes"].setdefault(str(options.items), {})
    for turn in range(options.turns):
        for name in options.only:
            if len(kinds.setdefault(name, [])) <= turn:
                kinds[name].append(take_turn(work, name, options.items))
                print(name, json.dumps(kinds[name][-1]), flush=True)
                out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


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


def take_turn(work: Path, name: str, items: int) -> dict[str, Any]:
    """Build, ask in every way, throw the shard away."""
    busy = round(os.getloadavg()[0], 1)
    built = _step(work, "build", name, items)
    askings: dict[str, list[Any]] = {str(factor): [] for factor in KINDS[name].oversampling}
    for _ in range(_ASKINGS):
        for factor, rows in askings.items():
            rows.append(_step(work, "ask", name, items, factor))
    shutil.rmtree(shard_folder(work, name, items))
    return {"commit": describe_machine()["commit"], "load_before": busy, **built, "ways": askings}


def _step(work: Path, step: str, name: str, items: int, *more: str) -> dict[str, Any]:
    out = work / "step.json"
    command = [sys.executable, "-m", "benchmarks.quantisation_step", step, name, str(items), str(work), str(out), *more]
    if subprocess.run(command, cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)}, check=False).returncode:
        raise SystemExit(f"{step} {name} failed")
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    sys.exit(main())
