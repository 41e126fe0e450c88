"""Training the bridge on made-up drawings, and what is said of it afterwards."""

import json

import numpy as np
import pytest
import torch

from encoders.bridge import Blend, load_bridge, load_last_stage, save_bridge
from encoders.bundled import bundled
from encoders.errors import InputError
from encoders.fingerprint import file_sha256
from encoders.recipe import measures
from encoders.recipe.drawings import Drawing
from encoders.recipe.kept import KEPT, alone, through_last
from encoders.recipe.material import Material, Texts
from encoders.recipe.measures import find_score_ranges, gather_tests, measure
from encoders.recipe.prototypes import Prototypes
from encoders.recipe.sheet import write_sheet
from encoders.recipe.training import BridgeRecipe, Captioned, train_bridge
from encoders.stages import CLASSES, DRAWN, POOLED, SEEN, STAGES, LastStage
from encoders.vectors import unit_rows

THINGS, DIMENSION = 24, 16
SHORT = BridgeRecipe(members=2, hidden=16, epochs=20, batch=16, dropout=0.1)


@pytest.fixture(scope="module")
def drawings():
    """Two views of each of 24 things, two drawings of a thing."""
    rng = np.random.default_rng(0)
    of_things = rng.normal(0, 1, (THINGS, 1, KEPT))
    features = np.repeat(of_things, 2, axis=0) + rng.normal(0, 0.3, (2 * THINGS, 2, KEPT))
    vectors = unit_rows(rng.normal(0, 1, (THINGS + 2, DIMENSION)).astype(np.float32))
    captions = [[thing, thing] for thing in np.repeat(np.arange(THINGS), 2).tolist()]
    return Captioned(features.astype(np.float16), np.repeat(np.arange(THINGS), 2), captions, vectors)


@pytest.fixture(scope="module")
def prototypes(drawings):
    rng = np.random.default_rng(1)
    weight, bias = rng.normal(0, 1, (CLASSES, POOLED)), np.zeros(CLASSES)
    return Prototypes(drawings.features[:, 0, :SEEN].astype(np.float32), weight.astype(np.float32), bias.astype(np.float32))


@pytest.fixture(scope="module")
def class_vectors():
    return unit_rows(np.random.default_rng(2).normal(0, 1, (CLASSES, DIMENSION)).astype(np.float32))


@pytest.fixture
def last():
    torch.manual_seed(5)
    return LastStage().eval()


def trained(drawings, prototypes, class_vectors, recipe=SHORT, on_epoch=lambda *_: None, last=None):
    return train_bridge(drawings, prototypes, class_vectors, [[THINGS, THINGS + 1]] * CLASSES, recipe, on_epoch, last)


def test_the_bridge_learns_which_drawing_is_which(drawings, prototypes, class_vectors):
    losses = []
    bridge = trained(drawings, prototypes, class_vectors, on_epoch=lambda epochs, whole, loss: losses.append((epochs, loss)))
    assert [epochs for epochs, _ in losses] == list(range(1, 21))
    assert losses[19][1] < losses[0][1] / 2
    assert bridge.hidden == 32
    assert bridge.blend == Blend(), "it is left as it is used"
    bridge.blend = Blend(near_weight=0.1, far_weight=0.1)  # made-up classes name nothing
    unseen = drawings.features[:, :, :SEEN].mean(1)[::2].astype(np.float32)
    with torch.inference_mode():
        scores = bridge(torch.from_numpy(unseen)) @ torch.from_numpy(drawings.vectors[:THINGS]).T
    assert (scores.argmax(1) == torch.arange(THINGS)).float().mean() > 0.8


def test_the_same_seed_gives_the_same_weights(drawings, prototypes, class_vectors):
    short = BridgeRecipe(members=1, hidden=4, epochs=1, batch=16)
    one, two = (trained(drawings, prototypes, class_vectors, short).state_dict() for _ in range(2))
    other = trained(drawings, prototypes, class_vectors, BridgeRecipe(members=1, hidden=4, epochs=1, batch=16, seed=1))
    assert all(torch.equal(tensor, two[name]) for name, tensor in one.items())
    assert not torch.equal(one["drawing.bend.weight"], other.state_dict()["drawing.bend.weight"])


def test_a_last_stage_learns_with_the_bridge_and_what_it_says_is_read(drawings, prototypes, class_vectors, last):
    before = {name: tensor.clone() for name, tensor in last.state_dict().items()}
    recipe = BridgeRecipe(members=2, hidden=8, epochs=2, batch=16, last_rate=1e-3)
    losses = []
    bridge = trained(drawings, prototypes, class_vectors, recipe, lambda *told: losses.append(told[2]), last)
    assert losses[1] < losses[0]
    assert not any(torch.equal(tensor, before[name]) for name, tensor in last.state_dict().items()), "all of it learns"
    kept = drawings.features[:5, 0]
    seen = through_last(kept, last)
    assert seen.shape == (5, SEEN)
    assert np.array_equal(seen[:, DRAWN:], kept[:, DRAWN:SEEN].astype(np.float32)), "classes keep the network's own"
    assert not np.allclose(seen[:, :POOLED], kept[:, :POOLED])
    middle = slice(POOLED, POOLED + sum(STAGES[:-1]))
    assert np.array_equal(seen[:, middle], kept[:, middle].astype(np.float32)), "so do the early stages"
    with torch.inference_mode():
        assert bridge(torch.from_numpy(seen)).shape == (5, DIMENSION)


