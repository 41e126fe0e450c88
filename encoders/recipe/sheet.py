"""The sheet beside a bridge's weights: what they are, what they were trained on, how good they are (encoders/bundled.py)."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from encoders.fingerprint import file_sha256
from encoders.recipe.packages import PACKAGES, Package

__all__ = ["write_sheet"]

_NAMES = {"names and definitions of ImageNet's classes, from WordNet by way of timm": "WordNet 3.0, Apache-2.0"}


def write_sheet(
    weights: Path,
    quality: Mapping[str, Any],
    score_ranges: Mapping[str, tuple[float, float]],
    more: Sequence[Package] = (),
) -> None:
    """Write NAME.json beside NAME.safetensors. `more`: packages that these weights were trained on besides the drawings'."""
    packages = {f"{one.name} {one.version} ({one.registry})": one.licence for one in (*PACKAGES.values(), *more)}
    sheet = {
        "sha256": file_sha256(weights),
        "data": {**packages, **_NAMES},
        "quality": quality,
        "score_ranges": score_ranges,
    }
    weights.with_suffix(".json").write_text(json.dumps(sheet, indent=2) + "\n", encoding="utf-8")
