"""Training the last layers of the multilingual text network, with the head that `text_training` made: half an hour.

A line over E5's vectors has no more room, and E5 in four bits tells rarer names apart less well. So its last layers learn, too;
what the layers below say of every text is computed once. Beside the three wishes of `text_training` stands a fourth: English
captions and nouns of WordNet shall lie to each other as all-MiniLM-L6-v2, the starter's text network, has them (the relations
are softened, and taught as there). No picture comes with those nouns, and captions that only held-out drawings have are not
taught; a noun may be the name of one all the same, as it may be anybody's query.

R@10 in English, by the head alone and so, with a bridge of 16 epochs each:

    clip art by title .565 .578, by title and keywords .621 .631, emoji .730 .752, photographs .969 .962, stamps .330 .366
    emoji in German .604 .659, French .641 .667, Spanish .641 .637, Chinese .674 .707, Japanese .593 .626, Arabic .615 .604,
    Russian .604 .619; 600 nouns to their definitions .707 .705 (R@1 .500 .488; looked at by hand)

    Tried by hand before, with captions of held-out drawings taught, too: emoji .756, Spanish .656. Not tried:
    more steps or layers, and the last stage of the pictures learning with the bridge, as the starter's did.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from encoders.bert import Bert
from encoders.recipe.text_training import Parallel, Pictures, TextHeadRecipe, moved, pairs, rate
from encoders.recipe.training import Captioned
from encoders.text_head import TextHead
from encoders.towers import Tokens
from encoders.training.losses import softmax_loss
from encoders.training.scores import training_scores
from encoders.vectors import Vectors

__all__ = ["States", "Taught", "TuningRecipe", "compute_states", "tune_text_tower"]

_PARTS = 4  # of a batch, by length, so that little is padded


@dataclass(frozen=True)
class TuningRecipe:
    """How the last layers are trained."""

    first: int = 8  # the first of the layers that learn
    steps: int = 240
    kept: int = 256  # texts in other languages than English whose relations are kept, in each step
    captions: int = 205  # taught in each step
    nouns: int = 307
    keep: float = 1.0  # how much keeping relations weighs
    teach: float = 1.0
    draw: float = 2.0  # how much drawings and their captions weigh
    learning_rate: float = 2e-4  # of the layers
    head_rate: float = 1e-3
    weight_decay: float = 0.05
    warm_up: float = 0.05  # share of the steps
    temperature: float = 0.05  # between languages and between relations
    most_gradient: float = 1.0  # its norm is cut to this
    seed: int = 0


_SIDES = TextHeadRecipe(batch=256, drawings=512)  # how pairs of languages and drawings are drawn


@dataclass(frozen=True)
class States:
    """What the layers below say of every token of many texts, one text after the other."""

    rows: NDArray[np.float16]  # (tokens, width)
    begins: NDArray[np.int64]  # (texts + 1,)

    def padded(self, texts: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """(n,) texts -> (n, longest, width) float32 states, (n, longest) mask."""
        lengths = self.lengths(texts)
        states = np.zeros((len(texts), lengths.max(), self.rows.shape[1]), np.float32)
        mask = np.zeros(states.shape[:2], np.float32)
        for place, (text, length) in enumerate(zip(texts.tolist(), lengths.tolist(), strict=True)):
            states[place, :length] = self.rows[self.begins[text] : self.begins[text] + length]
            mask[place, :length] = 1
        return torch.from_numpy(states), torch.from_numpy(mask)

    def lengths(self, texts: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) tokens of each."""
        return self.begins[texts + 1] - self.begins[texts]


@dataclass(frozen=True)
class Taught:
    """English texts as another network has them."""

    captions: NDArray[np.int64]  # (c,) rows of the states
    nouns: NDArray[np.int64]  # (n,)
    vectors: Vectors  # (c + n, d): captions, then nouns