def test_drawings_through_a_last_stage_are_trained_on_as_they_are(material, last):
    whole, seen = material.captioned(), material.captioned(last)
    assert seen.features.shape == (20, 2, SEEN)
    expected = through_last(whole.features[3:4, 1], last)
    assert np.allclose(seen.features[3, 1], expected[0], atol=0.01, rtol=0.01)


def test_look_alikes_are_found_by_what_the_network_alone_says(drawings):
    columns = alone(drawings.features[:, 0])
    assert columns.shape == (2 * THINGS, DRAWN + CLASSES)
    assert np.array_equal(columns[:, DRAWN:], drawings.features[:, 0, SEEN - CLASSES : SEEN])


def test_prototypes_raise_their_class_s_logit_and_leave_the_rest_at_the_mean(drawings, prototypes):
    features, classes = prototypes.draw(np.random.default_rng(3), 400)
    assert features.shape == (400, SEEN)
    assert features.dtype == np.float32
    logits = features[:, SEEN - CLASSES :]
    assert logits[np.arange(400), classes].mean() > logits.mean() + 3
    mean = drawings.features[:, 0, :DRAWN].astype(np.float32).mean(0)
    assert np.allclose(features[:, :DRAWN], mean, atol=1e-4)
    pooled = features[:, DRAWN : DRAWN + POOLED]
    assert pooled.min() >= 0
    assert pooled.max() <= 6


@pytest.fixture(scope="module")
def material(drawings):
    """24 drawings as clip art, of which the last 8 are held out, and two styles of four emoji."""
    clipart = [Drawing("clipart", str(place), f"thing {place}", (), "") for place in range(THINGS)]
    emoji = [Drawing(source, key, f"emoji {key}", (), "") for source in ("one", "two") for key in "abcd"]
    names = [drawing.name for drawing in (*clipart, *emoji)]
    places = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return Material(
        clipart,
        drawings.features[::2],
        emoji,
        drawings.features[:8, :1],
        Texts(places, unit_rows(np.random.default_rng(4).normal(0, 1, (len(places), DIMENSION)).astype(np.float32))),
        np.arange(16),
        np.arange(16, 24),
        frozenset("ab"),
    )


def test_what_is_held_out_is_not_trained_on(material):
    captioned = material.captioned()
    assert len(captioned.things) == 16 + 4
    assert captioned.features.shape[:2] == (20, 2), "emoji in as many copies as clip art has views"
    assert captioned.things[16:18].tolist() == captioned.things[18:].tolist(), "two drawings of one emoji show the same thing"
    held = {material.texts.places[f"thing {place}"] for place in range(16, 24)}
    held |= {material.texts.places[f"emoji {key}"] for key in "ab"}
    assert not held & {row for rows in captioned.captions for row in rows}


def test_measuring_a_bridge_that_sees_nothing_is_chance(material, drawings, prototypes, class_vectors, last):
    bridge = trained(drawings, prototypes, class_vectors, BridgeRecipe(members=1, hidden=4, epochs=1, batch=16))
    bridge.forward = lambda features: torch.nn.functional.normalize(torch.ones(len(features), DIMENSION), dim=-1)
    tests = gather_tests(material, folder=None)
    results = measure(bridge, last, tests, material.texts)
    assert results["held-out clip art by title"]["pictures"] == 8
    assert results["held-out emoji by name"]["pictures"] == 2
    assert results["held-out clip art by title"]["bridge"] == {"R@1": 0.0, "R@5": 1.0, "R@10": 1.0}, "ties count half"


def test_score_ranges_lie_between_unrelated_and_right(material, drawings, prototypes, class_vectors, last):
    bridge = trained(drawings, prototypes, class_vectors)
    ranges = find_score_ranges(bridge, last, material, gather_tests(material, folder=None))
    assert set(ranges) == {"text to image", "image to text", "image to image"}
    assert all(-1 <= low <= 1 and -1 <= high <= 1 for low, high in ranges.values())


def test_photographs_without_a_class_in_their_name_are_told(tmp_path):
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(InputError, match="SYNSET_anything"):
        measures._named_photographs(tmp_path)


def test_the_sheet_describes_the_file_beside_it(tmp_path, drawings, prototypes, class_vectors, last):
    bridge = trained(drawings, prototypes, class_vectors, BridgeRecipe(members=1, hidden=4, epochs=1, batch=16))
    save_bridge(bridge, last, tmp_path / "mine.safetensors")
    write_sheet(tmp_path / "mine.safetensors", {"a test": {"pictures": 1}}, {"text to image": (0.1, 0.5)})
    sheet = json.loads((tmp_path / "mine.json").read_text())
    assert sheet["sha256"] == file_sha256(tmp_path / "mine.safetensors")
    assert any("openclipart" in what and how == "public domain" for what, how in sheet["data"].items())
    assert sheet["score_ranges"]["text to image"] == [0.1, 0.5]


def test_the_bridge_that_skybridge_carries_is_what_its_sheet_says():
    sheet = bundled("starter")
    assert sheet.find() == sheet.path
    assert sheet.path.stat().st_size < 20e6
    assert load_bridge(sheet.path).drawing.out.out_features == 384
    assert load_last_stage(sheet.path).answer.out_channels == POOLED
