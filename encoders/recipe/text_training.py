"""Training the multilingual text tower's head, on vectors of texts that were computed before: minutes on one core.

Three wishes are weighed. The same thing said in two languages shall fall on one place (InfoNCE between pairs of
languages). Drawings shall find their captions (InfoNCE again; the picture's side is a head of its own that is thrown away
afterwards: the bridge is trained anew on what comes out here). And texts shall stay as near to and far from each other as
they were (relations between them, softened, are kept: Park et al. 2019, "Relational knowledge distillation"), so that
searching passages does not suffer.

Tried, with one bridge of 16 epochs each. R@10 on held-out clip art by title, by title and keywords, on held-out emoji in
English, in the other languages (mean); then R@10 of 1,000 nouns of WordNet to their definitions:

    languages meet, relations stay                                       .463  .556  .715  .601  .668
    and drawings find their captions                                     .510  .571  .744  .609  .681   <- this one
    the same with a curve (768 wide) and six dictionaries                .507  .566  .722  .606  .670

    Without training, E5 as it comes finds .636 of the definitions. Taking away the directions in which languages differ
    before training begins changes nothing: training finds them. 6,000 words from dictionaries (EDICT, CC-CEDICT, FreeDict)
    as more things said in several languages change nothing either, nor do CLDR's keywords in other languages as more
    captions: a line has no more room. What comes next would be to train E5 itself.

Tried later, with the last stage that the starter's training leaves and three bridges. R@10 in English: clip art by title, by
title and keywords, emoji, photographs by class name, stamps:

    300 steps, drawings weigh 1                                          .540  .616  .726  .973  .338
    drawings weigh 2                                                     .557  .623  .726  .972  .356
    drawings weigh 2, 600 steps, captions more often English             .565  .624  .730  .969  .330  <- this one
    relations as MiniLM has them, in place of E5's own                   .565  .610  .715  .970  .351

    With the first of these heads, another seed of the bridges gives .544, .623 and .741, and captions more often English there
    alone .544, .615 and .733. So nothing that was tried brings emoji to the .778 that they reach by MiniLM. What is missed
    there are rarer names: dove, yarn, skunk, shamrock.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from encoders.bridge import Head
from encoders.recipe.training import Captioned
from encoders.stages import DRAWN
from encoders.text_head import TextHead
from encoders.training.losses import softmax_loss
from encoders.training.scores import Temperature, training_scores

__all__ = ["Parallel", "Pictures", "TextHeadRecipe", "moved", "pairs", "rate", "train_text_head"]

_CLIP = 6.0  # deviations: one odd value must not rule a picture


@dataclass(frozen=True)
class TextHeadRecipe:
    """How the head is trained."""

    steps: int = 600
    batch: int = 512  # things, each in two languages
    kept: int = 512  # texts whose relations are kept, in each step
    drawings: int = 768  # in each step
    keep: float = 1.0  # how much keeping relations weighs
    draw: float = 2.0  # how much drawings and their captions weigh
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warm_up: float = 0.05  # share of the steps
    temperature: float = 0.05  # between languages and between relations
    english: float = 0.5  # how often one of the two languages is English
    first_captions: float = 0.6  # how often one of a drawing's first three captions is taken, not any of them
    alike: float = 0.92  # captions with a cosine above this are no negatives of each other
    hidden: int = 512  # width of the drawings' head, which is thrown away
    dropout: float = 0.5  # there
    seed: int = 0


@dataclass(frozen=True)
class Parallel:
    """The same things said in many languages."""

    things: Sequence[Mapping[str, Sequence[int]]]  # for each thing, by language: rows of the vectors; English is "en"
    kept: NDArray[np.int64]  # rows of the vectors: texts whose relations to each other shall stay


def train_text_head(parallel: Parallel, drawings: Captioned, recipe: TextHeadRecipe) -> TextHead:
    """Train a head on the text network's own answers, `drawings.vectors`. Same seed, same weights on the same machine."""
    torch.manual_seed(recipe.seed)
    rng = np.random.default_rng(recipe.seed)
    vectors = torch.from_numpy(drawings.vectors)
    head = TextHead(vectors.shape[1])
    head.centre.copy_(vectors.mean(0))
    pictures = Pictures(drawings, vectors - head.centre, recipe)
    parts = [*head.parameters(), *pictures.parameters()]
    optimiser = torch.optim.AdamW(parts, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(step, recipe.steps, recipe.warm_up))
    for _ in range(recipe.steps):
        left, right = pairs(parallel, recipe, rng)
        ours, theirs = (functional.normalize(head(vectors[rows]), dim=1) for rows in (left, right))
        meet = softmax_loss(training_scores(ours @ theirs.T, torch.tensor(recipe.temperature)), both=True)
        kept = vectors[rng.choice(parallel.kept, min(recipe.kept, len(parallel.kept)), replace=False)]
        stay = moved(kept - head.centre, head(kept), recipe.temperature)
        loss = meet + recipe.keep * stay + recipe.draw * pictures.missed(lambda rows: head(vectors[rows]), rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return head.eval()


class Pictures(torch.nn.Module):
    """The pictures' side while a text tower is trained. Captions that `texts` says are alike are no negatives of each other."""

    texts: Tensor  # (t, d), unit rows

    def __init__(self, drawings: Captioned, texts: Tensor, recipe: TextHeadRecipe) -> None:
        super().__init__()
        self.drawings, self.recipe = drawings, recipe
        self.register_buffer("texts", functional.normalize(texts, dim=1), persistent=False)
        served = drawings.features[:, 0, :DRAWN].astype(np.float32)
        self.centre, self.deviation = torch.from_numpy(served.mean(0)), torch.from_numpy(served.std(0) + 1e-3)
        self.head = Head(DRAWN, recipe.hidden, drawings.vectors.shape[1], recipe.dropout)
        self.temperature = Temperature()

    def missed(self, encode: Callable[[list[int]], Tensor], rng: np.random.Generator) -> Tensor:
        """The loss between a batch of drawings and one caption of each. `encode`: rows of texts -> their vectors by now."""
        drawings, recipe = self.drawings, self.recipe
        places = rng.choice(len(drawings.things), min(recipe.drawings, len(drawings.things)), replace=False)
        views = rng.integers(0, drawings.features.shape[1], len(places))
        seen = torch.from_numpy(drawings.features[places, views, :DRAWN].astype(np.float32))
        pictures = functional.normalize(self.head(((seen - self.centre) / self.deviation).clamp(-_CLIP, _CLIP)), dim=1)
        captions = [self._caption(place, rng) for place in places.tolist()]
        things = torch.from_numpy(drawings.things[places])
        apart = self.texts[captions]
        mask = (things[:, None] == things) | (apart @ apart.T > recipe.alike)
        mask.fill_diagonal_(False)
        scores = pictures @ functional.normalize(encode(captions), dim=1).T
        return softmax_loss(training_scores(scores, self.temperature(), mask=mask), both=True)

    def _caption(self, place: int, rng: np.random.Generator) -> int:
        captions = self.drawings.captions[place]
        captions = captions[:3] if rng.random() < self.recipe.first_captions else captions
        return captions[int(rng.integers(len(captions)))]


def pairs(parallel: Parallel, recipe: TextHeadRecipe, rng: np.random.Generator) -> tuple[list[int], list[int]]:
    """Rows of as many things, each said in two languages."""
    left: list[int] = []
    right: list[int] = []
    for place in rng.permutation(len(parallel.things))[: recipe.batch].tolist():
        thing = parallel.things[place]
        languages = list(thing)
        first, second = (languages[number] for number in rng.permutation(len(languages))[:2].tolist())
        if rng.random() < recipe.english and second != "en":
            first = "en"
        for rows, language in ((left, first), (right, second)):
            rows.append(thing[language][int(rng.integers(len(thing[language])))])
    return left, right


def moved(before: Tensor, after: Tensor, temperature: float) -> Tensor:
    """How much less the softened neighbours of each row say of its neighbours before (Kullback-Leibler)."""
    logs = []
    for rows in (before, after):
        unit = functional.normalize(rows, dim=1)
        scores = (unit @ unit.T / temperature).fill_diagonal_(-1e4)
        logs.append(scores.log_softmax(1))
    return functional.kl_div(logs[1], logs[0], reduction="batchmean", log_target=True)


def rate(step: int, steps: int, warm_up: float) -> float:
    """Share of the learning rate: up in a line, down in half a cosine."""
    return min(1.0, (step + 1) / (warm_up * steps)) * (0.5 + 0.5 * float(np.cos(np.pi * step / steps)))
