"""Towers: texts and pictures -> unit vectors of one space. Importing this loads nothing heavy, and no numpy.

>>> from encoders import find_card
>>> find_card("starter").modalities
('text', 'image')
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from encoders.cards import ModelCard, find_card, list_cards
    from encoders.errors import InputError, MissingDependency, ModelError, SkybridgeError
    from encoders.loading import load_encoder
    from encoders.picture import PictureSpec, Pixels, prepare
    from encoders.vectors import Vectors, check_vectors, unit_rows

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

_HOMES = {
    "InputError": "encoders.errors",
    "MissingDependency": "encoders.errors",
    "ModelCard": "encoders.cards",
    "ModelError": "encoders.errors",
    "PictureSpec": "encoders.picture",
    "Pixels": "encoders.picture",
    "SkybridgeError": "encoders.errors",
    "Vectors": "encoders.vectors",
    "check_vectors": "encoders.vectors",
    "find_card": "encoders.cards",
    "list_cards": "encoders.cards",
    "load_encoder": "encoders.loading",
    "prepare": "encoders.picture",
    "unit_rows": "encoders.vectors",
}


def __getattr__(name: str) -> object:
    """Names are imported when first used: every command imports this package, and few of them need numpy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'encoders' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
