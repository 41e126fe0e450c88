"""Training the bridge on features and caption vectors that were computed before: a few minutes on two cores."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from encoders.bridge import Bridge, join_bridges
from encoders.recipe.prototypes import Prototypes
from encoders.training.losses import softmax_loss
from encoders.training.scores import Temperature, training_scores
from encoders.vectors import Vectors

__all__ = ["BridgeRecipe", "Captioned", "train_bridge"]


@dataclass(frozen=True)
class BridgeRecipe:
    """How the bridge is trained."""

    members: int = 3  # bridges that are trained apart and joined: each errs in its own way
    hidden: int = 512  # width of each one's drawing head
    dropout: float = 0.5
    far_weight: float = 1.5  # of ConSE, for pictures unlike the drawings
    epochs: int = 16
    batch: int = 1024  # drawings; prototypes come on top
    prototypes: float = 0.25  # for each drawing of a batch
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    temperature: float = 0.07  # to begin with; it is learned
    first_captions: float = 0.4  # how often one of a drawing's first three captions is taken, not any of them
    alike: float = 0.92  # captions with a cosine above this are no negatives of each other
    warm_up: float = 0.05  # share of the steps
    seed: int = 0


@dataclass(frozen=True)
class Captioned:
    """Drawings as training takes them."""

    features: NDArray[np.float16]  # (n, views, 3992)
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
) -> Bridge:
    """Train all members, and join them. `class_captions`: for each class, rows of `drawings.vectors`.

    Same seed, same weights on the same machine. `on_epoch` hears how many epochs are over, of all members; the member; its
    mean loss.
    """
    members = []
    for member in range(recipe.members):
        over = member * recipe.epochs

        def on_member(epoch: int, bridge: Bridge, loss: float, over: int = over) -> None:
            on_epoch(over + epoch, bridge, loss)

        seeded = replace(recipe, seed=recipe.seed + member)
        members.append(_train_member(drawings, prototypes, class_vectors, class_captions, seeded, on_member))
    return join_bridges(members)


def _train_member(
    drawings: Captioned,
    prototypes: Prototypes,
    class_vectors: Vectors,
    class_captions: Sequence[Sequence[int]],
    recipe: BridgeRecipe,
    on_epoch: Callable[[int, Bridge, float], None],
) -> Bridge:
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    bridge = Bridge(torch.from_numpy(class_vectors), recipe.hidden, recipe.far_weight, recipe.dropout)
    bridge.fit(torch.from_numpy(drawings.features[:, 0].astype(np.float32)))
    temperature = Temperature(recipe.temperature)
    optimiser = torch.optim.AdamW(
        [
            {"params": list(bridge.parameters()), "weight_decay": recipe.weight_decay},
            {"params": list(temperature.parameters()), "weight_decay": 0.0},
        ],
        lr=recipe.learning_rate,
    )
    steps = recipe.epochs * (len(drawings.things) // recipe.batch)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps, recipe.warm_up))
    vectors = torch.from_numpy(drawings.vectors)
    for epoch in range(recipe.epochs):
        bridge.train()
        order = rng.permutation(len(drawings.things))
        total = 0.0
        for start in range(0, len(order) - recipe.batch + 1, recipe.batch):
            places = order[start : start + recipe.batch].tolist()
            batch = _draw(drawings, prototypes, class_captions, places, recipe, rng)
            pictures = bridge(batch.features, batch.far)
            texts = vectors[batch.captions]
            mask = (batch.things[:, None] == batch.things) | (texts @ texts.T > recipe.alike)
            mask.fill_diagonal_(False)
            loss = softmax_loss(training_scores(pictures @ texts.T, temperature(), mask=mask), both=True)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += loss.item()
        bridge.eval()
        on_epoch(epoch + 1, bridge, total / max(1, len(order) // recipe.batch))
    return bridge


@dataclass(frozen=True)
class _Batch:
    features: torch.Tensor  # (b, 3992)
    far: torch.Tensor  # (b, 1): 1 for prototypes, NaN for drawings: those have a gate of their own
    captions: torch.Tensor  # (b,)
    things: torch.Tensor  # (b,)


def _draw(
    drawings: Captioned,
    prototypes: Prototypes,
    class_captions: Sequence[Sequence[int]],
    places: list[int],
    recipe: BridgeRecipe,
    rng: np.random.Generator,
) -> _Batch:
    seen = drawings.features[places, rng.integers(0, drawings.features.shape[1], len(places))].astype(np.float32)
    made, classes = prototypes.draw(rng, round(recipe.prototypes * len(places)))
    chosen = []
    for place in places:
        captions = drawings.captions[place]
        captions = captions[:3] if rng.random() < recipe.first_captions else captions
        chosen.append(captions[int(rng.integers(len(captions)))])
    chosen += [class_captions[number][int(rng.integers(len(class_captions[number])))] for number in classes.tolist()]
    things = np.concatenate([drawings.things[places], -1 - classes])
    far = torch.full((len(things), 1), torch.nan)
    far[len(places) :] = 1.0
    return _Batch(torch.from_numpy(np.concatenate([seen, made])), far, torch.tensor(chosen), torch.from_numpy(things))


def _rate(step: int, steps: int, warm_up: float) -> float:
    return min(1.0, (step + 1) / (warm_up * steps)) * (0.5 + 0.5 * float(np.cos(np.pi * step / steps)))
