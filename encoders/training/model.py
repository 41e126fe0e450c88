"""Towers that can be trained, taken out of the plans of any cards, and saved as a trained folder.

`open_trainable` makes them. A trainer needs no more of them than `TrainableTower` says.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from encoders.cards import ModelCard
from encoders.errors import InputError
from encoders.loading import plan_encoder
from encoders.plans import DualPlan, PicturePlan, Place, TextPlan
from encoders.runtime import Blueprint
from encoders.towers import checked_text
from encoders.training.heads import HeadConfig
from encoders.training.lora import LoraConfig
from encoders.training.pairs import Content
from encoders.training.pictures import read_picture
from encoders.training.saving import save_trained
from encoders.training.workpiece import TrainableNetwork, Workpiece

__all__ = ["NetworkTower", "TrainableEncoder", "TrainableTower", "open_trainable"]

Config = TypeVar("Config")

_PLACES = [(side, modality) for side in ("query", "candidate") for modality in ("text", "image")]


class TrainableTower(Protocol):
    """A tower, as a trainer sees it."""

    @property
    def name(self) -> str:
        """Which tower: "query.text", "candidate.image"; one that stands on both sides: "text", "image"."""

    @property
    def modality(self) -> str:
        """What it takes: "text" or "image"."""

    @property
    def dimension(self) -> int:
        """Length of its vectors."""

    @property
    def module(self) -> nn.Module:
        """Trunk and head; names of its parameters begin with "trunk." or "head."."""

    def inputs(self, contents: Sequence[Content], rng: np.random.Generator | None = None) -> tuple[Tensor, ...]:
        """N contents -> CPU tensors of one batch, first axis n; with `rng`, pictures are augmented."""

    def features(self, *inputs: Tensor) -> Tensor:
        """Inputs -> (n, f), the trunk's answers."""

    def project(self, features: Tensor) -> Tensor:
        """(n, f) -> (n, d), unit rows: head and unit length."""

    def trunk_blueprint(self, mark: str) -> Blueprint | None:
        """The trunk as it is now, for the runtime that serves it; None where only torch can run it.

        `mark` tells its weights from others.
        """


class NetworkTower:
    """A tower made of one network; two towers may share it, each with a prompt of its own."""

    def __init__(self, name: str, plan: TextPlan | PicturePlan, workpiece: Workpiece) -> None:
        self.name = name
        self.plan = plan
        self.workpiece = workpiece

    @property
    def modality(self) -> str:
        """What it takes: "text" or "image"."""
        return self.plan.modality

    @property
    def dimension(self) -> int:
        """Length of its vectors."""
        return self.workpiece.dimension

    @property
    def module(self) -> TrainableNetwork:
        """Trunk and head, loaded now if it was not before."""
        return self.workpiece.module

    def inputs(self, contents: Sequence[Content], rng: np.random.Generator | None = None) -> tuple[Tensor, ...]:
        """N texts or picture files -> CPU tensors of one batch: ids and mask, or (n, size, size, 3) uint8.

        Raises FileError for a picture that cannot be read, InputError for an empty text and for the wrong kind.
        """
        if not len(contents):
            raise InputError(f"the tower {self.name} was given an empty batch")
        if isinstance(self.plan, TextPlan):
            return tuple(map(torch.from_numpy, _one_batch(self.plan, [self._text(one) for one in contents])))
        spec = self.plan.spec
        return (torch.from_numpy(np.stack([read_picture(self._file(one), spec, rng) for one in contents])),)

    def features(self, *inputs: Tensor) -> Tensor:
        """Inputs -> (n, f), the trunk's answers."""
        answer: Tensor = self.module.trunk(*inputs)
        return answer

    def project(self, features: Tensor) -> Tensor:
        """(n, f) -> (n, d), unit rows."""
        return self.module.project(features)

    def trunk_blueprint(self, mark: str) -> Blueprint:
        """The trunk as it is now, for the runtime that serves it."""
        trunk, whole = self.module.trunk, self.plan.blueprint
        # no bfloat16: what a head learns must not depend on rounding
        return replace(whole, name=f"{whole.name}-trunk", fingerprint=mark, build=lambda: trunk, bfloat16=False)

    def _text(self, content: Content) -> str:
        if isinstance(content, Path):
            raise InputError(f"the tower {self.name} takes texts, got the file {content}")
        return content

    def _file(self, content: Content) -> Path:
        if not isinstance(content, Path):
            raise InputError(f"the tower {self.name} takes picture files, got the text {content[:80]!r}")
        return content


class TrainableEncoder:
    """A dual encoder whose towers can be trained."""

    def __init__(
        self, spec: str | Mapping[str, str], towers: Mapping[Place, NetworkTower], bases: Mapping[Place, ModelCard]
    ) -> None:
        self.spec = spec  # as `open_trainable` was given it
        self.towers = towers  # (side, modality) -> tower; one object on both sides where one tower stands on both
        self._bases = bases

    def save(self, folder: Path, about: Mapping[str, Any]) -> None:
        """Write the card `trained:FOLDER`; see `encoders.training.saving.save_trained`."""
        save_trained(folder, about, {place: (tower.plan, tower.workpiece) for place, tower in self.towers.items()}, self._bases)


