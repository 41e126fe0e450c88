"""What the slow extras of pictures cost, in a sentence each."""

from collections.abc import Mapping
from typing import Any

__all__ = ["heat_line", "ocr_line"]


def ocr_line(results: Mapping[str, Any]) -> str:
    """Markdown: how many pictures are read in a second."""
    ocr = results["ocr"]
    kinds = {"photograph": "a photograph without words", "sign": "one with two lines", "screen": "a screen of twelve lines"}
    told = ", ".join(f"{name} {ocr['seconds'][kind]:.2f} s" for kind, name in kinds.items())
    return (
        f"{ocr['pictures_per_second']:.1f} pictures a second were read ({told}; medians of {ocr['pictures']}, half of"
        f" them without words), and {ocr['words_read']:.0%} of the words in them {_on(results)}."
    )


def heat_line(results: Mapping[str, Any]) -> str:
    """Markdown: how long a heat map takes."""
    heat = results["heat"]
    return (
        f"One map takes {heat['seconds']:.1f} s (median of {heat['pictures']} photographs; {heat['most']:.1f} s at most)"
        f" {_on(results)}."
    )


def _on(results: Mapping[str, Any]) -> str:
    machine = results["machine"]
    return (
        f"on {machine['cores']} cores ({machine['architecture']}), shared with others; `python -m benchmarks.picture_extras`,"
        f" commit {machine['commit']}"
    )
