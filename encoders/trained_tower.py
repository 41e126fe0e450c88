"""`trained:FOLDER`: what training made of the towers of other cards.

A tower that was not trained is its base's own, fingerprint and all, so vectors stored with it stay valid. A trained one
is planned as its base is, with other weights, and a head where one was added.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from encoders.cards import find_card
from encoders.errors import ModelError, SkybridgeError
from encoders.fingerprint import check_file, fingerprint
from encoders.loading import plan_encoder
from encoders.plans import DualPlan, PicturePlan, Place, TextPlan, TowerPlan
from encoders.trained_card import TrainedCard, TrainedTower, read_trained_card, resolved_spec, trained_folders
from encoders.training.heads import HeadConfig, make_head

if TYPE_CHECKING:
    import torch

__all__ = ["plan_trained"]

_REPAIR = "Train it again, or copy the folder again from where it came"
_NetworkPlan: TypeAlias = TextPlan | PicturePlan


def plan_trained(spec: str, cache: Path) -> DualPlan:
    """Card id `trained:FOLDER` -> plan. Raises ModelError when a base is missing or changed, or weights are damaged."""
    folder = Path(spec.partition(":")[2]).expanduser()
    trained_folders(spec)  # by their cards alone: a circle would go on for ever
    card = read_trained_card(folder)
    try:
        towers = _towers(card, folder, spec, cache)
    except ModelError:
        if (again := read_trained_card(folder)) == card:
            raise
        towers = _towers(again, folder, spec, cache)  # it was saved anew while it was read
    return DualPlan(find_card(spec), towers)


def _towers(card: TrainedCard, folder: Path, spec: str, cache: Path) -> dict[Place, TowerPlan]:
    bases: dict[str, DualPlan] = {}
    made: dict[tuple[Any, ...], TowerPlan] = {}
    towers: dict[Place, TowerPlan] = {}
    for name, tower in card.towers.items():
        side, _, modality = name.partition(".")
        if tower.base not in bases:
            bases[tower.base] = _base(tower.base, folder, spec, cache)
        base = bases[tower.base].towers.get((side, modality))
        if base is None:
            raise ModelError(f"{spec} takes its {name} tower from {tower.base}, which has none. {_REPAIR}")
        if base.fingerprint != tower.base_fingerprint:
            raise ModelError(
                f"the {name} tower of {spec} was trained on {tower.base} with fingerprint {tower.base_fingerprint}; "
                f"{tower.base} now has {base.fingerprint}. Train it again, or bring the old {tower.base} back"
            )
        key = (id(base), tower.weights, str(tower.head))  # what stands on both sides stays one object
        if key not in made:
            made[key] = _changed(base, tower, folder, spec)
        towers[side, modality] = made[key]
    return towers


def _base(base: str, folder: Path, spec: str, cache: Path) -> DualPlan:
    try:
        return plan_encoder(resolved_spec(base, folder), cache)
    except SkybridgeError as error:
        raise ModelError(f"{spec} was trained on {base}, which cannot be had: {error}") from error


def _changed(base: TowerPlan, tower: TrainedTower, folder: Path, spec: str) -> TowerPlan:
    if tower.weights is None or tower.sha256 is None:
        return base
    if not isinstance(base, _NetworkPlan):
        raise ModelError(f"{spec} changes a tower of {tower.base} that is no single network. {_REPAIR}")
    weights = folder / tower.weights
    check_file(weights, tower.sha256, _REPAIR)
    changes = {"recipe": "trained-1", "weights": tower.sha256, "head": tower.head}
    blueprint = replace(
        base.blueprint,
        name=base.blueprint.name.removesuffix("-trained") + "-trained",
        fingerprint=fingerprint(network=base.blueprint.fingerprint, **changes),
        build=_builder(base, tower, weights),
    )
    mark = fingerprint(tower=base.fingerprint, **changes)
    return replace(base, blueprint=blueprint, fingerprint=mark, dimension=tower.dimension)


def _builder(base: _NetworkPlan, tower: TrainedTower, weights: Path) -> Callable[[], "torch.nn.Module"]:
    def build() -> "torch.nn.Module":
        from safetensors.torch import load_file

        from encoders.headed import with_head

        # a copy: the base may hand out one network to several towers
        network = copy.deepcopy(base.blueprint.build())
        try:
            head = make_head(base.dimension, HeadConfig(**tower.head)) if tower.head else None
            headed = with_head(network, head)
            unknown = headed.load_state_dict(load_file(weights), strict=False).unexpected_keys
        except Exception as error:  # replaced since it was checked, or made by hand: a dozen kinds
            raise ModelError(f"the weights {weights} do not fit {tower.base}: {error}. {_REPAIR}") from error
        if unknown:
            raise ModelError(f"the weights {weights} do not fit {tower.base}, which has no {unknown[0]}. {_REPAIR}")
        return headed.eval()

    return build
