"""The benchmark of networks in int8: what counts as found, and the tables."""

import numpy as np
import pytest

from benchmarks.int8_material import recalls
from benchmarks.int8_tables import int8_found_table, int8_speed_table
from benchmarks.int8_ways import INT8_WAYS
from encoders.vectors import unit_rows


def test_any_picture_of_the_name_is_a_right_answer():
    pictures = np.eye(12, dtype=np.float32)
    asked = unit_rows(pictures[[1, 0, *range(2, 12)]] + 0.1 * pictures)
    names = ["cat", "cat", *map(str, range(2, 12))]
    assert recalls(asked, pictures, names) == {"R@1": 100.0, "R@10": 100.0}
    names = [str(place) for place in range(12)]
    assert recalls(asked, pictures, names)["R@1"] == pytest.approx(100 * 10 / 12, abs=0.01)


def results():
    speed = {way: {"per_second": 10.0 + place, "cpu_ms": 1.5} for place, way in enumerate(INT8_WAYS)}
    found = {test: {"R@1": 20.0, "R@10": 55.0} for test in ("clip art", "emoji")}
    quality = {way: {"cosine": {"mean": 0.9876, "lowest": 0.5}, "found": found} for way in INT8_WAYS[:4]}
    about = {"rounds": 5, "load": 1.0, "commit": "c0"}
    networks = {
        "minilm": {"quality": quality, "speed": {"passages": speed}, **about},
        "ViT-B-32": {"quality": {}, "speed": {"pictures": speed}, **about, "load": 3.2},
    }
    return {"machine": {"cores": 2, "architecture": "x", "cpu": ["avx2"]}, "networks": networks}


def test_the_table_of_speed_has_a_row_for_each_input_and_a_column_for_each_way():
    table = int8_speed_table(results()).splitlines()
    assert {line.count("|") for line in table[:4]} == {len(INT8_WAYS) + 2}
    assert table[2] == (
        "| MiniLM, passages | 10 (1.5 ms) | 11 (1.5 ms) | 12 (1.5 ms) | 13 (1.5 ms) | 14 (1.5 ms) | 15 (1.5 ms) |"
    )
    assert "load 1 to 3 when each began" in table[-1]


def test_the_table_of_what_is_found_leaves_out_random_weights():
    table = int8_found_table(results()).splitlines()
    assert len(table) == 2 + 4
    assert table[2] == "| MiniLM, OpenVINO f32 | 1 | 1 | 20.0 / 55.0 | 20.0 / 55.0 |"
    assert table[4] == "| MiniLM, int8, else f32 | 0.988 | 0.500 | 20.0 / 55.0 | 20.0 / 55.0 |"
