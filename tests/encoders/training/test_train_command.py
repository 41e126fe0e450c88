"""`python -m encoders train` on every family of towers, with tiny networks: what comes out is a card."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from encoders import load_encoder
from encoders.__main__ import main
from encoders.errors import InputError
from encoders.training import trainer
from encoders.training.config_file import parse_config, write_config
from encoders.training.held_out import Look
from encoders.training.near_duplicates import normal_text

pytestmark = pytest.mark.usefixtures("in_torch")

WORDS = ["heron", "anvil", "lemon", "tram", "violin", "glacier", "button", "cactus"]
TEXT, IMAGE = "text", "image"
QUERY_TEXT, CANDIDATE_TEXT, CANDIDATE_IMAGE = ("query", TEXT), ("candidate", TEXT), ("candidate", IMAGE)
QUICK = {
    "optimiser": {"batch_size": 8, "micro_batch": 3, "epochs": 1, "precision": "f32"},
    "head": {"width": 16},
    "data": {"held_out": 0.25},
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    """16 pairs of texts, and a row that is none."""
    path = tmp_path_factory.mktemp("texts") / "pairs.csv"
    rows = [f"where is the {word} {place},in {place} they keep a {word}" for word in WORDS for place in ("rome", "oslo")]
    path.write_text("\n".join(["query,item", *rows, ",an item that nobody asks for"]) + "\n")
    return path


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """12 pictures that look like nothing, each with two captions."""
    folder = tmp_path_factory.mktemp("captioned")
    for place in range(12):
        noise = np.random.default_rng(place).integers(0, 256, (5, 5, 3), np.uint8)
        Image.fromarray(noise).resize((80, 60), Image.Resampling.BICUBIC).save(folder / f"{place}.png")
        (folder / f"{place}.txt").write_text(f"a {WORDS[place % 8]} {place}\nnumber {place}\n")
    return folder


@pytest.fixture
def train(tmp_path, networks, monkeypatch, capsys):
    """Run the command: (exit code, folder, what it said). The last moment is the one that is kept."""
    monkeypatch.setattr(trainer, "draw_curve", lambda records, path, title: None)
    monkeypatch.setattr(Look, "better_than", lambda self, other: True)

    def run(data, sections, out="out", *options):
        both = {name: {**QUICK.get(name, {}), **sections.get(name, {})} for name in {**QUICK, **sections}}
        both["data"]["train"] = [str(data)]
        both["run"] = {"out": str(tmp_path / out), **sections.get("run", {})}
        settings = tmp_path / f"{out}.toml"
        settings.write_text(write_config(parse_config(both)))
        code = main(["train", str(settings), "--cache", str(networks), *options])
        return code, tmp_path / out, capsys.readouterr()

    return run


def fingerprints(encoder):
    sides = {"query": encoder.query_fingerprints, "candidate": encoder.candidate_fingerprints}
    return {(side, modality): mark for side, found in sides.items() for modality, mark in found.items()}


@pytest.fixture
def assert_is_a_card(networks, capsys):
    """The folder can be loaded and measured; towers that did not learn keep their base's fingerprints."""

    def check(folder, data, bases, changed):
        encoder = load_encoder(f"trained:{folder}", networks)
        marks = fingerprints(encoder)
        before = {place: mark for base in bases for place, mark in fingerprints(load_encoder(base, networks)).items()}
        assert {place for place, mark in marks.items() if mark != before[place]} == changed
        arguments = ["evaluate", str(data), "--model", f"trained:{folder}", "--cache", str(networks), "--json"]
        assert main(arguments) == 0
        said = json.loads(capsys.readouterr().out)
        assert said
        assert np.isclose(np.linalg.norm(encoder.encode_query("a heron")), 1, atol=1e-4)
        names = {path.name.partition("-")[0] for path in folder.iterdir() if path.is_file()}
        assert names >= {"card.json", "config.toml", "run.json", "metrics.jsonl"}
        assert not any(path.is_dir() for path in folder.iterdir())

    return check


def test_a_head_on_the_starters_query_tower(train, pictures, assert_is_a_card):
    code, out, said = train(pictures, {"model": {"base": "starter"}}, "out", "--json")
    assert code == 0, said.err
    told = json.loads(said.out)
    assert (told["model"], told["pairs"] + told["held_out"]) == (f"trained:{out}", 24)
    assert_is_a_card(out, pictures, ["starter"], {QUERY_TEXT})


def test_a_text_tower_against_frozen_pictures(train, pictures, small_clip, assert_is_a_card):
    """LiT: the frozen tower's vectors are computed once."""
    code, out, said = train(pictures, {"model": {"base": small_clip, "learn": "full"}})
    assert code == 0, said.err
    assert "Stored vectors stay valid" in said.out
    assert_is_a_card(out, pictures, [small_clip], {QUERY_TEXT})


def test_a_whole_clip(train, pictures, small_clip, assert_is_a_card):
    augmented = {"model": {"base": small_clip, "train": "both", "learn": "full"}, "data": {"held_out": 0.25, "augment": True}}
    code, out, said = train(pictures, augmented)
    assert code == 0, said.err
    assert "python -m indexer upgrade" in said.out
    assert_is_a_card(out, pictures, [small_clip], {QUERY_TEXT, CANDIDATE_IMAGE})


