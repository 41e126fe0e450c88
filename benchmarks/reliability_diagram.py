"""The reliability diagram: what relevance says of hits, and how many of them are right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["draw_reliability"]

_COLOURS = {"best hit": "#1f5fa8", "first ten hits": "#d9730d"}


def draw_reliability(results: Mapping[str, Any], path: Path) -> None:
    """Write a PNG of the entry of all collections together; the area of a mark is how many hits it stands for."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    whole = results["relevance"][-1]["calibration"]
    figure = Figure(figsize=(5.2, 4.4), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    panel = figure.subplots()
    panel.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="as it should be")
    for name, colour in _COLOURS.items():
        bins, most = whole[name]["bins"], max(part["count"] for part in whole[name]["bins"])
        said, right = [part["said"] for part in bins], [part["right"] for part in bins]
        panel.plot(said, right, color=colour, label=f"{name} (expected calibration error {whole[name]['error']:.3f})")
        panel.scatter(said, right, s=[15 + 150 * part["count"] / most for part in bins], color=colour)
    panel.set(xlabel="relevance", ylabel="share of hits that are right", xlim=(0, 1), ylim=(0, 1))
    panel.set_axisbelow(True)
    panel.grid(color="0.9")
    panel.legend(frameon=False, loc="upper left")
    canvas.print_png(path)
