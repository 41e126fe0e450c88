"""The plot of docs/performance.md: who indexes how many pictures in a second of CPU, and a store by the number of items."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.performance_tables import PICTURES, latest, medians

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_performance"]

_COLOURS = {"ours": "#1f5fa8", "loop": "#9a9a9a", "clip-retrieval": "#d9730d", "rclip": "#5a9a3c"}
_Row = Mapping[str, Any]
_SIZED: tuple[tuple[str, Mapping[str, Callable[[_Row], float]]], ...] = (  # label, its lines
    ("query, milliseconds", {f"{share}%": lambda row, share=share: row[f"p{share}_ms"] for share in (50, 95, 99)}),  # type: ignore[misc]  # bound here
    ("building, seconds", {"clock": lambda row: row["build"]["seconds"], "CPU": lambda row: row["build"]["cpu_seconds"]}),
    ("disk, MB", {"": lambda row: row["disk_mb"]}),
    ("peak memory, MB", {"": lambda row: row["peak_mb"]}),
    ("recall@10", {"": lambda row: row["recall_at_10"]}),
)
_STYLES = ("o-", "o--", "o:")


def draw_performance(results: Mapping[str, Any], path: Path) -> None:
    """Write a PNG; what was not measured leaves its panel empty."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 6), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    pictures, *sized = figure.subplots(2, 3).flat
    _draw_pictures(pictures, results)
    rows = [size["queries"]["found"] for size in results["sizes"].values() if "queries" in size]
    rows.sort(key=lambda row: row["items"])
    for panel, (label, lines) in zip(sized, _SIZED, strict=True):
        _draw_sizes(panel, rows, label, lines)
    for panel in (pictures, *sized):
        panel.set_axisbelow(True)
        panel.grid(color="0.9")
    canvas.print_png(path)


def _draw_pictures(panel: "Axes", results: Mapping[str, Any]) -> None:
    bars = []
    for name, about, network in reversed(PICTURES):
        if found := latest(results, name):
            for side, turns in reversed(found[1]["found"]["sides"].items()):
                bars.append((f"{side}\n{network}, {about}", medians(turns)[1], side))
    panel.barh([name for name, _, _ in bars], [rate for _, rate, _ in bars], color=[_COLOURS[side] for _, _, side in bars])
    panel.tick_params(axis="y", labelsize=7)
    panel.set(xlabel="pictures indexed in a second of CPU")


def _draw_sizes(panel: "Axes", rows: Sequence[_Row], label: str, lines: Mapping[str, Callable[[_Row], float]]) -> None:
    for (name, value), style in zip(lines.items(), _STYLES, strict=False):
        panel.plot([row["items"] for row in rows], [value(row) for row in rows], style, label=name)
    panel.set(xscale="log", xlabel="items in the store", ylabel=label)
    if label.startswith("recall"):
        panel.set_ylim(0, 1.05)
    elif rows:
        panel.set_yscale("log")
    if rows and len(lines) > 1:
        panel.legend(frameon=False)
    if not rows:
        panel.text(0.5, 0.5, "not measured yet", transform=panel.transAxes, ha="center")
