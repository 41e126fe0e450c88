"""The table of what adding to a large library costs, beside an empty one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import median
from typing import Any

__all__ = ["growing_table"]

Turns = Sequence[Mapping[str, float]]


def growing_table(results: Mapping[str, Any]) -> str:
    """Markdown: a row for each kind of run."""
    turns, machine = results["turns"], results["machine"]
    lines = [
        f"| run | empty library: seconds | CPU | {results['items']:,} items: seconds | CPU | ratio: seconds | CPU |",
        "|---|---|---|---|---|---|---|",
        _row(f"{results['files']:,} new photographs, median", turns["empty"], turns["large"], median),
        _row("the longest of these", turns["empty"], turns["large"], max),
        _row("nothing new, median", turns["empty, nothing new"], turns["large, nothing new"], median),
        "",
        f"{len(turns['large'])} turns, start of the process and model included, {machine['cores']} cores"
        f" ({machine['architecture']}); `python -m benchmarks.growing --items {results['items']}`, commit {machine['commit']}.",
    ]
    return "\n".join(lines)


def _row(name: str, empty: Turns, large: Turns, of: Callable[[Iterable[float]], float]) -> str:
    sides = [{unit: of(turn[unit] for turn in side) for unit in ("seconds", "cpu_seconds")} for side in (empty, large)]
    ratios = [sides[1][unit] / sides[0][unit] for unit in ("seconds", "cpu_seconds")]
    cells = [f"{side[unit]:.1f}" for side in sides for unit in ("seconds", "cpu_seconds")]
    return f"| {name} | {' | '.join([*cells, *(f'{ratio:.2f}' for ratio in ratios)])} |"
