"""Performance, measured side by side: start-up, indexing, queries, and the same work done by what people use instead.

    python -m benchmarks.performance --size minute --work DIR --out benchmarks/results/performance.json
    python -m benchmarks.performance --size hour --work DIR --only queries folders       some of the measurements

Sizes: minute, ten-minutes, hour (on two cores that nobody else uses). Every measurement has a process of its own, and one
that FILE holds already, of this commit and size, is not done again, so a run that was stopped goes on. Files of OUT that
other sizes wrote stay. Afterwards `python -m benchmarks.publish` fills the tables of docs/performance.md; the plot is drawn
at the end of each run.

Everything in DIR may be thrown away afterwards. The environments of the programs that are compared with are made there.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.performance_plot import draw_performance
from benchmarks.performance_sizes import SIZES
from benchmarks.performance_step import MEASUREMENTS

__all__ = ["main"]

_ROOT = Path(__file__).parents[1]
_OUT = _ROOT / "benchmarks" / "results" / "performance.json"


def main(arguments: list[str] | None = None) -> int:
    """Measure what is missing, keep it, draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.performance", description=__doc__.split("\n")[0])
    parser.add_argument("--size", choices=sorted(SIZES), default="minute")
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="material, environments, unfinished turns")
    parser.add_argument("--only", nargs="+", choices=sorted(MEASUREMENTS), metavar="NAME", help=" ".join(MEASUREMENTS))
    parser.add_argument("--out", type=Path, default=_OUT, help="results as JSON, completed; default: %(default)s")
    options = parser.parse_args(arguments)
    work, results = options.work.resolve(), _read(options.out)
    results["machine"] = machine = describe_machine()
    done = results.setdefault("sizes", {}).setdefault(options.size, {})
    for name in options.only or MEASUREMENTS:
        if done.get(name, {}).get("commit") == machine["commit"]:
            continue
        print(f"{options.size}: {name} ...", flush=True)
        done[name] = {"commit": machine["commit"], **run_step(name, options.size, work / machine["commit"], work)}
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.out == _OUT:
        draw_performance(results, _ROOT / "docs" / "performance.png")
    return 0


def run_step(name: str, size: str, scratch: Path, work: Path) -> dict[str, Any]:
    """One measurement: when it was, how busy the machine was beside it, and what was found."""
    scratch.mkdir(parents=True, exist_ok=True)
    out = scratch / f"{name}-{size}.json"
    busy, started = os.getloadavg()[0], time.perf_counter()
    command = [sys.executable, "-m", "benchmarks.performance_step", name, size, str(work), str(out)]
    if subprocess.run(command, cwd=_ROOT, env={**os.environ, "PYTHONPATH": str(_ROOT)}, check=False).returncode:
        raise SystemExit(f"the measurement {name} failed")
    took = time.perf_counter() - started
    return {"load_before": round(busy, 1), "took_seconds": round(took, 1), "found": json.loads(out.read_text())}


def _read(path: Path) -> dict[str, Any]:
    results: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return results


if __name__ == "__main__":
    sys.exit(main())
