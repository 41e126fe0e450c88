"""The trainer on toy towers: what it learns, what it leaves out, what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_towers import ToyEncoder, toy_config, toy_pairs

from encoders.errors import FileError, InputError, TrainingError
from encoders.training import trainer
from encoders.training.curve import draw_curve
from encoders.training.objective import Objective
from encoders.training.pairs import PairSet
from encoders.training.precision import Precision
from encoders.training.progress import Quiet
from encoders.training.run_folder import RunFolder
from encoders.training.trainer import train

F32 = Precision("cpu", "f32", "a test")


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    """Files that stand for pictures."""
    return tmp_path_factory.mktemp("items")


def train_toy(out, pairs=None, encoder=None, guide=None, **sections):
    """A whole run on text pairs."""
    config, folder = toy_config(out, **sections), RunFolder(out)
    encoder = encoder or ToyEncoder()
    train_pairs, held_out = (pairs or toy_pairs()).split(0.2)
    with folder.held():
        folder.begin(config, {})
        outcome = train(config, encoder, train_pairs, held_out, folder, precision=F32, guide=guide)
    return encoder, outcome, folder


@pytest.fixture(autouse=True)
def no_curve(monkeypatch):
    """Drawing takes longer than such a run; one test draws."""
    monkeypatch.setattr(trainer, "draw_curve", lambda records, path, title: None)


def test_it_learns_what_can_be_learned_and_writes_down_how(tmp_path, monkeypatch):
    monkeypatch.setattr(trainer, "draw_curve", draw_curve)
    _, outcome, folder = train_toy(tmp_path / "run", optimiser={"epochs": 30})
    assert outcome.before.recall <= 0.4
    assert outcome.best.recall >= 0.8
    said = folder.read()
    assert said["finished"] and said["result"]["best"]["recall"] == outcome.best.recall
    assert not folder.checkpoints.exists()
    records = folder.records()
    losses = [record["loss"] for record in records if "loss" in record]
    assert len(losses) == outcome.steps and losses[-1] < losses[0] / 2
    assert max(record["R@1"] for record in records if "R@1" in record) == outcome.best.recall
    assert folder.curve.read_bytes().startswith(b"\x89PNG")


def test_the_best_moment_is_what_is_saved(tmp_path):
    encoder, outcome, folder = train_toy(tmp_path / "run", optimiser={"learning_rate": 0.3, "epochs": 15})
    looks = [record for record in folder.records() if "R@1" in record]
    best = max(looks, key=lambda look: (look["R@1"], look["MRR"], -look["step"]))
    assert (outcome.best.step, outcome.best.recall) == (best["step"], best["R@1"])
    assert best["step"] < outcome.steps, "this rate is so high that the last moment should not be the best"
    _, again, _ = train_toy(tmp_path / "again", encoder=encoder, optimiser={"learning_rate": 1e-9, "steps": 1})
    assert again.before.recall == pytest.approx(outcome.best.recall)


def test_torchs_own_draws_go_on_as_if_nothing_had_been_trained(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train_toy(tmp_path / "run", optimiser={"steps": 1})
    assert torch.equal(torch.rand(3), expected)


def test_a_query_tower_alone(tmp_path, items):
    encoder = ToyEncoder("query")
    encoder.image.module.requires_grad_(False)
    before = {name: tensor.clone() for name, tensor in encoder.image.module.state_dict().items()}
    _, outcome, folder = train_toy(
        tmp_path / "run", toy_pairs(items), encoder, model={"train": "query"}, optimiser={"epochs": 30}
    )
    assert outcome.best.recall > outcome.before.recall
    assert all(torch.equal(tensor, before[name]) for name, tensor in encoder.image.module.state_dict().items())
    # its vectors were computed once, 36 items to train on and 9 held out, whatever the number of steps
    assert encoder.image.seen == 45
    assert not folder.frozen.exists(), "working files are gone from a finished run"


def test_vectors_of_a_frozen_tower_are_used_again_only_for_the_same_tower_and_data(tmp_path, items):
    kept = tmp_path / "kept"

    def calls(out, encoder, pairs):
        train_toy(tmp_path / out, pairs, encoder, model={"train": "query"}, run={"out": out, "features": str(kept)})
        return encoder.image.seen

    pairs = toy_pairs(items)
    assert calls("one", ToyEncoder("query"), pairs) == 45
    assert sorted(path.name.split("-")[0] for path in kept.glob("*.npy")) == ["candidate.image"] * 2
    assert calls("two", ToyEncoder("query"), pairs) == 0
    other = ToyEncoder("query")
    with torch.no_grad():
        other.image.module.head.bias += 1
    assert calls("three", other, pairs) == 45
    (items / "0-1.png").write_text("i0 i1 i2")
    assert 0 < calls("four", ToyEncoder("query"), pairs) <= 45


def test_a_head_alone_runs_its_frozen_network_once(tmp_path):
    encoder, outcome, _ = train_toy(tmp_path / "run", model={"learn": "head"}, optimiser={"epochs": 10})
    assert encoder.query.seen == encoder.text.seen == 45
    assert outcome.parameters == 2 * (24 * 16 + 16)


def test_training_from_kept_answers_is_training(tmp_path):
    """The short way against the long one: frozen by pattern and run anew each time, frozen and kept."""
    short, _, _ = train_toy(tmp_path / "short", model={"learn": "head"})
    long = ToyEncoder()
    long.query.features = long.text.features = None

    for tower in (long.query, long.text):
        tower.inputs = lambda contents, rng=None, tower=tower: _features(tower, contents)
        tower.features = lambda features: features
    train_toy(tmp_path / "long", encoder=long, model={"learn": "head"})
    for one, other in ((short.query, long.query), (short.text, long.text)):
        torch.testing.assert_close(one.module.head.weight, other.module.head.weight)


def _features(tower, contents):
    with torch.no_grad():
        return (tower.module.trunk(*type(tower).inputs(tower, contents)),)


def test_one_batch_in_parts_gives_the_run_of_one_batch_whole(tmp_path):
    whole, _, _ = train_toy(tmp_path / "whole", optimiser={"micro_batch": 64})
    parts, _, _ = train_toy(tmp_path / "parts", optimiser={"micro_batch": 3})
    # 36 rows in batches of at most 16 are 3 batches of 12
    assert (whole.query.learned_from, parts.query.learned_from) == ({12}, {3})
    for name, tensor in whole.query.module.state_dict().items():
        torch.testing.assert_close(tensor, parts.query.module.state_dict()[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "sections",
    [
        {"loss": {"kind": "sigmoid"}},
        {"loss": {"kind": "bpr", "learn_temperature": False}},
        {"loss": {"kind": "hinge"}},
        {"loss": {"both": False, "logq": "plain"}, "negatives": {"extra": 8, "extra_from": "popularity"}},
        {"negatives": {"queue": 30, "queue_warm_up": 1}},
        {"negatives": {"hard": 3}},
        {"negatives": {"online": 4}},
        {"loss": {"matryoshka": [4, 8]}},
    ],
    ids=json.dumps,
)
def test_every_loss_and_every_kind_of_negative_learns(tmp_path, sections):
    epochs = {"epochs": 25, "learning_rate": 0.02}
    _, outcome, _ = train_toy(tmp_path / "run", **{**sections, "optimiser": epochs})
    assert outcome.best.recall >= max(0.5, outcome.before.recall + 0.2)


def test_a_picture_that_cannot_be_read_costs_its_own_pairs(tmp_path):
    folder = tmp_path / "items"
    folder.mkdir()
    pairs = toy_pairs(folder)
    pairs.fingerprint  # noqa: B018 - read before the pictures go
    train_pairs, held_out = pairs.split(0.2)
    gone = [train_pairs.pairs[3].item, held_out.pairs[1].item]
    for path in gone:
        path.unlink()
    for out, learn in (("live", "full"), ("kept", "head")):
        _, outcome, _ = train_toy(tmp_path / out, pairs, model={"learn": learn})
        assert {Path(path) for path in outcome.skipped} == set(gone)
        assert all("cannot be read" in why for why in outcome.skipped.values())
        assert outcome.best.items == 8


def test_no_picture_at_all_is_an_error(tmp_path):
    folder = tmp_path / "items"
    folder.mkdir()
    pairs = toy_pairs(folder)
    for pair in pairs.pairs:
        pair.item.unlink()
    with pytest.raises(FileError, match=r"none of the 36 inputs of candidate\.image can be read"):
        train_toy(tmp_path / "run", pairs, model={"learn": "head"})


def test_patience_ends_a_run_that_gets_no_better(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(Quiet, "say", lambda self, line: said.append(line))
    _, outcome, folder = train_toy(tmp_path / "run", optimiser={"learning_rate": 1e-9, "patience": 2, "epochs": 50})
    assert outcome.steps == 2 * 3
    assert said[-1] == "stopping early, no better R@1 in the last 2 looks: the moment after step 0 is kept"
    assert outcome.best.step == 0
    assert [record["step"] for record in folder.records() if "R@1" in record] == [0, 3, 6]


def test_a_guide_keeps_what_it_finds_better_out_of_the_negatives(tmp_path, monkeypatch):
    masked = []
    forward = Objective.forward
    monkeypatch.setattr(
        Objective,
        "forward",
        lambda self, *inputs, **more: masked.append(int(inputs[2].sum())) or forward(self, *inputs, **more),
    )
    train_toy(tmp_path / "alone", optimiser={"steps": 3})
    assert masked == [0, 0, 0]
    masked.clear()
    train_toy(tmp_path / "guided", guide=ToyEncoder(), optimiser={"steps": 3})
    assert min(masked) > 0


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")])
def test_out_of_memory_says_what_to_set(tmp_path, monkeypatch, error):
    encoder = ToyEncoder()
    features = encoder.query.features

    def hungry(bags):
        if encoder.query.module.training:
            raise error
        return features(bags)

    encoder.query.features = hungry
    with pytest.raises(
        TrainingError, match=r"batch_size = 16 and micro_batch = 16. Set \[optimiser\] micro_batch = 8, which .* --resume"
    ):
        train_toy(tmp_path / "run", encoder=encoder)


def test_other_runtime_errors_stay_what_they_are(tmp_path):
    encoder = ToyEncoder()
    encoder.query.features = lambda bags: bags @ torch.zeros(3, 3)
    with pytest.raises(RuntimeError, match="shape"):
        train_toy(tmp_path / "run", encoder=encoder)


def test_what_does_not_fit_together_is_told(tmp_path, items):
    pairs = toy_pairs(items)
    encoder = ToyEncoder()
    del encoder.towers["candidate", "image"]
    with pytest.raises(InputError, match=r"pictures on the candidate side, and toy has no tower for that, only query\.text"):
        train_toy(tmp_path / "one", pairs, encoder)
    with pytest.raises(InputError, match=r"no parameter is called '\*.tronk.\*'"):
        train_toy(tmp_path / "two", optimiser={"rates": [{"pattern": "*.tronk.*", "rate": 0.0}]})
    with pytest.raises(InputError, match="nothing learns"):
        train_toy(tmp_path / "three", optimiser={"rates": [{"pattern": "*", "rate": 0.0}]})
    with pytest.raises(InputError, match="17 is more than 16"):
        train_toy(tmp_path / "four", loss={"matryoshka": [17]})
    few = PairSet("few", toy_pairs().pairs[:2])
    with pytest.raises(InputError, match="at least 2 pairs"):
        train_toy(tmp_path / "five", few)


def test_scores_of_the_held_out_pairs_become_the_cards_ranges(tmp_path):
    pairs = toy_pairs()
    doubled = tuple(pair.__class__(f"{pair.query} q0", pair.item, pair.item_id) for pair in pairs.pairs)
    encoder, outcome, _ = train_toy(
        tmp_path / "run", PairSet("toy", (*pairs.pairs, *doubled)), optimiser={"epochs": 30, "steps": 0}
    )
    low, high = encoder.about["score_ranges"].get("text to text", (None, None))
    if outcome.best.queries >= 20:
        assert -1 <= low < high <= 1
    assert any(name.startswith("R@1") for name in encoder.about["quality"])
    assert np.isfinite([value for value in encoder.about["quality"].values() if not isinstance(value, str)]).all()
