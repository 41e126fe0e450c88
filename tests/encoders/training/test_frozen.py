"""What frozen networks answer: the quick way, as they are served, against torch."""

import numpy as np
import pytest
from PIL import Image

from encoders.training import frozen
from encoders.training.frozen import FrozenAnswers
from encoders.training.heads import HeadConfig
from encoders.training.model import open_trainable
from encoders.training.precision import Precision
from encoders.training.progress import Quiet


@pytest.fixture(scope="module")
def encoder(small_clip, networks):
    return open_trainable(small_clip, networks, train="query", shared=False, head=HeadConfig("mlp", hidden=8))


@pytest.fixture
def pictures(tmp_path):
    rng = np.random.default_rng(0)
    paths = [tmp_path / f"{number}.png" for number in range(5)]
    for path in paths:
        Image.fromarray(rng.integers(0, 256, (70, 70, 3), np.uint8)).save(path)
    return paths


@pytest.mark.parametrize(("place", "what"), [(("candidate", "image"), "vectors"), (("query", "text"), "features")])
def test_answers_are_the_same_whatever_runs_the_network(encoder, pictures, tmp_path, monkeypatch, place, what):
    contents = pictures if place[1] == "image" else ["a fox", "a red fox in deep snow", "x", "snow", "two words"]
    tower = encoder.towers[place]

    def answers(folder):
        return FrozenAnswers(folder, encoder.spec, Precision("cpu", "f32", "a test"), Quiet()).rows(tower, contents, what).rows

    by_torch = answers(tmp_path / "torch")
    assert not (tmp_path / "torch" / "networks").exists(), "too few to export anything for"
    monkeypatch.setattr(frozen, "_MANY", len(contents))
    served = answers(tmp_path / "served")
    assert any((tmp_path / "served" / "networks").iterdir())
    assert np.abs(served - by_torch).max() < 5e-3 * np.abs(by_torch).max()


def test_who_asks_for_torch_gets_torch(encoder, tmp_path, monkeypatch):
    monkeypatch.setattr(frozen, "_MANY", 1)
    monkeypatch.setenv("SKYBRIDGE_RUNTIME", "torch")
    answers = FrozenAnswers(tmp_path, encoder.spec, Precision("cpu", "f32", "a test"), Quiet())
    assert answers.rows(encoder.towers["query", "text"], ["a fox"], "features").rows.shape == (1, 32)
    assert not (tmp_path / "networks").exists()
