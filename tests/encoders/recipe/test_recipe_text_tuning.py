"""Tuning a small text network: what one teacher says of texts is taken over, layers below stay, and seeds decide."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch

from encoders.bert import Bert
from encoders.bert_shape import BertShape
from encoders.recipe.text_training import Parallel, moved
from encoders.recipe.text_tuning import Taught, TuningRecipe, compute_states, tune_text_tower
from encoders.recipe.training import Captioned
from encoders.stages import DRAWN
from encoders.text_head import TextHead
from encoders.vectors import unit_rows

TEXTS, NOUNS, WIDTH, WORDS = 60, 30, 16, 40
FAST = TuningRecipe(first=1, steps=40, captions=32, nouns=16, draw=0.0, keep=0.0, learning_rate=2e-3, head_rate=1e-2)


def tokens(texts):
    """Texts are numbers; each has as many tokens as its number says, from 1 to 3."""
    for start in range(0, len(texts), 7):
        numbers = [int(text) for text in texts[start : start + 7]]
        ids, mask = np.ones((len(numbers), 3), np.int64), np.zeros((len(numbers), 3), np.int64)
        for row, number in enumerate(numbers):
            length = 1 + number % 3
            ids[row, :length], mask[row, :length] = [(number * 7 + place * 3) % WORDS for place in range(length)], 1
        yield list(range(start, start + len(numbers))), (ids, mask)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return Bert(BertShape(width=WIDTH, layers=3, heads=2, inner=32, vocabulary=WORDS, positions=8, epsilon=1e-12)).eval()


@pytest.fixture(scope="module")
def states(network):
    return compute_states(network, tokens, [str(number) for number in range(TEXTS + NOUNS)], 1)


@pytest.fixture(scope="module")
def material(network, states):
    rng = np.random.default_rng(0)
    vectors = vectors_of(network, TextHead(WIDTH), states, range(TEXTS))
    things = [{"en": [3 * place], "de": [3 * place + 1], "fr": [3 * place + 2]} for place in range(TEXTS // 3)]
    features = np.zeros((20, 1, DRAWN), np.float16)
    features[:, 0, :WIDTH] = rng.normal(size=(20, WIDTH))
    drawings = Captioned(features, np.arange(20), [[3 * place] for place in range(20)], vectors)
    whole = vectors_of(network, TextHead(WIDTH), states, range(TEXTS + NOUNS))
    seen_so = unit_rows((whole - whole.mean(0)) @ rng.normal(size=(WIDTH, 3)))  # the teacher looks at few sides of a text
    taught = Taught(np.arange(0, TEXTS), np.arange(TEXTS, TEXTS + NOUNS), seen_so)
    return Parallel(things, np.arange(0, TEXTS, 3)), drawings, taught


def vectors_of(network, head, states, texts):
    rows, mask = states.padded(np.array(texts))
    with torch.inference_mode():
        return torch.nn.functional.normalize(head(network.above(1, rows, mask)), dim=1).numpy()


def tuned(network, states, material, recipe):
    other, head = copy.deepcopy(network), TextHead(WIDTH)
    tune_text_tower(other, head, states, *material, recipe)
    return other, head


def disagreement(taught, network, head, states):
    """How far the relations of all taught texts are from the teacher's."""
    ours = vectors_of(network, head, states, [*taught.captions, *taught.nouns])
    return moved(torch.from_numpy(taught.vectors), torch.from_numpy(ours), FAST.temperature).item()


def test_states_are_those_below_the_layer(network, states):
    (ids, mask) = next(tokens(["5"]))[1]
    expected = network.below(1, torch.from_numpy(ids), torch.from_numpy(mask)).detach().numpy()[0, :3]
    rows, kept = states.padded(np.array([5, 0]))
    assert kept.tolist() == [[1, 1, 1], [1, 0, 0]]
    np.testing.assert_allclose(rows[0].numpy(), expected, atol=0.03)  # computed in bfloat16, kept in float16
    assert states.lengths(np.array([0, 1, 2])).tolist() == [1, 2, 3]


def test_relations_of_the_teacher_are_learned(network, states, material):
    without, untaught = tuned(network, states, material, replace(FAST, teach=0.0))
    learner, head = tuned(network, states, material, replace(FAST, teach=5.0))
    taught = material[2]
    assert disagreement(taught, learner, head, states) < 0.8 * disagreement(taught, without, untaught, states)


def test_only_the_last_layers_change(network, states, material):
    learner, _ = tuned(network, states, material, replace(FAST, steps=2))
    changed = {name for name, tensor in learner.state_dict().items() if not torch.equal(tensor, network.state_dict()[name])}
    assert changed
    assert all(name.startswith(("layers.1.", "layers.2.")) for name in changed)


def test_same_seed_same_tower_other_seed_another(network, states, material):
    made = [tuned(network, states, material, replace(FAST, steps=2, draw=1.0, seed=seed))[1] for seed in (0, 0, 1)]
    assert torch.equal(made[0].line.weight, made[1].line.weight)
    assert not torch.equal(made[0].line.weight, made[2].line.weight)
