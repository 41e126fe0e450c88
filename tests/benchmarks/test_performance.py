"""The performance benchmark on toy data: turns, what is kept and what is done again, tables of any part of the results."""

import inspect
import json
import sys
from importlib import import_module

import numpy as np
import pytest

import benchmarks.performance as performance
from benchmarks.performance_cost import cost_of
from benchmarks.performance_folders import _measure
from benchmarks.performance_plot import draw_performance
from benchmarks.performance_rivals import NETWORKS
from benchmarks.performance_sizes import SIZES
from benchmarks.performance_step import MEASUREMENTS
from benchmarks.performance_tables import PERFORMANCE_TABLES, PICTURES
from benchmarks.performance_turns import compare_vectors, take_turns

from tiny import tiny_encoder

TURN = """
import json, sys, numpy
side, notes, out = sys.argv[1:]
open(notes, "a").write(side)
numpy.savez(out + ".npz", names=["a"], vectors=[[1.0, 0.0]])
json.dump({"items": 1, "seconds": 1.0, "cpu_seconds": 1.0}, open(out + ".json", "w"))
"""


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_every_measurement_is_there(name):
    module, *told = MEASUREMENTS[name]
    inspect.signature(import_module(f"benchmarks.{module}").measure).bind("work", "size", *told)


def test_every_measurement_of_pictures_is_in_the_table_and_named_as_it_is():
    networks = {name: told[0] for name, (module, *told) in MEASUREMENTS.items() if module == "performance_rivals"}
    assert networks == {name: network for name, _, network in PICTURES}
    assert set(networks.values()) == set(NETWORKS)


def test_sides_take_turns_and_none_twice(tmp_path):
    notes = tmp_path / "notes"
    commands = {side: [sys.executable, "-c", TURN, side, str(notes)] for side in "xy"}
    rounds = take_turns(commands, tmp_path, "toy", repeats=2)
    assert notes.read_text() == "xyxy"
    assert [len(turns) for turns in rounds.costs.values()] == [2, 2]
    assert rounds.vectors["x"]["a"].tolist() == [1.0, 0.0]
    take_turns(commands, tmp_path, "toy", repeats=3)
    assert notes.read_text() == "xyxyxy"


def test_a_turn_that_fails_ends_the_run_and_names_its_log(tmp_path):
    with pytest.raises(SystemExit, match=r"x-0\.log"):
        take_turns({"x": [sys.executable, "-c", "raise ValueError('no such thing')"]}, tmp_path, "toy", repeats=1)


def test_vectors_in_a_narrow_cone_are_told_apart_once_their_mean_is_gone():
    dice = np.random.default_rng(0)
    narrow = 100 + dice.normal(size=(50, 16))
    ours = {str(place): row for place, row in enumerate(narrow)}
    others = {str(place): row for place, row in enumerate(narrow[::-1])}
    assert compare_vectors(ours, others)["cosine"]["lowest"] > 0.999
    assert compare_vectors(ours, others)["centred_cosine"]["median"] < 0.5
    assert compare_vectors(ours, ours)["centred_cosine"]["lowest"] == pytest.approx(1)
    assert compare_vectors(ours, {"7": narrow[7], "8": narrow[8], "else": narrow[0]})["compared"] == 2


def test_cpu_seconds_are_those_of_work_not_of_waiting():
    import time

    cost = cost_of(lambda: time.sleep(0.3))
    assert cost["seconds"] >= 0.3 > cost["cpu_seconds"]


def test_what_this_commit_measured_is_kept_and_the_rest_done_again(tmp_path, monkeypatch):
    out, asked = tmp_path / "out.json", []
    monkeypatch.setattr(performance, "describe_machine", lambda: {"commit": "new"})
    monkeypatch.setattr(performance, "run_step", lambda name, *_: (asked.append(name), {"found": {}})[1])
    other = {"queries": {"commit": "new", "found": {"p50_ms": 1}}}
    minute = {"start": {"commit": "new", "found": {"kept": 1}}, "queries": {"commit": "old", "found": {}}}
    out.write_text(json.dumps({"sizes": {"minute": minute, "hour": other}}))
    performance.main(["--size", "minute", "--work", str(tmp_path), "--out", str(out)])
    assert asked == [name for name in MEASUREMENTS if name != "start"]
    sizes = json.loads(out.read_text())["sizes"]
    assert sizes["minute"]["start"]["found"] == {"kept": 1} and sizes["hour"] == other
    assert {found["commit"] for found in sizes["minute"].values()} == {"new"}


