"""The interaction layer: nothing before training, the same in numpy as in torch, and only for the space it knows."""

import numpy as np
import pytest
import torch

from encoders.errors import InputError, ModelError
from encoders.interaction import INTERACTION, Interaction, load_interaction, save_interaction
from encoders.training.batches import tabulate
from encoders.training.config import OptimiserSettings, RerankSettings, TrainConfig
from encoders.training.pairs import Pair, PairSet
from encoders.training.precision import Precision
from encoders.training.reranker import Encoded, InteractionLayer, fit_interaction, rank_again
from encoders.vectors import unit_rows

D = 12
PRINTS = {"text": "asks"}, {"image": "answers"}


def rows(count, seed=0, dimension=D):
    return unit_rows(np.random.default_rng(seed).normal(size=(count, dimension)))


def wild(seed=0):
    """A layer whose weights were drawn, none of them zero."""
    torch.manual_seed(seed)
    layer = InteractionLayer(D, 16)
    for parameter in layer.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return layer.eval()


def test_an_untrained_layer_changes_nothing():
    queries, items = rows(7), rows(30, 1)
    layer = InteractionLayer(D, 16)
    assert (layer(torch.from_numpy(queries), torch.from_numpy(items)) == 0).all()
    served = layer.frozen(0.07, *PRINTS)
    assert (served.corrections(queries[0], items) == 0).all()
    truth = tuple(frozenset({place}) for place in range(7))
    before, after = (rank_again(one, queries, items, truth, 5) for one in (None, served))
    assert before.ranks.tolist() == after.ranks.tolist()
    assert (before.top == after.top).all()


def test_numpy_serves_what_torch_trained():
    queries, items, layer = rows(7), rows(30, 1), wild()
    in_torch = layer(torch.from_numpy(queries), torch.from_numpy(items)).detach().numpy()
    served = layer.frozen(0.05, *PRINTS)
    in_numpy = np.stack([served.logits(query, items) for query in queries])
    assert np.abs(in_torch).max() > 1
    np.testing.assert_allclose(in_numpy, in_torch, atol=1e-4)
    np.testing.assert_allclose(served.corrections(queries[0], items), 0.05 * (in_torch[0] - in_torch[0].mean()), atol=1e-5)


def test_a_layer_comes_back_from_disk_as_it_was(tmp_path):
    layer = wild().frozen(0.05, *PRINTS)
    save_interaction(layer, tmp_path / INTERACTION)
    back = load_interaction(tmp_path / INTERACTION)
    assert (back.temperature, back.query_fingerprints, back.candidate_fingerprints) == (0.05, *PRINTS)
    assert (back.logits(rows(1)[0], rows(5, 1)) == layer.logits(rows(1)[0], rows(5, 1))).all()


def test_another_space_is_refused_with_both_fingerprints():
    layer = wild().frozen(0.05, *PRINTS)
    layer.check("query", "text", "asks")
    layer.check("candidate", "image", "answers")
    with pytest.raises(ModelError, match=r"fingerprint answers, and this collection has another.*train-reranker"):
        layer.check("candidate", "image", "another")


def test_what_is_no_layer_is_refused(tmp_path):
    path = tmp_path / INTERACTION
    with pytest.raises(ModelError, match="cannot be read"):
        load_interaction(path)
    save_interaction(wild().frozen(0.05, *PRINTS), path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelError, match="Train it again"):
        load_interaction(path)
    good = wild().frozen(0.05, *PRINTS)
    with pytest.raises(ModelError, match=r"first.weight .* must be \(16, 48\)"):
        Interaction({**good.weights, "first.weight": np.zeros((16, 5), np.float32)}, 0.05, *PRINTS)
    with pytest.raises(ModelError, match="numbers that are none"):
        Interaction({**good.weights, "gmf.weight": np.full((1, D), np.nan, np.float32)}, 0.05, *PRINTS)
    with pytest.raises(InputError, match="takes"):
        good.logits(rows(1)[0], rows(3, dimension=5))


def signs(count, seed):
    """Vectors of two attributes, each a sign: (n, 2) and their vectors in a space where both stand beside noise."""
    rng = np.random.default_rng(seed)
    both = rng.choice([-1.0, 1.0], (count, 2))
    return both, unit_rows(np.concatenate([both, 0.5 * rng.normal(size=(count, 6))], 1))


def different_in_one(count, seed, name):
    """Queries that want an item which differs from them in exactly one of two attributes: XOR, which no cosine can rank."""
    asked, queries = signs(count, seed)
    offered, items = signs(40, seed + 1)
    fits = (asked[:, None] != offered[None]).sum(2) == 1
    pairs = tuple(Pair(f"{name} {row}", f"item {column}", str(column)) for row, column in zip(*np.nonzero(fits), strict=True))
    table = tabulate(PairSet(name, pairs))
    numbers = [int(str(query).split()[1]) for query in table.queries], [int(str(item).split()[1]) for item in table.items]
    return Encoded(table, queries[numbers[0]], items[numbers[1]])


def test_what_towers_lose_by_meeting_late_is_learned():
    precision = Precision("cpu", "f32", "a test")
    config = TrainConfig(
        optimiser=OptimiserSettings(batch_size=32, steps=150, patience=0, learning_rate=0.01),
        rerank=RerankSettings(width=32, dropout=0.0, depth=20, hard=2),
    )
    train, held_out = different_in_one(60, 0, "train"), different_in_one(40, 10, "judged")
    fitted = fit_interaction(config, train, held_out, PRINTS, precision)
    assert fitted.before.recall < 0.6, "a cosine would do, so the task shows nothing"
    assert fitted.best.recall > 0.9
    again = fit_interaction(config, train, held_out, PRINTS, precision)
    assert all((again.layer.weights[name] == one).all() for name, one in fitted.layer.weights.items()), "one seed, one result"


def test_what_was_not_looked_at_again_stays_below():
    queries, items = rows(9), rows(40, 1)
    truth = tuple(frozenset({place}) for place in range(9))
    plain, again = (
        rank_again(None, queries, items, truth, 10),
        rank_again(wild().frozen(1.0, *PRINTS), queries, items, truth, 10),
    )
    assert [set(row) for row in plain.top] == [set(row) for row in again.top]
    assert (plain.top != again.top).any()
    deep = plain.ranks > 10
    assert (plain.ranks[deep] == again.ranks[deep]).all()
