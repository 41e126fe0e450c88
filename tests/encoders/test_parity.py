"""Every engine and precision against torch in float32, on small networks of the kinds that towers are made of."""

import numpy as np
import pytest
import timm
import torch

from encoders.bert import Bert
from encoders.bert_shape import BertShape
from encoders.exported import has_bfloat16
from encoders.measured import Candidate
from encoders.network import Blueprint, Network
from encoders.pixels import NormalisedPictures
from encoders.runtime import open_candidate

TORCH = Candidate("torch", "cpu", "f32")
DICE = np.random.default_rng(0)


def text_network():
    torch.manual_seed(0)
    return Bert(BertShape(64, 2, 4, 128, 500, 64, 1e-12))


def picture_network():
    torch.manual_seed(0)
    return NormalisedPictures(timm.create_model("tf_efficientnet_lite0", num_classes=32), (0.5,) * 3, (0.5,) * 3)


def texts(count, length):
    ids = DICE.integers(1, 500, (count, length))
    mask = (np.arange(length) < DICE.integers(2, length + 1, (count, 1))).astype(np.int64)
    return ids * mask, mask


def pictures(count):
    return (DICE.integers(0, 256, (count, 64, 64, 3), np.uint8),)


NETWORKS = {
    "text": (
        Blueprint("text", "01", text_network, texts(3, 8), ({0: "n", 1: "length"},) * 2),
        [texts(2, 5), texts(7, 30), texts(1, 9)],
    ),
    "picture": (
        Blueprint("picture", "01", picture_network, pictures(2), ({0: "n"},)),
        [pictures(3), pictures(1), pictures(4)],
    ),
}


def _missing(candidate):
    if candidate.device == "cuda" and not torch.cuda.is_available():
        return "there is no NVIDIA GPU"
    if candidate.device == "mps" and not torch.backends.mps.is_available():
        return "there is no Apple GPU"
    if str(candidate) == "OpenVINO bf16" and not has_bfloat16():
        return "this CPU has no bfloat16"
    return ""


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize(
    "candidate",
    [Candidate("openvino", "cpu", "f32"), Candidate("openvino", "cpu", "bf16")]
    + [Candidate("torch", device, precision) for device in ("cuda", "mps") for precision in ("f32", "f16", "bf16")],
    ids=lambda candidate: f"{candidate} on {candidate.device}",
)
def test_answers_point_where_those_of_torch_point(tmp_path, kind, candidate):
    if why := _missing(candidate):
        pytest.skip(why)
    blueprint, batches = NETWORKS[kind]
    exact = open_candidate(blueprint, tmp_path, TORCH)
    runner = open_candidate(blueprint, tmp_path, candidate)
    network = Network(runner.run, "", runner.run_many)
    least = 0.9999 if candidate.precision == "f32" else 0.999
    for arrays, together in zip(batches, network.many(batches), strict=True):
        right = exact.run(arrays)
        for answer in (network(*arrays), together):
            assert answer.shape == right.shape and answer.dtype == np.float32
            cosines = (answer * right).sum(1) / (np.linalg.norm(answer, axis=1) * np.linalg.norm(right, axis=1))
            assert cosines.min() > least
