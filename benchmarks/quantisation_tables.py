"""The tables of vectors kept in different ways, one for each number of items that was measured."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.quantisation_shards import KINDS

__all__ = ["QUANTISATION_TABLES", "quantisation_table"]

Results = Mapping[str, Any]
_PLAIN = "float32"
_HEADS = ("kept as", "rescored", "p50, ms", "of float32", "CPU, ms", "p95", "p99", "recall@10", "pictures: p50", "recall@10",
          "building", "its CPU", "disk", "resident", "its own", "first query")  # fmt: skip


def quantisation_table(results: Results, items: int) -> str:
    """Markdown: a row for each way to keep and ask; medians of all turns."""
    kinds = results["sizes"].get(str(items))
    if not kinds:
        return "Not measured yet."
    kinds = {name: kinds[name] for name in KINDS if name in kinds}
    plain = _middle(kinds[_PLAIN]["ways"]["0.0"], "p50_ms")
    rows = [_row(name, kept, factor, plain) for name, kept in kinds.items() for factor in kept["ways"]]
    built = [one for kept in kinds.values() for one in kept["built"]]
    askings = [one for kept in kinds.values() for way in kept["ways"].values() for one in way]
    builds = sorted({len(kept["built"]) for kept in kinds.values()})
    rounds = sorted({len(way) for kept in kinds.values() for way in kept["ways"].values()})
    machine = results["machine"]
    commits = ", ".join(sorted({one["commit"] for one in [*built, *askings]}))
    note = (
        f"{items:,} items of 384 dimensions, {machine['cores']} cores ({machine['architecture']}), Qdrant Edge "
        f"{machine['versions']['qdrant-edge-py']}; medians of {_range(builds)} builds and {_range(rounds)} rounds of asking; "
        f"load {_loads(built)} while building and {_loads(askings)} while asking; commits {commits}."
    )
    lines = [f"| {' | '.join(_HEADS)} |", "|" + "---|" * len(_HEADS), *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join([*lines, "", note])


def _row(name: str, kept: Results, factor: str, plain: float) -> Sequence[str]:
    askings, builds = kept["ways"][factor], [one["build"] for one in kept["built"]]
    pictures = [asking["pictures"] for asking in askings]
    p50 = _middle(askings, "p50_ms")
    rescored = f"{float(factor):g} times" if float(factor) else "" if name == _PLAIN else "no"
    return (
        KINDS[name].about, rescored, f"{p50:.2f}", f"{p50 / plain:.0%}", f"{_middle(askings, 'cpu_ms'):.2f}",
        f"{_middle(askings, 'p95_ms'):.2f}", f"{_middle(askings, 'p99_ms'):.2f}", f"{_middle(askings, 'recall_at_10'):.3f}",
        f"{_middle(pictures, 'p50_ms'):.2f}", f"{_middle(pictures, 'recall_at_10'):.3f}",
        f"{_middle(builds, 'seconds'):,.0f} s",
        f"{_middle(builds, 'cpu_seconds'):,.0f} s", f"{_middle(kept['built'], 'disk_mb'):,.0f} MB",
        f"{_middle(askings, 'resident_mb'):,.0f} MB", f"{_middle(askings, 'own_mb'):,.0f} MB",
        f"{_middle(askings, 'first_ms'):,.0f} ms",
    )  # fmt: skip


def _loads(steps: Sequence[Results]) -> str:
    loads = sorted(one["load_before"] for one in steps)
    return f"{loads[0]:.0f} to {loads[-1]:.0f}"


def _middle(rows: Sequence[Results], name: str) -> float:
    return float(statistics.median(row[name] for row in rows))


def _range(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"


QUANTISATION_TABLES: dict[str, Callable[[Results], str]] = {
    "quantisation_100k": lambda results: quantisation_table(results, 100_000),
    "quantisation_1m": lambda results: quantisation_table(results, 1_000_000),
}
"""Name of a table -> function(results)."""