@torch.inference_mode()
def compute_states(
    network: Bert, tokens: Tokens, texts: Sequence[str], layer: int, on_texts: Callable[[int], None] = lambda done: None
) -> States:
    """What `layer` is given of these texts, in their order. `on_texts` hears how many are done."""
    parts: list[NDArray[np.float16]] = [np.empty((0, 0), np.float16)] * len(texts)
    done = 0
    for places, (ids, mask) in tokens(texts):
        with torch.autocast("cpu", torch.bfloat16):
            states = network.below(layer, torch.from_numpy(ids), torch.from_numpy(mask)).half().numpy()
        for place, row, kept in zip(places, states, mask > 0, strict=True):
            parts[place] = row[kept]
        done += len(places)
        on_texts(done)
    return States(np.concatenate(parts), np.cumsum([0, *map(len, parts)]))


def tune_text_tower(
    network: Bert,
    head: TextHead,
    states: States,
    parallel: Parallel,
    drawings: Captioned,
    taught: Taught,
    recipe: TuningRecipe,
    on_step: Callable[[int, float], None] = lambda step, loss: None,
) -> None:
    """Train the last layers of `network` and `head`, both in place. Same seed, same weights on the same machine.

    The drawings' texts are the first rows of `states`, and their vectors what the network says of them before. `on_step` hears
    how many steps are over, and the loss.
    """
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    tower = _Tower(network, head.train(), states, recipe.first)
    with torch.no_grad():
        there = functional.normalize(head(torch.from_numpy(drawings.vectors)), dim=1)
    pictures = Pictures(drawings, there, _SIDES)
    others = np.unique([row for thing in parallel.things for name, rows in thing.items() if name != "en" for row in rows])
    parts = [*head.parameters(), *pictures.parameters()]
    groups = [{"params": tower.layers.parameters(), "lr": recipe.learning_rate}, {"params": parts, "lr": recipe.head_rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(step, recipe.steps, recipe.warm_up))
    vectors = torch.from_numpy(taught.vectors)
    for step in range(recipe.steps):
        left, right = pairs(parallel, _SIDES, rng)
        ours, theirs = tower([*left, *right]).split([len(left), len(right)])
        meet = softmax_loss(training_scores(ours @ theirs.T, torch.tensor(recipe.temperature)), both=True)
        kept = rng.choice(others, min(recipe.kept, len(others)), replace=False)
        stay = moved(there[kept], tower(kept), recipe.temperature)
        captions = rng.choice(len(taught.captions), min(recipe.captions, len(taught.captions)), replace=False)
        nouns = rng.choice(len(taught.nouns), min(recipe.nouns, len(taught.nouns)), replace=False)
        shown = vectors[np.concatenate([captions, len(taught.captions) + nouns])]
        answered = tower(np.concatenate([taught.captions[captions], taught.nouns[nouns]]))
        learned = moved(shown, answered, recipe.temperature)
        missed = pictures.missed(tower, rng)
        loss = meet + recipe.keep * stay + recipe.teach * learned + recipe.draw * missed
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(tower.parameters(), recipe.most_gradient)
        optimiser.step()
        schedule.step()
        on_step(step + 1, loss.item())
    head.eval()


class _Tower(nn.Module):
    """Rows of states -> (n, d) unit rows."""

    def __init__(self, network: Bert, head: TextHead, states: States, first: int) -> None:
        super().__init__()
        self.layers = network.layers[first:]
        self.head = head
        self._upper, self._states, self._first = [network], states, first  # in a list: its lower layers are none of this module

    def forward(self, texts: Sequence[int] | NDArray[np.int64]) -> Tensor:
        rows = np.asarray(texts)
        order = np.argsort(self._states.lengths(rows), kind="stable")
        pooled = torch.cat([self._pooled(rows[part]) for part in np.array_split(order, _PARTS) if len(part)])
        return functional.normalize(self.head(pooled[torch.from_numpy(np.argsort(order))]), dim=1)

    def _pooled(self, texts: NDArray[np.int64]) -> Tensor:
        states, mask = self._states.padded(texts)
        with torch.autocast("cpu", torch.bfloat16):
            return self._upper[0].above(self._first, states, mask).float()
