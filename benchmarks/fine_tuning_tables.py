"""The tables of docs/fine_tuning.md, made of benchmarks/results/fine_tuning.json."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

__all__ = ["FINE_TUNING_TABLES"]

_RETRIEVAL = ("R@1", "R@5", "R@10", "MRR")
_ASKED = ("R@1", "R@10", "R@10 seldom", "tail@10", "coverage@10")
_HEADINGS = {"R@10 seldom": "R@10 of what training saw once"}


def _table(results: Mapping[str, Any], table: str, first: str, metrics: Sequence[str]) -> str:
    rows = [row for row in results["rows"].values() if row["table"] == table]
    if not any("cpu_seconds" in row for row in rows):
        return "Not measured yet."
    titles = {name: row["title"] for name, row in results["rows"].items()}
    headings = [first, *(_HEADINGS.get(metric, metric) for metric in metrics), "R@10 against", "time, CPU, memory"]
    lines = ["| " + " | ".join(headings) + " |", "|---" * len(headings) + "|"]
    for row in rows:
        cells = [row["title"], *(_number(row["metrics"][metric]) for metric in metrics), _against(row, titles), _cost(row)]
        lines.append("| " + " | ".join(cells) + " |")
    asked, found = rows[0]["queries"], rows[0]["candidates"]
    lines += ["", f"{asked:,} queries, {found:,} items; in brackets the 95% interval. {_chance(rows[0])}"]
    return "\n".join(lines)


def _number(said: Sequence[float | None]) -> str:
    """Value and interval: ".123 (.100 to .140)"."""
    value, low, high, _ = said
    return _short(value) if low is None else f"{_short(value)} ({_short(low)} to {_short(high)})"


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}".removeprefix("0")


def _against(row: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Difference and p: "+.050 to the starter, p .001"."""
    if "against" not in row:
        return ""
    said = row["against"]["R@10"]
    sign = "-" if said["value"] < 0 else "+"
    return f"{titles[row['against']['row']]}: {sign}{_short(abs(said['value']))}, p {_short(max(said['p'], 0.0005))}"


def _cost(row: Mapping[str, Any]) -> str:
    if "cpu_seconds" not in row:
        return ""
    return f"{row['seconds']:.0f} s, {row['cpu_seconds']} s, {row['peak_mb']:,} MB"


def _chance(row: Mapping[str, Any]) -> str:
    chance = row["metrics"]["R@10"][3]
    return f"Chance alone: R@10 {_short(chance)}."


def _setting(results: Mapping[str, Any]) -> str:
    """Say what ran on what."""
    machine, parts = results["machine"], results["collection"]
    cpu = ", ".join(machine["cpu"]) or "no vector extensions of note"
    versions = ", ".join(
        f"{name} {machine['versions'][name]}" for name in ("torch", "sentence-transformers", "open_clip_torch")
    )
    return (
        f"{parts['train']:,} pictures to train on, {parts['held-out']:,} to choose the best moment, {parts['exam']:,} for the "
        f"exam. On {machine['cores']} cores ({machine['architecture']}: {cpu}), of which torch used one, both shared with much "
        "other work: trust the CPU seconds, which include the start, more than the seconds. "
        f"{versions}; `python -m benchmarks.fine_tuning`, commit {machine['commit']}."
    )


FINE_TUNING_TABLES = {
    "fine_tuning_setting": _setting,
    "fine_tuning_starter": partial(_table, table="starter", first="what learns", metrics=_RETRIEVAL),
    "fine_tuning_asked": partial(_table, table="asked", first="what learns", metrics=_ASKED),
    "fine_tuning_clip": partial(_table, table="clip", first="trainer", metrics=_RETRIEVAL),
    "fine_tuning_texts": partial(_table, table="texts", first="trainer", metrics=_RETRIEVAL),
}
"""Name of a table -> function(results)."""
