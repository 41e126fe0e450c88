"""Training the text head on made-up languages: each thing is a direction, each language moves it in a way of its own."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from encoders.recipe.text_training import Parallel, TextHeadRecipe, train_text_head
from encoders.recipe.training import Captioned
from encoders.stages import DRAWN
from encoders.vectors import unit_rows

THINGS, WIDTH, LANGUAGES = 200, 16, ("en", "de", "fr")
FAST = TextHeadRecipe(steps=80, batch=64, kept=64, drawings=16, draw=0.0, learning_rate=1e-2, hidden=32, dropout=0.0)


def made(seed=0):
    rng = np.random.default_rng(seed)
    meanings = rng.normal(size=(THINGS, WIDTH))
    accents = rng.normal(size=(len(LANGUAGES), WIDTH)) * 4
    vectors = unit_rows((meanings[:, None] + accents + rng.normal(size=(THINGS, 3, WIDTH)) * 0.1).reshape(-1, WIDTH))
    things = [{name: [3 * thing + place] for place, name in enumerate(LANGUAGES)} for thing in range(THINGS)]
    features = np.zeros((THINGS, 1, DRAWN), np.float16)
    features[:, 0, : 2 * WIDTH] = np.tile(meanings, 2)  # a drawing shows what its thing means
    captions = [[3 * thing, 3 * thing + 1] for thing in range(THINGS)]
    return Parallel(things, np.arange(0, 3 * THINGS, 3)), Captioned(features, np.arange(THINGS), captions, vectors)


@pytest.fixture(scope="module")
def material():
    return made()


def found(vectors, left=0, right=1):
    """How often a thing's text in one language is nearest to that in the other."""
    rows = unit_rows(vectors).reshape(THINGS, 3, WIDTH)
    return float(((rows[:, left] @ rows[:, right].T).argmax(1) == np.arange(THINGS)).mean())


def through(head, vectors):
    return head(torch.from_numpy(vectors)).detach().numpy()


def test_languages_meet(material):
    parallel, drawings = material
    assert found(drawings.vectors) < 0.1
    assert found(through(train_text_head(parallel, drawings, FAST), drawings.vectors)) > 0.7


def test_drawings_pull_captions_together_that_no_pair_of_languages_does(material):
    """Of German, only drawings know here: English meets French."""
    parallel, drawings = material
    without = [{name: thing[name] for name in ("en", "fr")} for thing in parallel.things]
    parallel = replace(parallel, things=without)
    alone, together = (
        found(through(train_text_head(parallel, drawings, replace(FAST, draw=draw, drawings=128)), drawings.vectors))
        for draw in (0.0, 2.0)
    )
    assert together > alone + 0.1


def test_same_seed_same_head_other_seed_another(material):
    one, same, other = (train_text_head(*material, replace(FAST, steps=3, draw=1.0, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(one.line.weight, same.line.weight)
    assert not torch.equal(one.line.weight, other.line.weight)


def test_the_more_relations_weigh_the_more_they_stay(material):
    parallel, drawings = material
    english = torch.from_numpy(drawings.vectors[parallel.kept])
    moved = []
    for keep in (0.0, 20.0):
        head = train_text_head(parallel, drawings, replace(FAST, keep=keep))
        before, after = (torch.nn.functional.normalize(rows) for rows in (english - head.centre, head(english).detach()))
        moved.append((before @ before.T - after @ after.T).abs().mean().item())
    assert moved[1] < moved[0]
