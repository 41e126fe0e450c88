"""What the slow extras of pictures cost, in a sentence each."""

from collections.abc import Mapping
from typing import Any

__all__ = ["heat_line", "ocr_line"]


def ocr_line(results: Mapping[str, Any]) -> str:
    """Markdown: how many pictures are read in a second."""
    ocr = results["ocr"]
    kinds = {"photograph": "a photograph without words", "sign": "one with two lines", "screen": "a screen of twelve lines"}
    told = ", ".join(f"{name} {ocr['seconds'][kind]['processor']:.2f} s" for kind, name in kinds.items())
    return (
        f"{ocr['pictures_per_second']:.1f} pictures a second were read, and {ocr['words_read']:.0%} of their words; of the"
        f" processor's time {told} (medians of {ocr['pictures']} pictures, half of them without words) {_on(results)}."
    )


def heat_line(results: Mapping[str, Any]) -> str:
    """Markdown: how long a heat map takes."""
    heat = results["heat"]
    clock, processor = heat["seconds"]["clock"], heat["seconds"]["processor"]
    return f"One map took {clock:.1f} s, {processor:.1f} s of the processor (median of {heat['pictures']}) {_on(results)}."


def _on(results: Mapping[str, Any]) -> str:
    machine = results["machine"]
    return (
        f"on {machine['cores']} cores ({machine['architecture']}), that others kept busy; `python -m benchmarks.picture_extras`"
        f", commit {machine['commit']}"
    )
