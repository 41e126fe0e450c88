"""From what a person writes after `--model` to a plan, and from there to a dual encoder."""

import os
from importlib import import_module
from pathlib import Path

from encoders.cards import find_card
from encoders.dual import DualEncoder
from encoders.plans import DualPlan

__all__ = ["default_cache", "load_encoder", "plan_encoder"]

# Before the colon -> module and function(spec, cache) that plans it. Imported only when asked for.
_PLANNERS = {
    "starter": ("encoders.starter_tower", "plan_starter"),
    "starter-multilingual": ("encoders.multilingual_tower", "plan_multilingual"),
    "openclip": ("encoders.clip_tower", "plan_openclip"),
    "sbert": ("encoders.sbert_tower", "plan_sbert"),
    "trained": ("encoders.trained_tower", "plan_trained"),
}


def load_encoder(spec: str = "starter", cache: Path | None = None, *, late: bool = False) -> DualEncoder:
    """Load a model by its card id, ready to run. Exported networks are kept in `cache`.

    The first load of a model takes tens of seconds, later ones about one. `late`: each network is opened when it is first
    needed, which is for who asks in words and never needs the one that takes pictures; what it raises comes then. Raises
    ModelError for a model that is not known, cannot be had or is damaged, and MissingDependency when a package is not
    installed.
    """
    cache = cache or default_cache()
    return plan_encoder(spec, cache).open(cache, late)


def plan_encoder(spec: str = "starter", cache: Path | None = None) -> DualPlan:
    """Say what the towers of a card are, loading no network. Raises what `load_encoder` raises.

    >>> sorted(plan_encoder("starter").towers)
    [('candidate', 'image'), ('candidate', 'text'), ('query', 'image'), ('query', 'text')]
    """
    find_card(spec)
    module, function = _PLANNERS[spec.partition(":")[0]]
    plan: DualPlan = getattr(import_module(module), function)(spec, cache or default_cache())
    return plan


def default_cache() -> Path:
    """`$XDG_CACHE_HOME/skybridge` or `~/.cache/skybridge`: where networks are kept when no library says otherwise."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "skybridge"
