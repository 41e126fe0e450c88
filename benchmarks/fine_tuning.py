"""Fine-tuning, measured: what it brings on a specialised collection, and how the trainer compares with two others.

    python -m benchmarks.fine_tuning --work DIR              everything: about half an hour on two cores
    python -m benchmarks.fine_tuning --work DIR --quick      one epoch, a few pictures: whether it runs
    python -m benchmarks.fine_tuning --work DIR --out FILE   also write what was measured, for benchmarks.publish

A row that was finished before in DIR is not run again; `--rows` names some of them. Each row has a process of its own; its
peak memory and CPU seconds are noted when training ends, before it is judged. The comparison with sentence-transformers needs
the package `datasets`, drawing the icons `resvg-py` (both in requirements-dev.txt) and npm.
"""

import argparse
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.fine_tuning_rows import ROWS, Row
from benchmarks.machine import describe_machine

__all__ = ["main", "summary"]

_SIZES = {"exam": 400, "held-out": 150, "train": 1250}
_QUICK_SIZES = {"exam": 40, "held-out": 20, "train": 100}
_ONE_THREAD = {"OMP_NUM_THREADS": "1"}  # threads that wait for each other on a busy machine measure the others' work
_METRICS = ("R@1", "R@5", "R@10", "MRR", "tail@10", "coverage@10")


def main(arguments: list[str] | None = None) -> int:
    """Run what is missing, print it, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fine_tuning", description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="pictures, runs and finished rows")
    parser.add_argument("--rows", nargs="*", metavar="ROW", help=f"of: {' '.join(row.name for row in ROWS)}")
    parser.add_argument("--quick", action="store_true", help="few pictures, one epoch; numbers of it mean nothing")
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    options = parser.parse_args(arguments)
    work = options.work.resolve()
    sizes = prepare(work, _QUICK_SIZES if options.quick else _SIZES)
    for row in ROWS:
        if options.rows is None or row.name in options.rows:
            run_row(row, work, options.quick)
    results = {"machine": describe_machine(), "collection": sizes, **summary(work)}
    for name, row in results["rows"].items():
        print(name, json.dumps(row))
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def prepare(work: Path, wanted: dict[str, int]) -> dict[str, Any]:
    """Draw the collection, unless it is there; how large its parts are."""
    from benchmarks.icons import read_icons, split_icons, write_collection

    (work / "rows").mkdir(parents=True, exist_ok=True)
    done = work / "collection.json"
    if not done.exists():
        sizes = write_collection(split_icons(read_icons(work / "packages"), wanted), work / "collection")
        done.write_text(json.dumps(sizes), encoding="utf-8")
    sizes = json.loads(done.read_text(encoding="utf-8"))
    return dict(sizes)


def run_row(row: Row, work: Path, quick: bool = False) -> None:
    """Train and judge one row, unless that was done."""
    done = work / "rows" / f"{row.name}.json"
    if done.exists():
        return
    print(f"{row.name} ...", flush=True)
    command = [sys.executable, "-m", "benchmarks.fine_tuning_step", row.name, str(work), *(["--quick"] if quick else [])]
    log = work / "rows" / f"{row.name}.log"
    with log.open("ab") as file:
        if subprocess.run(command, stdout=file, stderr=file, env={**os.environ, **_ONE_THREAD}, check=False).returncode:
            raise SystemExit(f"the row {row.name} failed; see {log}")
    cost = json.loads((work / "rows" / f"{row.name}.cost.json").read_text(encoding="utf-8"))
    done.write_text(json.dumps({"cost": cost}), encoding="utf-8")


def summary(work: Path) -> dict[str, Any]:
    """Every finished row: its metrics with 95% intervals, its cost, and how it differs from the row it is compared with."""
    from encoders.evaluation.comparison import compare
    from encoders.evaluation.run import FORWARD

    rows: dict[str, Any] = {}
    judged: dict[str, Any] = {}
    for row in ROWS:
        done = work / "rows" / f"{row.name}.json"
        if not done.exists():
            continue
        with (work / "rows" / f"{row.name}.judged.pickle").open("rb") as file:
            judged[row.name] = pickle.load(file)  # our own, of another process
        found = judged[row.name]["evaluation"]
        way = found[FORWARD]
        about = json.loads(done.read_text(encoding="utf-8"))
        numbers = {metric: _numbers(way.estimates[metric]) for metric in _METRICS}
        if judged[row.name]["popularity"] is not None:
            numbers["R@10 seldom"] = _seldom(way, judged[row.name]["popularity"])
        rows[row.name] = {"title": row.title, "table": row.table, **about["cost"], "metrics": numbers}
        rows[row.name] |= {"queries": way.ranking.queries, "candidates": way.ranking.candidates}
        if row.against in judged:
            both = compare(found, judged[row.against]["evaluation"]).differences[FORWARD]
            rows[row.name]["against"] = {"row": row.against, **{name: vars(both[name]) for name in ("R@1", "R@10", "MRR")}}
    return {"rows": rows}


def _numbers(estimate: Any) -> list[float | None]:
    return [None if one is None else round(one, 4) for one in (estimate.value, estimate.low, estimate.high, estimate.chance)]


def _seldom(way: Any, popularity: dict[str, int]) -> list[float | None]:
    """R@10 of the queries whose picture training saw once: (value, low, high, chance)."""
    from encoders.evaluation.bootstrap import interval, summarise

    chosen = [place for place, query in enumerate(way.queries) if popularity[query] <= 1]
    scores, groups = way.scores["R@10"][chosen], way.groups[chosen]
    low, high = interval(scores, groups)
    return [round(summarise(scores), 4), round(low, 4), round(high, 4), None]


if __name__ == "__main__":
    sys.exit(main())
