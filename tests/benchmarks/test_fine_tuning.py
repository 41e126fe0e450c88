"""The fine-tuning benchmark on toy data: what it splits, what it asks of the trainers, and two rows from end to end."""

import json

import numpy as np
import pytest
from PIL import Image

from benchmarks.fine_tuning import summary
from benchmarks.fine_tuning_rows import ROWS, settings_of
from benchmarks.fine_tuning_step import main as run_step
from benchmarks.fine_tuning_tables import FINE_TUNING_TABLES
from benchmarks.icons import Icon, family_of, split_icons, write_collection
from encoders.training.config_file import parse_config
from encoders.training.pair_files import read_pairs

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><circle cx="12" cy="12" r="{}"/></svg>'
BASES = {"starter": "starter", "asked": "starter", "clip": "openclip:x/y.pt", "texts": "sbert:z"}


def icons(count=60):
    names = [f"thing{number // 3}{kind}" for number in range(count) for kind in [("", "-off", "-circle")[number % 3]]]
    return [
        Icon(name.replace("-", " "), (f"tag {name}", "round", "small"), family_of(name), SVG.format(1 + place / 8))
        for place, name in enumerate(names)
    ]


def test_variants_of_one_thing_are_on_one_side():
    parts = split_icons(icons(), {"exam": 15, "held-out": 9, "train": 30})
    families = {part: {icon.family for icon in members} for part, members in parts.items()}
    assert not families["exam"] & families["train"] and not families["exam"] & families["held-out"]
    assert not families["held-out"] & families["train"]
    assert [len(members) for members in parts.values()] == [15, 9, 30]


def test_the_collection_is_one_that_the_trainer_reads(tmp_path):
    pytest.importorskip("resvg_py", reason="draws the icons")
    sizes = write_collection(split_icons(icons(), {"exam": 9, "held-out": 9, "train": 30}), tmp_path)
    train = read_pairs([tmp_path / "train"])
    assert not train.refused and len(train.pairs) == 90 and len(train.items) == sizes["train"] == 30
    asked, exam = (read_pairs([tmp_path / f"asked-{part}.jsonl"]) for part in ("train", "exam"))
    assert set(exam.items) <= set(asked.items) == {icon.name for icon in icons()} & set(asked.items)
    assert not {pair.query for pair in exam.pairs} & {pair.query for pair in asked.pairs}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_asks_for_what_the_trainer_takes(row, tmp_path):
    config = parse_config(settings_of(row, tmp_path, BASES))
    assert config.data.train[0] != config.data.held_out_from[0]
    assert row.against in ["", *(one.name for one in ROWS)]


@pytest.fixture
def toy(tmp_path):
    """A folder as `benchmarks.icons` writes it, of coloured noise."""
    for part, count in (("train", 12), ("held-out", 4), ("exam", 6)):
        folder = tmp_path / "collection" / f"small-{part}"
        folder.mkdir(parents=True)
        rows = []
        for number in range(count):
            noise = np.random.default_rng([count, number]).integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(noise).resize((40, 40)).save(folder / f"{number}.png")
            rows.append({"file_name": f"{number}.png", "text": [f"{part} {number}", f"noise {number}"], "group": str(number)})
        (folder / "metadata.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "rows").mkdir()
    return tmp_path


def test_two_trainers_from_end_to_end(toy, monkeypatch):
    monkeypatch.setenv("SKYBRIDGE_RUNTIME", "torch")
    for name in ("clip-open_clip", "clip-whole"):
        assert run_step([name, str(toy), "--quick"]) == 0
        cost = json.loads((toy / "rows" / f"{name}.cost.json").read_text())
        assert cost["steps"] == 1 and cost["peak_mb"] > 0
        (toy / "rows" / f"{name}.json").write_text(json.dumps({"cost": cost}))
    results = summary(toy)
    ours = results["rows"]["clip-whole"]
    assert ours["queries"] == 12 and ours["candidates"] == 6
    assert ours["against"]["row"] == "clip-open_clip" and 0 < ours["against"]["R@10"]["p"] <= 1
    table = FINE_TUNING_TABLES["fine_tuning_clip"](results)
    assert "plain OpenCLIP loop, f32, seed 0: +.000" in table


def test_sentence_transformers_own_trainer_takes_the_same_settings(tmp_path):
    pytest.importorskip("datasets", reason="sentence-transformers' trainer needs it")
    from sentence_transformers import SentenceTransformer

    from benchmarks.plain_loops import train_sentence_transformers
    from encoders.packaged import MINILM

    rows = [{"query": f"thing {number}", "item": f"a thing that is {number}"} for number in range(4)]
    row = next(row for row in ROWS if row.how == "sentence_transformers")
    settings = settings_of(row, tmp_path, BASES, quick=True)
    settings["data"]["train"] = [str(tmp_path / "pairs.jsonl")]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    told = train_sentence_transformers(settings, MINILM.find().parent, tmp_path / "out")
    assert told["steps"] == 1
    assert SentenceTransformer(str(tmp_path / "out"), device="cpu").encode(["thing"]).shape == (1, 384)
