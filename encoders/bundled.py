"""Weights that this project trained and carries, each with a sheet that says what it was trained on and how good it is.

`encoders/weights/NAME.safetensors` and `NAME.json` are written together by the recipe (encoders/recipe/), and are never
changed by hand: the card of a bundled model quotes the sheet.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from encoders.errors import ModelError
from encoders.fingerprint import check_file

__all__ = ["Bundled", "bundled", "weights_path"]

_FOLDER = Path(__file__).parent / "weights"
_REPAIR = "It is part of Skybridge: install it again"


@dataclass(frozen=True)
class Bundled:
    """A weights file and its sheet."""

    path: Path
    sha256: str
    data: Mapping[str, str]  # what it was trained on -> licence
    quality: Mapping[str, Any]  # name of a test -> what came out
    score_ranges: Mapping[str, tuple[float, float]]  # "text to image" -> unrelated, clear match

    def find(self) -> Path:
        """Where the weights lie. Raises ModelError when they are missing or damaged."""
        check_file(self.path, self.sha256, _REPAIR)
        return self.path


def weights_path(name: str) -> Path:
    """Where the weights of this name lie, or will."""
    return _FOLDER / f"{name}.safetensors"


@cache
def bundled(name: str) -> Bundled:
    """Read the sheet, not the weights. Raises ModelError when it is missing or damaged.

    >>> bundled("starter").path.name
    'starter.safetensors'
    """
    path = weights_path(name)
    sheet = path.with_suffix(".json")
    try:
        said = json.loads(sheet.read_text(encoding="utf-8"))
        ranges = {pair: (float(low), float(high)) for pair, (low, high) in said["score_ranges"].items()}
        return Bundled(path, str(said["sha256"]), dict(said["data"]), dict(said["quality"]), ranges)
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is damaged"
        raise ModelError(f"{sheet} cannot be read ({reason}). {_REPAIR}") from error
