"""From what a person writes after `--model` to a dual encoder."""

import os
from importlib import import_module
from pathlib import Path

from encoders.cards import find_card
from encoders.dual import DualEncoder

__all__ = ["default_cache", "load_encoder"]

# Before the colon -> module and function(spec, cache) that loads it. Imported only when asked for.
_LOADERS = {
    "starter": ("encoders.starter_tower", "load_starter"),
    "openclip": ("encoders.clip_tower", "load_openclip"),
    "sbert": ("encoders.sbert_tower", "load_sbert"),
}


def load_encoder(spec: str = "starter", cache: Path | None = None) -> DualEncoder:
    """Load a model by its card id, ready to run. Exported networks are kept in `cache`.

    The first load of a model takes tens of seconds, later ones about one. Raises ModelError for a model that is not
    known, cannot be had or is damaged, and MissingDependency when a package is not installed.
    """
    find_card(spec)
    module, function = _LOADERS[spec.partition(":")[0]]
    loaded: DualEncoder = getattr(import_module(module), function)(spec, cache or default_cache())
    return loaded


def default_cache() -> Path:
    """`$XDG_CACHE_HOME/skybridge` or `~/.cache/skybridge`: where networks are kept when no library says otherwise."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "skybridge"
