"""Training the multilingual text tower's head, on vectors of texts that were computed before: minutes on one core.

Two wishes are weighed. The same thing said in two languages shall fall on one place (InfoNCE between pairs of languages);
and texts of one language shall stay as near to and far from each other as they were (the relations between them, softened,
are kept: Park et al. 2019, "Relational knowledge distillation"), so that searching passages does not suffer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from encoders.text_head import TextHead
from encoders.training.losses import softmax_loss
from encoders.training.scores import training_scores
from encoders.vectors import Vectors

__all__ = ["Parallel", "TextHeadRecipe", "language_directions", "train_text_head"]


@dataclass(frozen=True)
class TextHeadRecipe:
    """How the head is trained."""

    directions: int = 7  # in which languages differ, taken away before training begins
    steps: int = 400
    batch: int = 512  # things, each in two languages
    kept: int = 512  # texts whose relations are kept, in each step
    keep: float = 1.0  # how much that weighs
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    temperature: float = 0.05
    english: float = 0.5  # how often one of the two languages is English
    seed: int = 0


@dataclass(frozen=True)
class Parallel:
    """The same things said in many languages."""

    vectors: Vectors  # (t, d) float32, unit rows: the text network's own answers
    things: Sequence[Mapping[str, Sequence[int]]]  # for each thing, by language: rows of `vectors`; English is "en"
    kept: NDArray[np.int64]  # rows of `vectors`: texts whose relations to each other shall stay


def language_directions(parallel: Parallel, number: int) -> NDArray[np.float32]:
    """(number, d) float32, orthonormal: how the means of the languages differ, the largest differences first.

    Each mean is over the same things, so that nothing but the language is left in it.
    """
    languages = sorted({language for thing in parallel.things for language in thing})
    common = [thing for thing in parallel.things if len(thing) == len(languages)]
    means = np.stack([parallel.vectors[[thing[language][0] for thing in common]].mean(0) for language in languages])
    directions: NDArray[np.float32] = np.linalg.svd(means - means.mean(0), full_matrices=False)[2][:number]
    return directions


def train_text_head(parallel: Parallel, recipe: TextHeadRecipe) -> TextHead:
    """Train a head. Same seed, same weights on the same machine."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    vectors = torch.from_numpy(parallel.vectors)
    head = TextHead(vectors.shape[1])
    head.centre.copy_(vectors.mean(0))
    away = torch.from_numpy(language_directions(parallel, recipe.directions))
    with torch.no_grad():
        head.line.weight -= away.T @ away
    optimiser = torch.optim.AdamW(head.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.steps)
    head.train()
    for _ in range(recipe.steps):
        left, right = _pairs(parallel, recipe, rng)
        kept = vectors[rng.choice(parallel.kept, recipe.kept, replace=False)]
        ours, theirs = (functional.normalize(head(vectors[rows]), dim=1) for rows in (left, right))
        meet = softmax_loss(training_scores(ours @ theirs.T, torch.tensor(recipe.temperature)), both=True)
        stay = _moved(kept - head.centre, head(kept), recipe.temperature)
        optimiser.zero_grad()
        (meet + recipe.keep * stay).backward()
        optimiser.step()
        schedule.step()
    return head.eval()


def _pairs(parallel: Parallel, recipe: TextHeadRecipe, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """Rows of as many things, each said in two languages, no two of one name."""
    left, right = [], []
    for place in rng.permutation(len(parallel.things))[: recipe.batch].tolist():
        thing = parallel.things[place]
        languages = list(thing)
        first, second = (languages[number] for number in rng.permutation(len(languages))[:2].tolist())
        if rng.random() < recipe.english and second != "en":
            first = "en"
        for rows, language in ((left, first), (right, second)):
            rows.append(thing[language][int(rng.integers(len(thing[language])))])
    return left, right


def _moved(before: Tensor, after: Tensor, temperature: float) -> Tensor:
    """How much less the softened neighbours of each row say of its neighbours before (Kullback-Leibler)."""
    logs = []
    for rows in (before, after):
        unit = functional.normalize(rows, dim=1)
        scores = (unit @ unit.T / temperature).fill_diagonal_(-1e4)
        logs.append(scores.log_softmax(1))
    return functional.kl_div(logs[1], logs[0], reduction="batchmean", log_target=True)
