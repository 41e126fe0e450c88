"""The curve of a run as a picture: the loss, and R@1 and MRR on the held-out pairs, against the step."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["draw_curve"]

_SMOOTH = 25  # lines of the loss that are averaged where there are many


def draw_curve(records: Sequence[Mapping[str, Any]], path: Path, title: str) -> None:
    """Lines of metrics.jsonl -> a PNG of 960 x 480 pixels, written beside its place and renamed into it."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.8), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)  # a canvas of its own: drawing must not depend on a screen, nor touch anyone's plots
    left, right = figure.subplots(1, 2)
    steps, losses = _series(records, "loss")
    if len(losses):
        many = len(losses) >= 2 * _SMOOTH
        left.plot(steps, losses, color="#9db8d6" if many else "#1f4e8c", linewidth=0.8 if many else 1.5)
        if many:
            smooth = np.convolve(losses, np.full(_SMOOTH, 1 / _SMOOTH), "valid")
            left.plot(steps[_SMOOTH - 1 :], smooth, color="#1f4e8c")
    left.set(xlabel="step", ylabel="loss of the batch", title=title)
    for name, colour in (("R@1", "#1f4e8c"), ("MRR", "#c26a1b")):
        right.plot(*_series(records, name), color=colour, marker="o", markersize=3, label=name)
    right.set(xlabel="step", ylabel="on the held-out pairs", title="query to item")
    right.set_ylim(0, 1)
    right.legend()
    for axes in (left, right):
        axes.grid(alpha=0.3)
    beside = path.with_name(f".{os.getpid()}-{path.name}")
    figure.savefig(beside)
    beside.replace(path)


def _series(records: Sequence[Mapping[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Steps and values of the lines that have it."""
    chosen = [(record["step"], record[name]) for record in records if name in record]
    steps, values = zip(*chosen, strict=True) if chosen else ((), ())
    return np.array(steps), np.array(values, float)