def open_trainable(
    spec: str | Mapping[str, str],
    cache: Path,
    *,
    train: Literal["query", "candidate", "both"],
    shared: bool,
    head: HeadConfig | Mapping[str, HeadConfig] | None = None,
    lora: LoraConfig | Mapping[str, LoraConfig] | None = None,
    device: str = "cpu",
) -> TrainableEncoder:
    """Take the towers of a card, or of several, to train them.

    A mapping names the card of each tower: {"text": ..., "image": ...} for both sides, {"query.text": ...} for one; it
    leaves out what is not to be there. Likewise `head` and `lora` go to all towers that are trained or to those named.
    `train` says which sides learn; the other side stays what it is. With `shared`, possible only when both learn, what
    is one network on both sides stays one, and else each side gets a copy of its own.

    Networks load when they are first used. Raises InputError for what does not fit together, and what `plan_encoder`
    raises.
    """
    if shared and train != "both":
        raise InputError(f"towers cannot be shared when only the {train} side is trained; leave shared off")
    plans = _plans(spec, cache)
    workpieces: dict[tuple[Any, ...], Workpiece] = {}
    made: dict[tuple[int, int], NetworkTower] = {}
    towers: dict[Place, NetworkTower] = {}
    for place, (_, plan) in plans.items():
        learns = train in (place[0], "both")
        settings = (_setting(head, place), _setting(lora, place)) if learns else (None, None)
        key = (plan.blueprint.name, plan.blueprint.fingerprint, learns, *settings, "" if shared or not learns else place[0])
        if key not in workpieces:
            workpieces[key] = Workpiece(plan, device, *settings, frozen=not learns)
        both = (id(plan), id(workpieces[key]))
        if both in made:
            made[both].name = place[1]
        towers[place] = made.setdefault(both, NetworkTower(".".join(place), plan, workpieces[key]))
    _check_dimensions(towers)
    if shared:
        _check_shared(towers)
    return TrainableEncoder(spec, towers, {place: card for place, (card, _) in plans.items()})


def _plans(spec: str | Mapping[str, str], cache: Path) -> dict[Place, tuple[ModelCard, TextPlan | PicturePlan]]:
    """Find card and plan of every tower that is to be there."""
    if isinstance(spec, str):
        whole = plan_encoder(spec, cache)
        return {place: (whole.card, _network(whole, place)) for place in _PLACES if place in whole.towers}
    duals = {one: plan_encoder(one, cache) for one in spec.values()}
    chosen = {place: _named(spec, place) for place in _PLACES}
    return {place: (duals[one].card, _network(duals[one], place)) for place, one in chosen.items() if one is not None}


def _network(plan: DualPlan, place: Place) -> TextPlan | PicturePlan:
    tower = plan.towers.get(place)
    if tower is None:
        raise InputError(f"the model {plan.card.id} has no {'.'.join(place)} tower to train")
    if not isinstance(tower, TextPlan | PicturePlan):
        raise InputError(f"the {'.'.join(place)} tower of {plan.card.id} is of an unusual make that cannot be trained here")
    return tower


def _setting(given: Config | Mapping[str, Config] | None, place: Place) -> Config | None:
    """What was given for this tower, by name or for all."""
    return _named(given, place) if isinstance(given, Mapping) else given


def _named(given: Mapping[str, Config], place: Place) -> Config | None:
    """What was given for this tower, by its full name or by its modality. Raises InputError for other names."""
    known = ["text", "image", *map(".".join, _PLACES)]
    if unknown := [name for name in given if name not in known]:
        raise InputError(f"there is no tower {unknown[0]!r}; name one of: {', '.join(known)}")
    if not given:
        raise InputError("no tower is named")
    return given.get(".".join(place), given.get(place[1]))


def _check_shared(towers: Mapping[Place, NetworkTower]) -> None:
    for modality in ("text", "image"):
        sides = [towers[place] for place in _PLACES if place[1] == modality and place in towers]
        if len({id(tower.workpiece) for tower in sides}) > 1:
            raise InputError(
                f"the {modality} towers cannot be shared: a shared tower needs one card, one head and one LoRA for both sides"
            )


def _check_dimensions(towers: Mapping[Place, NetworkTower]) -> None:
    found = {".".join(place): tower.dimension for place, tower in towers.items()}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name} {dimension}" for name, dimension in found.items())
        raise InputError(f"towers of one space need one dimension; got {listed}. A head with a dimension brings them together")


def _one_batch(plan: TextPlan, texts: Sequence[str]) -> list[NDArray[Any]]:
    """All texts as one batch, in their order, as long as the longest; ids are filled up with the padding's id, masks with 0."""
    cleaned = [plan.prompt + checked_text(text, place) for place, text in enumerate(texts)]
    batches = list(plan.tokens(cleaned))
    longest = max(arrays[0].shape[1] for _, arrays in batches)
    fills = [plan.pad_id, *[0] * (len(batches[0][1]) - 1)]
    whole = [np.full((len(texts), longest), fill, np.int64) for fill in fills]
    for places, arrays in batches:
        for target, array in zip(whole, arrays, strict=True):
            target[places, : array.shape[1]] = array
    if len(whole) > 1:  # serving pads to a few lengths, so that networks meet few shapes; training would only pay for it
        used = int(np.flatnonzero(whole[1].any(axis=0))[-1]) + 1
        whole = [array[:, :used] for array in whole]
    return whole
