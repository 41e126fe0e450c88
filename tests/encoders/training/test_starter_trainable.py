"""The starter's own networks, with heads, trained a step, exported and held against torch."""

import subprocess
import sys

import pytest
import torch
from PIL import Image

from encoders import load_encoder, prepare
from encoders.training.heads import HeadConfig
from encoders.training.lora import LoraConfig
from encoders.training.model import open_trainable
from encoders.training.rates import parameter_groups

TEXTS = ["a black cat", "x", "the quick brown fox jumps over the lazy dog " * 8]


@pytest.fixture(scope="module")
def trained(networks, picture_files, tmp_path_factory):
    """Both networks, shared by both sides, with a head each, moved by a few steps: (trainable, folder)."""
    torch.manual_seed(0)
    head = HeadConfig("mlp", hidden=64)
    trainable = open_trainable("starter", networks, train="both", shared=True, head=head)
    for modality, contents in (("text", TEXTS), ("image", picture_files)):
        tower = trainable.towers["candidate", modality]
        (group,) = parameter_groups(tower.module, [("head.*", 0.3), ("*", 0)])
        goal = torch.nn.functional.normalize(torch.randn(len(contents), 384), dim=-1)
        with torch.no_grad():
            features = tower.features(*tower.inputs(contents))
        for _ in range(3):
            tower.module.zero_grad()
            (tower.project(features) - goal).pow(2).sum().backward()
            with torch.no_grad():
                for parameter in group["params"]:
                    parameter.sub_(parameter.grad, alpha=group["lr"])
    folder = tmp_path_factory.mktemp("trained")
    trainable.save(folder, {})
    return trainable, folder


@pytest.fixture(scope="module")
def exported(trained, networks):
    """The trained card, its networks exported."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SKYBRIDGE_RUNTIME", "openvino")
        return load_encoder(f"trained:{trained[1]}", networks)


@pytest.fixture(scope="module")
def plain(networks):
    """The starter as it was. In torch: exporting it, too, would take as long as all else here."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("SKYBRIDGE_RUNTIME", "torch")
        return load_encoder("starter", networks)


@pytest.mark.parametrize("modality", ["text", "image"])
def test_exported_with_its_head_it_answers_as_in_torch(trained, exported, plain, picture_files, modality):
    trainable, encoder = trained[0], exported
    assert "torch" not in encoder.runtime
    tower = trainable.towers["candidate", modality]
    contents = TEXTS if modality == "text" else picture_files
    with torch.no_grad():
        theirs = tower.project(tower.features(*tower.inputs(contents))).numpy()
    given = [prepare(Image.open(file).convert("RGB"), encoder.picture_spec) for file in picture_files]
    ours = encoder.encode_candidates(modality, TEXTS if modality == "text" else given)
    assert (ours * theirs).sum(1).min() > (0.999 if "bf16" in encoder.runtime else 0.9999)
    before = plain.encode_candidates(modality, TEXTS if modality == "text" else given)
    assert (ours * before).sum(1).max() < 0.999
    assert encoder.query_fingerprints == encoder.candidate_fingerprints
    assert encoder.candidate_fingerprints[modality] != plain.candidate_fingerprints[modality]


def test_only_the_heads_were_written(trained):
    from safetensors import safe_open

    for file in trained[1].glob("*.safetensors"):
        with safe_open(file, "pt") as tensors:
            assert all(name.startswith("head.") for name in tensors.keys())  # noqa: SIM118 - no mapping, whatever it looks like
        assert file.stat().st_size < 400_000


def test_frozen_features_can_be_computed_once(trained, picture_files):
    tower = trained[0].towers["candidate", "image"]
    inputs = tower.inputs(picture_files)
    with torch.no_grad():
        kept = torch.cat([tower.features(inputs[0][place : place + 1]) for place in range(len(picture_files))])
        assert torch.allclose(tower.project(kept), tower.module(*inputs), atol=1e-5)


def test_lora_in_both_of_its_networks(networks, picture_files):
    trainable = open_trainable("starter", networks, train="both", shared=True, lora=LoraConfig(rank=2))
    text, image = (trainable.towers["query", modality].module for modality in ("text", "image"))
    adapted = [
        {name.partition(".lora_")[0] for name, one in module.named_parameters() if one.requires_grad}
        for module in (text, image)
    ]
    parts = ("query_key_value", "attended", "inner", "outer")
    assert adapted[0] == {f"trunk.layers.{layer}.{part}" for layer in range(6) for part in parts}
    layers = ("blocks.1.0.conv_pw", "conv_head", "classifier")
    assert {f"trunk.network.network.{layer}" for layer in layers} <= adapted[1]
    inputs = trainable.towers["query", "image"].inputs(picture_files[:2])
    image.train()
    image(*inputs).sum().backward()
    assert all(one.grad is not None for one in image.parameters() if one.requires_grad)
    assert not any(part.training for part in image.modules() if isinstance(part, torch.nn.BatchNorm2d))


def test_warm_start_imports_no_torch(trained, exported, networks, monkeypatch):
    """Describing heads and LoRA, looking at a trained card and opening it a second time: nothing heavy."""
    program = (
        "import sys; from pathlib import Path; from encoders import find_card, load_encoder\n"
        "from encoders.training.heads import HeadConfig; from encoders.training.lora import LoraConfig\n"
        "HeadConfig(), LoraConfig(), find_card(sys.argv[1])\n"
        "load_encoder(sys.argv[1], Path(sys.argv[2])).encode_query('a cat')\n"
        "print([name for name in ('torch', 'timm', 'peft', 'transformers') if name in sys.modules])"
    )
    monkeypatch.setenv("SKYBRIDGE_RUNTIME", "openvino")
    arguments = [sys.executable, "-W", "error", "-c", program, f"trained:{trained[1]}", str(networks)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
