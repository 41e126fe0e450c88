"""The plot of docs/performance.md: who indexes how many pictures in a second of CPU, and queries by the number of items."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.performance_tables import PICTURES, latest, medians

__all__ = ["draw_performance"]

_COLOURS = {"ours": "#1f5fa8", "loop": "#9a9a9a", "clip-retrieval": "#d9730d", "rclip": "#5a9a3c"}


def draw_performance(results: Mapping[str, Any], path: Path) -> None:
    """Write a PNG; what was not measured leaves its panel empty."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 3.8), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    pictures, queries = figure.subplots(1, 2)
    bars = []
    for name, about, network in reversed(PICTURES):
        if found := latest(results, name):
            for side, turns in reversed(found[1]["found"]["sides"].items()):
                bars.append((f"{side}, {network}, {about}", medians(turns)[1], side))
    pictures.barh([name for name, _, _ in bars], [rate for _, rate, _ in bars], color=[_COLOURS[side] for _, _, side in bars])
    pictures.set(xlabel="pictures indexed in a second of CPU")
    rows = [size["queries"]["found"] for size in results["sizes"].values() if "queries" in size]
    rows.sort(key=lambda row: row["items"])
    for share, style in ((50, "-"), (95, "--"), (99, ":")):
        queries.plot([row["items"] for row in rows], [row[f"p{share}_ms"] for row in rows], f"o{style}", label=f"{share}%")
    queries.set(xscale="log", xlabel="items in the store", ylabel="query, milliseconds")
    queries.set_ylim(bottom=0)
    if rows:
        queries.legend(frameon=False)
    else:
        queries.text(0.5, 0.5, "not measured yet", transform=queries.transAxes, ha="center")
    for panel in (pictures, queries):
        panel.set_axisbelow(True)
        panel.grid(color="0.9")
    canvas.print_png(path)
