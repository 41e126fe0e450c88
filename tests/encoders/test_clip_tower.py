"""OpenCLIP's real code on a small architecture with random weights."""

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from encoders import load_encoder, prepare
from encoders.errors import InputError, ModelError
from encoders.fingerprint import file_sha256

TEXTS = ["a black cat", "x", "word " * 500]
CONFIG = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "patch_size": 16, "head_width": 32},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """An architecture "skybridge-tiny" that OpenCLIP knows for as long as this process lives, and its checkpoint."""
    folder = tmp_path_factory.mktemp("clip")
    (folder / "skybridge-tiny.json").write_text(json.dumps(CONFIG))
    open_clip.add_model_config(folder / "skybridge-tiny.json")
    torch.manual_seed(0)
    model = open_clip.create_model("skybridge-tiny").eval()
    torch.save(model.state_dict(), folder / "tiny.pt")
    return model, folder / "tiny.pt"


@pytest.fixture(scope="module")
def encoder(model, networks):
    return load_encoder(f"openclip:skybridge-tiny/{model[1]}", networks)


def test_pictures_come_out_as_openclip_makes_them(encoder, model, photographs):
    transform = image_transform_v2(PreprocessCfg(size=64), is_train=False)
    with torch.inference_mode():
        theirs = model[0].encode_image(torch.stack([transform(image) for image in photographs.values()]), normalize=True)
    prepared = [prepare(image, encoder.picture_spec) for image in photographs.values()]
    # not equal to the last bit: OpenCLIP resizes first and crops then, `prepare` does both at once
    assert (encoder.encode_candidates("image", prepared) * theirs.numpy()).sum(1).min() > 0.99


def test_normalisation_is_exact(encoder, model):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 64, 64, 3), np.uint8)
    mean, deviation = (torch.tensor(model[0].visual.preprocess_cfg[key]).reshape(1, 3, 1, 1) for key in ("mean", "std"))
    with torch.inference_mode():
        pictures = (torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255 - mean) / deviation
        theirs = model[0].encode_image(pictures, normalize=True).numpy()
    assert (encoder.encode_candidates("image", list(pixels)) * theirs).sum(1).min() > 0.999


def test_texts_come_out_as_openclip_makes_them(encoder, model):
    with torch.inference_mode():
        theirs = model[0].encode_text(open_clip.get_tokenizer("skybridge-tiny")(TEXTS), normalize=True).numpy()
    assert (encoder.encode_candidates("text", TEXTS) * theirs).sum(1).min() > 0.999
    assert encoder.encode_query("a black cat") @ theirs[0] > 0.999


def test_card_and_shape_follow_the_checkpoint(encoder, model):
    assert encoder.card.id == f"openclip:skybridge-tiny/{model[1]}"
    assert (encoder.dimension, encoder.passage_tokens) == (32, 22)
    assert encoder.query_modalities == encoder.candidate_modalities == {"text", "image"}


def test_safetensors_are_the_same_model(encoder, model, networks, tmp_path):
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in model[0].state_dict().items()}, tmp_path / "tiny.safetensors")
    other = load_encoder(f"openclip:skybridge-tiny/{tmp_path / 'tiny.safetensors'}", networks)
    assert other.encode_query("a black cat") @ encoder.encode_query("a black cat") > 0.999


def test_other_weights_have_another_fingerprint(encoder, model, networks, tmp_path):
    state = {name: tensor + 0.01 for name, tensor in model[0].state_dict().items()}
    torch.save(state, tmp_path / "other.pt")
    assert file_sha256(tmp_path / "other.pt") != file_sha256(model[1])
    other = load_encoder(f"openclip:skybridge-tiny/{tmp_path / 'other.pt'}", networks)
    assert all(other.candidate_fingerprints[modality] != mark for modality, mark in encoder.candidate_fingerprints.items())


def test_preparation_is_read_from_beside_the_checkpoint(encoder, model, networks, tmp_path):
    (tmp_path / "tiny.pt").symlink_to(model[1])
    cfg = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash", "interpolation": "bilinear"}
    (tmp_path / "open_clip_config.json").write_text(json.dumps({"preprocess_cfg": cfg}))
    other = load_encoder(f"openclip:skybridge-tiny/{tmp_path / 'tiny.pt'}", networks)
    assert (other.picture_spec.fit, other.picture_spec.resample) == ("squash", "bilinear")
    assert other.candidate_fingerprints["image"] != encoder.candidate_fingerprints["image"]
    assert other.candidate_fingerprints["text"] == encoder.candidate_fingerprints["text"]


def test_siglip_checkpoints_get_siglip_s_preparation():
    """All published SigLIP tags of an architecture agree, so a bare file is prepared as they are."""
    from encoders.clip_tower import _preprocess

    chosen = _preprocess("ViT-B-16-SigLIP", Path("/nowhere/weights.pt"), None)
    assert chosen == {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ("nothing/laion2b", "no architecture 'nothing'"),
        ("ViT-B-32", "names no weights.*laion2b_s34b_b79k"),
        ("ViT-B-32/nothing", "no tag or file 'nothing'.*laion2b_s34b_b79k"),
        ("ViT-B-32//nowhere/weights.pt", "no file '/nowhere/weights.pt'"),
    ],
)
def test_what_cannot_be_is_said_with_what_can(networks, rest, message):
    with pytest.raises(ModelError, match=message):
        load_encoder(f"openclip:{rest}", networks)


def test_tag_without_network_is_one_message(networks, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match=r"ViT-B-32/laion2b_s34b_b79k is not on this machine.*offline: starter"):
        load_encoder("openclip:ViT-B-32/laion2b_s34b_b79k", networks)


def test_checkpoint_of_another_architecture_is_refused(model, networks):
    with pytest.raises(ModelError, match="cannot be loaded as RN50"):
        load_encoder(f"openclip:RN50/{model[1]}", networks)


def test_checkpoint_with_code_in_it_is_refused(model, networks, tmp_path):
    class Evil:
        def __reduce__(self):
            return print, ("this must not run",)

    torch.save({"state_dict": Evil()}, tmp_path / "evil.pt")
    with pytest.raises(ModelError, match="cannot be loaded as skybridge-tiny"):
        load_encoder(f"openclip:skybridge-tiny/{tmp_path / 'evil.pt'}", networks)


def test_pictures_of_another_size_are_refused(encoder):
    with pytest.raises(InputError, match=r"\(64, 64, 3\)"):
        encoder.encode_candidates("image", [np.zeros((260, 260, 3), np.uint8)])
    assert encoder.encode_query(image=Image.new("RGB", (300, 20))).shape == (32,)
