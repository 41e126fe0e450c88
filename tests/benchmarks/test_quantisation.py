"""The benchmark of quantised vectors on toy data: real rows first, true neighbours, every kind asked, the table."""

import json
import re

import numpy as np
import pytest

from benchmarks.quantisation_material import PICTURES, nearest, read_rows
from benchmarks.quantisation_shards import KINDS, ask, fill, make_shard
from benchmarks.quantisation_step import main, shard_folder
from benchmarks.quantisation_tables import quantisation_table
from encoders.vectors import unit_rows

ITEMS, DIMENSION = 400, 384


@pytest.fixture
def work(tmp_path):
    dice = np.random.default_rng(0)
    for name, count in {"pictures": 20, "texts": 300, "queries": 6}.items():
        np.save(tmp_path / f"{name}.npy", unit_rows(dice.normal(size=(count, DIMENSION))))
    rows, queries = read_rows(tmp_path, ITEMS), np.load(tmp_path / "queries.npy")
    pictures = rows[: round(ITEMS * PICTURES)]
    np.savez(tmp_path / f"truth-{ITEMS}.npz", all=nearest(rows, queries, 10), pictures=nearest(pictures, queries, 10))
    return tmp_path


def test_real_rows_come_first_and_the_rest_are_near_one_of_them(work):
    rows, real = read_rows(work, ITEMS), np.load(work / "texts.npy")
    pictures = round(ITEMS * PICTURES)
    assert np.array_equal(rows[:20], np.load(work / "pictures.npy"))
    assert np.array_equal(rows[pictures : pictures + 300], real)
    moved = rows[pictures + 300 :]
    assert np.allclose(np.linalg.norm(moved, axis=1), 1, atol=1e-5)
    assert ((moved @ real.T).max(axis=1) > 0.6).all()
    assert ((moved @ real.T).max(axis=1) < 0.99).all()


def test_the_nearest_are_those_of_sorting_everything(monkeypatch):
    monkeypatch.setattr("benchmarks.quantisation_material._CHUNK", 7)
    dice = np.random.default_rng(1)
    rows, queries = (unit_rows(dice.normal(size=(count, 5))) for count in (40, 3))
    assert np.array_equal(nearest(rows, queries, 10), np.argsort(-(queries @ rows.T), axis=1)[:, :10])


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_made_and_finds_an_item_by_its_own_vector(name, tmp_path):
    kind, rows = KINDS[name], unit_rows(np.random.default_rng(2).normal(size=(120, DIMENSION)))
    shard = make_shard(tmp_path / "shard", kind, DIMENSION)
    fill(shard, kind, rows)
    shard.optimize()
    for factor in kind.oversampling:
        assert ask(shard, kind, factor, rows[50])[0] == 50
        assert set(ask(shard, kind, factor, rows[50], pictures=True)) <= set(range(round(120 * PICTURES)))
    shard.close()


def step(out, what, name, work, *more):
    main(what, name, str(ITEMS), str(work), str(out), *more)
    return {"commit": "c0", "load_before": 1.0, **json.loads(out.read_text())}


def test_a_step_measures_what_the_table_shows(work):
    out, kinds = work / "out.json", {}
    for name in ("float32", "int8"):
        kept = kinds[name] = {"built": [step(out, "build", name, work)], "ways": {}}
        for factor in map(str, KINDS[name].oversampling):
            kept["ways"][factor] = [step(out, "ask", name, work, factor)]
        assert shard_folder(work, name, ITEMS).is_dir()
    assert kinds["float32"]["ways"]["0.0"][0]["recall_at_10"] == 1.0
    machine = {"cores": 2, "architecture": "x", "versions": {"qdrant-edge-py": "1"}}
    table = quantisation_table({"machine": machine, "sizes": {str(ITEMS): kinds}}, ITEMS).splitlines()
    assert [re.sub(r" +", " ", line).split("|")[1].strip() for line in table[2:6]] == ["float32", "int8", "int8", "int8"]
    assert {line.count("|") for line in table[:6]} == {table[0].count("|")}
    assert quantisation_table({"sizes": {}}, ITEMS) == "Not measured yet."
