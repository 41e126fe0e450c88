"""Training the text head on made-up languages: each thing is a direction, each language moves it in a way of its own."""

import numpy as np
import pytest
import torch

from encoders.recipe.text_training import Parallel, TextHeadRecipe, language_directions, train_text_head
from encoders.vectors import unit_rows

THINGS, WIDTH, LANGUAGES = 200, 16, ("en", "de", "fr")
FAST = TextHeadRecipe(directions=2, steps=60, batch=64, kept=64)


@pytest.fixture(scope="module")
def parallel():
    rng = np.random.default_rng(0)
    meanings = rng.normal(size=(THINGS, WIDTH))
    accents = rng.normal(size=(len(LANGUAGES), WIDTH)) * 4
    vectors = unit_rows((meanings[:, None] + accents + rng.normal(size=(THINGS, 3, WIDTH)) * 0.1).reshape(-1, WIDTH))
    things = [{name: [3 * thing + place] for place, name in enumerate(LANGUAGES)} for thing in range(THINGS)]
    return Parallel(vectors, things, np.arange(0, 3 * THINGS, 3))


def found(vectors):
    """How often the German text is the nearest one to the English."""
    rows = unit_rows(vectors).reshape(THINGS, 3, WIDTH)
    return float(((rows[:, 0] @ rows[:, 1].T).argmax(1) == np.arange(THINGS)).mean())


def test_directions_are_those_between_the_languages(parallel):
    directions = language_directions(parallel, 2)
    assert directions.shape == (2, WIDTH)
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-5)
    means = parallel.vectors.reshape(THINGS, 3, WIDTH).mean(0)
    left = (means - means.mean(0)) - (means - means.mean(0)) @ directions.T @ directions
    np.testing.assert_allclose(left, 0, atol=1e-5)


def test_languages_meet(parallel):
    head = train_text_head(parallel, FAST)
    after = head(torch.from_numpy(parallel.vectors)).detach().numpy()
    assert found(parallel.vectors) < 0.1
    assert found(after) > 0.7


def test_same_seed_same_head_other_seed_another(parallel):
    one, same, other = (train_text_head(parallel, TextHeadRecipe(2, 3, 64, 64, seed=seed)) for seed in (0, 0, 1))
    assert torch.equal(one.line.weight, same.line.weight)
    assert not torch.equal(one.line.weight, other.line.weight)


def test_keeping_relations_keeps_them(parallel):
    """The more it weighs, the nearer the English similarities stay to what they were."""
    english = torch.from_numpy(parallel.vectors[parallel.kept])
    moved = []
    for keep in (0.0, 20.0):
        head = train_text_head(parallel, TextHeadRecipe(2, 60, 64, 64, keep=keep))
        with torch.inference_mode():
            before, after = (torch.nn.functional.normalize(rows) for rows in (english - head.centre, head(english)))
        moved.append((before @ before.T - after @ after.T).abs().mean().item())
    assert moved[1] < moved[0]
