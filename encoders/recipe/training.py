"""Training the bridge, and the last stage that it reads, on what the rest of the network said of every drawing before.

A quarter of an hour on two busy cores that compute in bfloat16. A GPU is used where there is one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from encoders.bridge import Blend, Bridge, join_bridges
from encoders.recipe.kept import states_before
from encoders.recipe.prototypes import Prototypes
from encoders.stages import SEEN, LastStage, with_last_stage
from encoders.training.losses import softmax_loss
from encoders.training.precision import choose_device, choose_precision
from encoders.training.scores import Temperature, training_scores
from encoders.vectors import Vectors

__all__ = ["BridgeRecipe", "Captioned", "train_bridge"]


@dataclass(frozen=True)
class BridgeRecipe:
    """How the bridge is trained."""

    members: int = 3  # bridges that are trained side by side and joined: each errs in its own way
    hidden: int = 352  # width of each one's drawing head
    dropout: float = 0.5
    near_weight: float = 0.42  # of ConSE while heads learn, for pictures like the drawings: what it becomes if it learns, too
    far_weight: float = 1.5  # the same for pictures unlike the drawings
    conse_temperature: float = 1.5  # the same, for both; in use, `Blend` has others
    epochs: int = 16
    batch: int = 1024  # drawings; prototypes come on top
    prototypes: float = 0.25  # for each drawing of a batch
    learning_rate: float = 1e-3  # of the bridges
    last_rate: float = 2e-4  # of the last stage, which begins as the network's own
    weight_decay: float = 0.05  # of the bridges
    temperature: float = 0.07  # to begin with; it is learned
    first_captions: float = 0.4  # how often one of a drawing's first three captions is taken, not any of them
    alike: float = 0.92  # captions with a cosine above this are no negatives of each other
    warm_up: float = 0.05  # share of the steps
    seed: int = 0


@dataclass(frozen=True)
class Captioned:
    """Drawings as training takes them."""

    features: NDArray[np.float16]  # (n, views, KEPT), or (n, views, SEEN) where no last stage learns
    things: NDArray[np.int64]  # (n,): equal numbers show the same thing, and are no negatives of each other
    captions: Sequence[Sequence[int]]  # for each drawing, rows of `vectors`
    vectors: Vectors  # (t, d) float32, unit rows: every caption


def train_bridge(
    drawings: Captioned,
    prototypes: Prototypes,
    class_vectors: Vectors,
    class_captions: Sequence[Sequence[int]],
    recipe: BridgeRecipe,
    on_epoch: Callable[[int, Bridge, float], None] = lambda epoch, bridge, loss: None,
    last: LastStage | None = None,
) -> Bridge:
    """Train all members, and join them. `class_captions`: for each class, rows of `drawings.vectors`.

    A `last` stage learns with them, in place. Same seed, same weights on the same machine. `on_epoch` hears how many epochs
    are over, the bridge as it is, the mean loss of a member.
    """
    device = choose_device()
    precision = choose_precision("auto", device, networks_learn=True)
    rng = np.random.default_rng(recipe.seed)
    members = _members(drawings, class_vectors, recipe, device)
    temperature = Temperature(recipe.temperature).to(device)
    if last is not None:
        last.train().to(torch.device(device)).to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(_groups(members, temperature, last, recipe))
    steps = recipe.epochs * (len(drawings.things) // recipe.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps, recipe.warm_up))
    vectors = torch.from_numpy(drawings.vectors)
    for epoch in range(recipe.epochs):
        for member in members:
            member.train()
        order = rng.permutation(len(drawings.things))
        total = 0.0
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            places = order[start : start + recipe.batch].tolist()
            batch = _draw(drawings, prototypes, places, recipe, rng)
            things = batch.things.to(device)
            with precision.running():
                states = None if last is None else last(states_before(batch.kept.to(device)))
            features = batch.kept[:, :SEEN].to(device)
            seen = torch.cat([features if states is None else with_last_stage(features, states.float()), batch.made.to(device)])
            loss = torch.zeros((), device=device)
            for member in members:
                captions = _captions(drawings, class_captions, places, batch.classes, recipe, rng)
                texts = vectors[captions].to(device)
                mask = (things[:, None] == things) | (texts @ texts.T > recipe.alike)
                mask.fill_diagonal_(False)
                cosines = member(seen, batch.far.to(device)) @ texts.T
                loss = loss + softmax_loss(training_scores(cosines, temperature(), mask=mask), both=True)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item() / len(members)
        for member in members:
            member.eval()
        on_epoch(epoch + 1, join_bridges(members), total / max(1, len(order) // recipe.batch))
    if last is not None:
        last.eval().cpu()
    bridge = join_bridges([member.cpu() for member in members])
    bridge.blend = Blend()  # heads that learn beside more of ConSE, as it is used, find a little less (docs/models.md)
    return bridge


def _members(drawings: Captioned, class_vectors: Vectors, recipe: BridgeRecipe, device: str) -> list[Bridge]:
    served = torch.from_numpy(drawings.features[:, 0, :SEEN].astype(np.float32))
    blend = Blend(recipe.near_weight, recipe.conse_temperature, recipe.far_weight, recipe.conse_temperature)
    members = []
    for number in range(recipe.members):
        torch.manual_seed(recipe.seed + number)
        member = Bridge(torch.from_numpy(class_vectors), recipe.hidden, blend, recipe.dropout)
        member.fit(served)
        members.append(member.to(device))
    return members


def _groups(
    members: Sequence[Bridge], temperature: Temperature, last: LastStage | None, recipe: BridgeRecipe
) -> list[dict[str, object]]:
    heads = [parameter for member in members for parameter in member.parameters()]
    groups: list[dict[str, object]] = [
        {"params": heads, "lr": recipe.learning_rate, "weight_decay": recipe.weight_decay},
        {"params": list(temperature.parameters()), "lr": recipe.learning_rate, "weight_decay": 0.0},
    ]
    if last is not None:
        groups.append({"params": list(last.parameters()), "lr": recipe.last_rate, "weight_decay": 0.0})
    return groups


@dataclass(frozen=True)
class _Batch:
    kept: torch.Tensor  # (b, KEPT or SEEN): drawings
    made: torch.Tensor  # (p, SEEN): prototypes
    classes: NDArray[np.int64]  # (p,)
    far: torch.Tensor  # (b + p, 1): 1 for prototypes, NaN for drawings: those have a gate of their own
    things: torch.Tensor  # (b + p,)


def _draw(
    drawings: Captioned, prototypes: Prototypes, places: list[int], recipe: BridgeRecipe, rng: np.random.Generator
) -> _Batch:
    seen = drawings.features[places, rng.integers(0, drawings.features.shape[1], len(places))].astype(np.float32)
    made, classes = prototypes.draw(rng, round(recipe.prototypes * len(places)))
    things = np.concatenate([drawings.things[places], -1 - classes])
    far = torch.full((len(things), 1), torch.nan)
    far[len(places) :] = 1.0
    return _Batch(torch.from_numpy(seen), torch.from_numpy(made), classes, far, torch.from_numpy(things))


def _captions(
    drawings: Captioned,
    class_captions: Sequence[Sequence[int]],
    places: list[int],
    classes: NDArray[np.int64],
    recipe: BridgeRecipe,
    rng: np.random.Generator,
) -> list[int]:
    """One caption of each drawing, and one name of each prototype's class."""
    chosen = []
    for place in places:
        captions = drawings.captions[place]
        captions = captions[:3] if rng.random() < recipe.first_captions else captions
        chosen.append(captions[int(rng.integers(len(captions)))])
    return chosen + [class_captions[number][int(rng.integers(len(class_captions[number])))] for number in classes.tolist()]


def _rate(step: int, steps: int, warm_up: float) -> float:
    return min(1.0, (step + 1) / (warm_up * steps)) * (0.5 + 0.5 * float(np.cos(np.pi * step / steps)))
