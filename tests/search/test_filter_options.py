import argparse

import pytest

from search import Filters
from search.filter_options import add_filter_options, file_size, filters_of, place_told


def filters(*arguments):
    parser = argparse.ArgumentParser()
    parser.add_argument("text", nargs="?")
    add_filter_options(parser)
    return filters_of(parser.parse_args(["cat", *arguments]))


def test_no_option_is_no_filter():
    assert filters() == Filters()


def test_every_filter_has_an_option():
    asked = filters(
        *("--kind", "image", "--under", "/a", "--dates", "2019", "--since", "2019-02", "--until", "2019-11"),
        *("--taken", "may 2019", "--modified", "2019..", "--extension", "jpg", "--extension", "PNG"),
        *("--min-size", "10kB", "--max-size", "2MB", "--orientation", "square", "--camera", "nikon", "--near", "1,2"),
        *("--radius", "3", "--town", "Paris", "--title", "black cat", "--keyword", "zoo", "--not-kind", "document"),
        *("--not-under", "/a/b", "--not-word", "dog", "--not-word", "cow", "--not-dates", "2019-05"),
        *("--not-extension", "gif", "--not-keyword", "work"),
    )
    assert asked.given == {
        "kind": "image", "under": "/a", "dates": "2019", "since": "2019-02", "until": "2019-11", "taken": "may 2019",
        "modified": "2019..", "extension": ("jpg", "png"), "min_bytes": 10_000, "max_bytes": 2_000_000, "orientation": "square",
        "camera": ("nikon",), "near": "1,2", "radius_km": 3.0, "town": ("Paris",), "title": "black cat", "keyword": ("zoo",),
        "without_kind": "document", "without_under": "/a/b", "without_words": ("dog", "cow"), "without_dates": "2019-05",
        "without_extension": ("gif",), "without_keyword": ("work",),
    }  # fmt: skip
    assert set(asked.given) == set(Filters.__dataclass_fields__)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("4096", 4096), ("2MB", 2_000_000), (" 2 mb ", 2_000_000), ("1.5k", 1500), ("1GiB", 2**30), ("7B", 7)],
)
def test_sizes_as_people_write_them(text, size):
    assert file_size(text) == size


@pytest.mark.parametrize("text", ["", "big", "-1", "2TB", "1,5MB", "MB"])
def test_what_is_no_size(text):
    with pytest.raises(argparse.ArgumentTypeError, match="is not a size"):
        file_size(text)


def test_which_town_was_meant_is_told():
    told = place_told(Filters(near="Paris", radius_km=5))
    assert told.startswith("within 5 km of Paris, France (not Paris, ")
    assert place_told(Filters(near="1,2")) is None
    assert place_told(Filters()) is None