def test_reading_encoding_and_indexing_are_of_the_same_pictures(tmp_path, write_picture, monkeypatch):
    monkeypatch.setattr("indexer.library.load_encoder", lambda card, cache=None, late=False: tiny_encoder(card=card))
    for place in range(5):
        write_picture(tmp_path / "many" / f"{place}.png", "red", seed=place)
    write_picture(tmp_path / "few" / "one.png", "blue")
    measured = _measure(tmp_path, tmp_path / "many", tmp_path / "few", repeats=2)
    assert measured["items"] == 5
    assert {what: len(each) for what, each in measured["rounds"].items()} == {"read": 2, "encode": 2, "index": 2}


def turn(rate, items=10):
    return {"items": items, "seconds": items / rate, "cpu_seconds": items / rate}


@pytest.fixture
def results():
    """Two sizes, in which ours does 20 a second and everyone else 5."""
    same = {"cosine": {"lowest": 0.9991, "median": 0.9999}, "centred_cosine": {"lowest": 0.98, "median": 0.99}}
    sides = {"ours": [{**turn(rate), "read": 0.1, "encode": 0.4} for rate in (10, 20, 90)], "loop": [turn(5), turn(5), turn(1)]}
    rivals = {"sides": sides, "vectors": {"loop": same}}
    passages = {"sides": {"ours": [turn(20)], "sentence-transformers": [turn(5)]}, **same}
    folder = {"items": 6, "rounds": {what: [{"seconds": 6 / rate, "cpu_seconds": 6 / rate}]
                                     for what, rate in (("read", 30), ("encode", 15), ("index", 12))}}  # fmt: skip
    queries = dict.fromkeys(("upserts_per_second", "p50_ms", "p95_ms", "p99_ms", "recall_at_10", "reopen_seconds",
                             "disk_mb", "peak_mb"), 3.0)  # fmt: skip
    queries |= {"items": 10_000, "build": {"seconds": 2.0, "cpu_seconds": 9.0}}
    start = {"import search": {"seconds": 0.05, "cpu_seconds": 0.04, "quickest": 0.03}}
    found = {"start": start, "folders": {"small": folder}, "pictures-small": rivals, "passages": passages, "queries": queries}
    size = {name: {"commit": "abc", "load_before": 0.2, "found": one} for name, one in found.items()}
    more = {"queries": {"commit": "abc", "load_before": 0.2, "found": {**queries, "items": 100_000}}}
    return {"machine": {"cores": 2, "architecture": "x86_64"}, "sizes": {"minute": size, "ten-minutes": more}}


def test_tables_show_medians_and_ratios_of_the_largest_size_there_is(results, tmp_path):
    rivals = PERFORMANCE_TABLES["rivals"](results)
    assert "| this project | 20.00 | 20.00 |" in rivals
    assert "| 5.00 | 5.00 | 4.0 | 4.0 | 0.9991 (0.9900) |" in rivals
    assert "reads 100 of them" in rivals and "encodes 25 by ViT-B-32: encoding limits." in rivals
    assert "| ratio | 4.0 | 4.0 |" in PERFORMANCE_TABLES["passages"](results)
    assert "| 30.0 | 15.0 | 12.0 | 80% | encoding | 120% |" in PERFORMANCE_TABLES["folders"](results)
    assert PERFORMANCE_TABLES["queries"](results).index("| 10,000 ") < PERFORMANCE_TABLES["queries"](results).index(
        "| 100,000 "
    )
    assert "| `import search` | 50 ms | 30 ms | 40 ms |" in PERFORMANCE_TABLES["start_up"](results)
    draw_performance(results, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("name", PERFORMANCE_TABLES)
def test_what_was_not_measured_is_said(name):
    assert PERFORMANCE_TABLES[name]({"machine": {"cores": 2}, "sizes": {"hour": {}}}) == "Not measured yet."


def test_sizes_grow():
    minute, ten, hour = (SIZES[name] for name in ("minute", "ten-minutes", "hour"))
    for what in ("small", "large", "passages", "vectors", "repeats"):
        assert getattr(minute, what) < getattr(ten, what) < getattr(hour, what)
