"""Evaluations as a picture: how recall grows with k, and where the right items stand. One model, or several together."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from encoders.errors import FileError, InputError, MissingDependency
from encoders.evaluation.measure import Direction, Evaluation
from encoders.evaluation.metrics import at_chance, first_ranks, recall_at

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["check_plot", "draw"]

_COLOURS = ("#1f5fa8", "#d9730d", "#2f8f4e", "#8b4fb0")


def check_plot(path: Path) -> None:
    """Say now what would stop `draw` after an hour of encoding: another ending than .png, no such folder, no matplotlib."""
    if path.suffix.lower() != ".png":
        raise InputError(f"the plot is a PNG picture, so its name must end in .png, not {path.name!r}")
    if not path.parent.is_dir():
        raise FileError(f"the plot cannot be written: there is no folder {path.parent}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingDependency("matplotlib", "a plot", "matplotlib>=3.10") from None


def draw(evaluations: Sequence[Evaluation], path: Path) -> None:
    """Write a PNG: for each direction of the first evaluation R@k over k, and the ranks of the best right items.

    Raises FileError when it cannot be written, and what `check_plot` raises.
    """
    check_plot(path)
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [one.name for one in evaluations[0].directions]
    figure = Figure(figsize=(11, 4.2 * len(names)), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    panels = figure.subplots(len(names), 2, squeeze=False)
    for name, (left, right) in zip(names, panels, strict=True):
        shown = [(one.subject.model or "vectors", one[name]) for one in evaluations if name in [d.name for d in one.directions]]
        _draw_recall(left, shown)
        _draw_ranks(right, shown)
    figure.suptitle(evaluations[0].subject.data)
    try:
        canvas.print_png(path)
    except OSError as error:
        raise FileError(f"the plot {path} cannot be written: {error.strerror or error}") from error


def _draw_recall(panel: "Axes", shown: Sequence[tuple[str, Direction]]) -> None:
    ranking = shown[0][1].ranking
    ks = np.unique(np.geomspace(1, ranking.candidates, 60).round().astype(int))
    for (model, direction), colour in zip(shown, _COLOURS, strict=False):
        panel.plot(ks, [recall_at(direction.ranking, int(k)) for k in ks], color=colour, label=model)
    chance = at_chance(ranking)
    panel.plot(ks, [recall_at(chance, int(k)) for k in ks], color="0.6", linestyle="--", label="chance")
    panel.set(title=shown[0][1].name, xlabel="k", ylabel="R@k", ylim=(0, 1.02))
    _finish(panel, ranking.candidates)


def _draw_ranks(panel: "Axes", shown: Sequence[tuple[str, Direction]]) -> None:
    candidates = shown[0][1].ranking.candidates
    edges = np.unique(np.geomspace(1, candidates + 1, 16).round())
    for (model, direction), colour in zip(shown, _COLOURS, strict=False):
        counts, _ = np.histogram(first_ranks(direction.ranking), edges)
        panel.stairs(counts / counts.sum(), edges, color=colour, fill=len(shown) == 1, label=model)
    panel.set(title="rank of the best right item", xlabel="rank", ylabel="share of queries")
    _finish(panel, candidates)


def _finish(panel: "Axes", candidates: int) -> None:
    """What both panels share: a logarithmic axis of ranks with plain numbers, a grid behind, the names of the models."""
    panel.set(xscale="log", xlim=(0.9, 1.2 * candidates))
    panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panel.set_axisbelow(True)
    panel.grid(color="0.9")
    panel.legend(frameon=False)
