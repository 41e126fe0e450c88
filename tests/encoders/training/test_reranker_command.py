"""`python -m encoders train-reranker`: from pairs to a folder that a search takes, towers untouched."""

import json

import pytest

from encoders import load_encoder
from encoders.__main__ import main
from encoders.interaction import INTERACTION, load_interaction
from encoders.training.config_file import parse_config, write_config

pytestmark = pytest.mark.usefixtures("in_torch")

SECTIONS = {
    "optimiser": {"batch_size": 8, "epochs": 1},
    "data": {"held_out": 0.25},
    "rerank": {"width": 8, "depth": 4},
}


@pytest.fixture
def train(tmp_path, networks, small_sbert, capsys):
    """Run the command: (exit code, folder, what it said)."""
    pairs = tmp_path / "pairs.csv"
    places = [f"where is the {word} of {place},in {place} they keep a {word}" for word in ("heron", "anvil", "lemon", "tram")
              for place in ("rome", "oslo", "bern")]  # fmt: skip
    pairs.write_text("\n".join(["query,item", *places]) + "\n")

    def run(*options, **model):
        settings = tmp_path / "settings.toml"
        both = {**SECTIONS, "model": {"base": small_sbert, **model}, "data": {"held_out": 0.25, "train": [str(pairs)]}}
        settings.write_text(write_config(parse_config(both)))
        out = tmp_path / "out"
        code = main(["train-reranker", str(settings), "--out", str(out), "--cache", str(networks), *options])
        return code, out, capsys.readouterr()

    return run


def test_a_reranker_knows_the_space_it_was_trained_for(train, networks, small_sbert):
    code, out, said = train("--json")
    assert code == 0, said.err
    told = json.loads(said.out)
    assert told["reranker"] == str(out)
    assert told["steps"] == 2
    layer, encoder = load_interaction(out / INTERACTION), load_encoder(small_sbert, networks)
    assert layer.query_fingerprints == encoder.query_fingerprints
    assert layer.candidate_fingerprints == encoder.candidate_fingerprints
    assert layer.dimension == encoder.dimension
    assert sorted(path.name for path in out.iterdir()) == ["config.toml", INTERACTION, "metrics.jsonl", "run.json"]
    assert json.loads((out / "run.json").read_text())["finished"] is True
    code, _, said = train()
    assert code == 1
    assert "holds a reranker already" in said.err


def test_two_models_are_no_space(train):
    code, out, said = train(text="starter")
    assert code == 1
    assert "leave [model] text and image empty" in said.err
    assert not out.exists()
