"""Towers: texts and pictures -> unit vectors of one space. Importing this loads nothing heavy.

>>> from encoders import find_card
>>> find_card("starter").modalities
('text', 'image')
"""

from typing import TYPE_CHECKING

from encoders.cards import ModelCard, find_card, list_cards
from encoders.errors import InputError, MissingDependency, ModelError, SkybridgeError
from encoders.picture import PictureSpec, Pixels, prepare
from encoders.vectors import Vectors, check_vectors, unit_rows

if TYPE_CHECKING:
    from pathlib import Path

    from encoders.dual import DualEncoder

__all__ = [
    "InputError",
    "MissingDependency",
    "ModelCard",
    "ModelError",
    "PictureSpec",
    "Pixels",
    "SkybridgeError",
    "Vectors",
    "check_vectors",
    "find_card",
    "list_cards",
    "load_encoder",
    "prepare",
    "unit_rows",
]


def load_encoder(spec: str = "starter", cache: "Path | None" = None) -> "DualEncoder":
    """Load a model by its card id, ready to run; see `encoders.loading.load_encoder`."""
    from encoders.loading import load_encoder as load

    return load(spec, cache)