def test_a_text_network_on_both_sides_at_once(train, texts, small_sbert, assert_is_a_card):
    sections = {"model": {"base": small_sbert, "train": "both", "shared": True, "learn": "full"}}
    code, out, said = train(texts, sections)
    assert code == 0, said.err
    assert f"1 refused in pairs.csv:\n  {texts}, line 18: the query is empty\n" in said.err
    assert len(json.loads((out / "run.json").read_text())["data"]["refused"]) == 1
    assert_is_a_card(out, texts, [small_sbert], {QUERY_TEXT, CANDIDATE_TEXT})


def test_low_rank_changes_and_a_run_that_breaks_off(train, texts, small_sbert, assert_is_a_card, monkeypatch):
    lora = {"model": {"base": small_sbert, "learn": "lora"}, "run": {"checkpoint_minutes": 0.0}}
    code, whole, said = train(texts, lora, "whole")
    assert code == 0, said.err
    assert_is_a_card(whole, texts, [small_sbert], {QUERY_TEXT})
    with monkeypatch.context() as patched:
        patched.setattr(trainer, "backward", _after(1, trainer.backward, _no_memory))
        code, broken, said = train(texts, lora, "broken")
    assert code == 1
    assert said.err.splitlines()[-1].startswith("error: out of memory with batch_size = 8 and micro_batch = 3. Set [optimiser]")
    assert not list(broken.glob("*.safetensors")) and not (broken / "card.json").exists()
    code, broken, said = train(texts, lora, "broken", "--resume")
    assert code == 0, said.err
    assert "going on after step 1 of 2" in said.err
    assert weights(broken) == weights(whole)
    assert (broken / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()
    code, _, said = train(texts, lora, "broken")
    assert code == 1 and "is finished: use it as trained:" in said.err


def test_towers_of_two_families_meet_through_heads(train, pictures, small_sbert, small_clip, assert_is_a_card):
    sections = {
        "model": {"text": small_sbert, "image": small_clip, "train": "both"},
        "head": {"kind": "linear", "dimension": 24},
    }
    code, out, said = train(pictures, sections)
    assert code == 0, said.err
    # no text among the items, no picture among the queries: those towers are made to fit the space, and else stay
    places = {QUERY_TEXT, CANDIDATE_TEXT, CANDIDATE_IMAGE, ("query", IMAGE)}
    assert_is_a_card(out, pictures, [small_clip, small_sbert], places)


def test_numbers_that_are_none_are_told(train, texts, small_sbert, monkeypatch):
    sections = {"model": {"base": small_sbert, "learn": "full"}}
    with monkeypatch.context() as patched:
        patched.setattr(trainer, "backward", _after(1, trainer.backward, lambda: torch.tensor(torch.nan)))
        code, out, said = train(texts, sections)
    assert code == 1
    (error,) = [line for line in said.err.splitlines() if line.startswith("error: ")]
    assert "wrong at step 2: the loss is not finite. The learning rate was 2e-05. Set [optimiser] learning_rate" in error
    assert not list(out.glob("*.safetensors")) and not (out / "card.json").exists()
    assert train(texts, sections)[0] == 0, "what had learned nothing yet may be begun anew"


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"optimiser": {"rates": [{"pattern": "*", "rate": 0.0}]}}, "nothing learns"),
        ({"optimiser": {"rates": [{"pattern": "*.haed.*", "rate": 0.1}]}}, "no parameter is called '*.haed.*'"),
        ({"loss": {"matryoshka": [64]}}, "64 is more than 48"),
        ({"model": {"base": "gpt-9"}}, "gpt-9"),
        ({"optimiser": {"precision": "fp16"}}, "needs an NVIDIA GPU"),
    ],
)
def test_what_does_not_fit_leaves_nothing_behind(train, texts, small_sbert, sections, says, monkeypatch):
    monkeypatch.setattr("encoders.training.precision.choose_device", lambda: "cpu")
    both = {**sections, "model": {"base": small_sbert, **sections.get("model", {})}}
    code, out, said = train(texts, both)
    error = said.err.splitlines()[-1]
    assert (code, said.out) == (1, "")
    assert error.startswith("error: ") and says in error
    assert not out.exists()


def test_near_duplicates_stay_on_one_side_of_the_split(train, small_sbert, tmp_path, monkeypatch):
    rows = [f"the {word} {place},{item}" for word in WORDS for place, item in enumerate((f"A {word}.", f"a  {word}!"))]
    (tmp_path / "twice.csv").write_text("\n".join(["query,item", *rows]))
    seen = []

    def look_only(config, encoder, pairs, held_out, folder, **more):
        seen.extend([pairs, held_out])
        raise InputError("that is enough")

    monkeypatch.setattr(trainer, "train", look_only)
    assert train(tmp_path / "twice.csv", {"model": {"base": small_sbert}, "data": {"held_out": 0.5}})[0] == 1
    sides = [{normal_text(pair.item) for pair in pairs.pairs} for pairs in seen]
    assert len(sides[0]) == len(sides[1]) == 4 and not sides[0] & sides[1]


def test_pictures_for_a_model_of_texts(train, pictures, small_sbert):
    code, out, said = train(pictures, {"model": {"base": small_sbert}})
    assert (code, out.exists()) == (1, False)
    assert "error: the data hold pictures on the candidate side" in said.err


def weights(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


def _after(steps, backward, then):
    """`backward`, for so many steps; then something else."""
    calls = []

    def run(*given, **more):
        calls.append(1)
        return backward(*given, **more) if len(calls) <= steps else then()

    return run


def _no_memory():
    raise MemoryError
