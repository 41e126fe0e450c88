"""A dual encoder before anything heavy has happened: what its towers are, and how each is opened.

Each family of models makes a plan of a card (`plan_starter`, `plan_openclip`, `plan_sbert`, ...). Opening it gives a
dual encoder; a trained folder changes some of its towers first; training takes the networks out of it.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.cards import ModelCard
from encoders.dual import DualEncoder
from encoders.picture import PictureSpec
from encoders.runtime import Blueprint, Network, open_network
from encoders.towers import AnyNetwork, PictureTower, TextTower, Tokens, Tower

__all__ = ["DualPlan", "LateNetwork", "Networks", "PicturePlan", "Place", "TextPlan", "TowerPlan", "on_both_sides"]

Place = tuple[str, str]
"""Where a tower stands: ("query" or "candidate", modality)."""


class LateNetwork:
    """A network that is opened when it is first needed, once, by whichever thread comes first.

    Who asks in words never needs the network that takes pictures, and opening it is half of what a cold query waits for.
    """

    def __init__(self, open_it: Callable[[], Network]) -> None:
        self._open_it = open_it
        self._lock = threading.Lock()
        self._network: Network | None = None

    @property
    def about(self) -> str:
        """What runs it, and why; opens it."""
        return self._opened().about

    def __call__(self, *arrays: NDArray[Any]) -> NDArray[np.float32]:
        """As `Network`. Raises what opening it raises."""
        return self._opened()(*arrays)

    def _opened(self) -> Network:
        with self._lock:
            if self._network is None:
                self._network = self._open_it()
            return self._network


class Networks:
    """Opens networks, each once: what two towers share is loaded once. `late`: not before each is needed."""

    def __init__(self, cache: Path, late: bool = False) -> None:
        self._cache, self._late = cache, late
        self._open: dict[tuple[str, str], AnyNetwork] = {}

    def open(self, blueprint: Blueprint) -> AnyNetwork:
        """Blueprint -> network; the same one for the same name and fingerprint."""
        key = (blueprint.name, blueprint.fingerprint)
        if key not in self._open:
            now = partial(open_network, blueprint, self._cache)
            self._open[key] = LateNetwork(now) if self._late else now()
        return self._open[key]


class TowerPlan(Protocol):
    """A tower to be."""

    @property
    def modality(self) -> str:
        """What it takes: "text" or "image"."""

    @property
    def dimension(self) -> int:
        """Length of its vectors."""

    @property
    def fingerprint(self) -> str:
        """Hex; changes exactly when its vectors do."""

    def open(self, networks: Networks) -> Tower:
        """Load it."""


@dataclass(frozen=True)
class TextPlan:
    """A text tower made of one network."""

    modality: ClassVar[str] = "text"
    blueprint: Blueprint
    fingerprint: str  # of the tower: network, tokens and prompt
    dimension: int
    tokens: Tokens
    max_tokens: int  # of the text itself, special tokens and prompt not counted
    prompt: str = ""  # goes before every text
    pad_id: int = 0  # fills up rows of token ids, where the mask is 0

    def open(self, networks: Networks) -> Tower:
        """Load it."""
        network = networks.open(self.blueprint)
        return TextTower(network, self.tokens, self.dimension, self.fingerprint, self.max_tokens, self.prompt)


@dataclass(frozen=True)
class PicturePlan:
    """A picture tower made of one network."""

    modality: ClassVar[str] = "image"
    blueprint: Blueprint
    fingerprint: str  # of the tower: network and preparation
    dimension: int
    spec: PictureSpec  # how its pictures are prepared

    def open(self, networks: Networks) -> Tower:
        """Load it."""
        return PictureTower(networks.open(self.blueprint), self.spec, self.dimension, self.fingerprint)


def on_both_sides(*plans: TowerPlan) -> dict[Place, TowerPlan]:
    """Towers that stand on both sides -> every place, the same object twice."""
    return {(side, plan.modality): plan for side in ("query", "candidate") for plan in plans}


@dataclass(frozen=True)
class DualPlan:
    """A dual encoder to be."""

    card: ModelCard
    towers: Mapping[Place, TowerPlan] = field(repr=False)  # one object on both sides where one tower stands on both

    def open(self, cache: Path, late: bool = False) -> DualEncoder:
        """Load it, each tower once; `late`: each network when it is first needed. Exported ones are kept in `cache`."""
        networks = Networks(cache, late)
        opened: dict[int, Tower] = {}
        sides: dict[str, dict[str, Tower]] = {"query": {}, "candidate": {}}
        for (side, modality), plan in self.towers.items():
            if id(plan) not in opened:
                opened[id(plan)] = plan.open(networks)
            sides[side][modality] = opened[id(plan)]
        return DualEncoder(self.card, sides["query"], sides["candidate"])
