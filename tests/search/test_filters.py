from datetime import UTC, datetime

import pytest

from encoders.errors import LibraryError
from indexer.schema import FIELDS
from indexer.store.base import GeoRadius, Match, Range, Words
from search import Filters
from search.dates import span
from search.filters import place_of


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ({"dates": "2023-05..2023-08"}, Range("date", "2023-05-01T00:00:00Z", "2023-08-31T23:59:59Z")),
        ({"taken": "2019.."}, Range("taken", "2019-01-01T00:00:00Z", None)),
        ({"modified": "may 2023"}, Range("modified", *span("2023-05"))),
        ({"modified": datetime(2023, 5, 1, tzinfo=UTC)}, Range("modified", "2023-05-01T00:00:00Z", "2023-05-01T00:00:00Z")),
        ({"extension": ".JPG"}, Match("extension", ("jpg",))),
        ({"extension": ["jpg", "*.png", "jpg"]}, Match("extension", ("jpg", "png"))),
        ({"min_bytes": 10}, Range("bytes", 10, None)),
        ({"min_bytes": 10, "max_bytes": 20}, Range("bytes", 10, 20)),
        ({"orientation": "portrait"}, Match("orientation", ("portrait",))),
        ({"camera": "NIKON D750"}, Match("camera", ("NIKON D750",))),
        ({"town": ("Paris, France",)}, Match("town", ("Paris, France",))),
        ({"near": "48.85, 2.35", "radius_km": 3}, GeoRadius("place", 48.85, 2.35, 3000)),
        ({"title": "black cat"}, Words("title", "black cat")),
        ({"keyword": "zoo"}, Match("keywords", ("zoo",))),
    ],
)
def test_a_filter_becomes_a_condition_of_the_store(asked, condition):
    where = Filters(**asked).where()
    assert where.must == (condition,)
    assert where.must_not == ()


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ({"without_kind": "image"}, Match("kind", ("image",))),
        ({"without_under": "/a/b/.."}, Match("folders", ("/a",))),
        ({"without_dates": "2019"}, Range("date", "2019-01-01T00:00:00Z", "2019-12-31T23:59:59Z")),
        ({"without_extension": "GIF"}, Match("extension", ("gif",))),
        ({"without_keyword": ["zoo", "dog"]}, Match("keywords", ("zoo", "dog"))),
    ],
)
def test_a_negative_filter_excludes(asked, condition):
    where = Filters(**asked).where()
    assert where.must == ()
    assert where.must_not == (condition,)


def test_without_words_looks_wherever_words_are_indexed():
    keys = {condition.key for condition in Filters(without_words="black dog").where().must_not}
    assert {"title", "names", "keywords"} <= keys
    assert keys - {"keywords"} == {field.name for field in FIELDS if field.indexed and field.type == "text"}


def test_a_town_is_a_place():
    latitude, longitude, label = place_of("Paris")
    assert label == "Paris, France"
    assert Filters(near="paris").where().must == (GeoRadius("place", latitude, longitude, 25_000),)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"kind": "image", "without_kind": "image"}, "of the kind image and not"),
        ({"without_kind": "smell"}, "'smell' is not a kind"),
        ({"min_bytes": 20, "max_bytes": 10}, "the first is the larger one"),
        ({"max_bytes": -1}, "below 0"),
        ({"since": "2020", "until": "2019"}, "the first is the later one"),
        ({"dates": "2020..2019"}, "ends before it begins"),
        ({"dates": "when I was young"}, "Write a year"),
        ({"taken": "soon"}, "Write a year"),
        ({"dates": "2019-05", "without_dates": "2019"}, "dated 2019-05 and not 2019"),
        ({"orientation": "oblique"}, "landscape, portrait, square"),
        ({"near": "91,0"}, "no place on earth"),
        ({"near": "Heidelbreg"}, "Did you mean Heidelberg, Germany"),
        ({"near": "0,0", "radius_km": 0}, "a radius is more than 0"),
        ({"near": "0,0", "radius_km": float("nan")}, "a radius is more than 0"),
        ({"title": " - "}, "no words in the title"),
        ({"keyword": ""}, "needs a word"),
        ({"without_words": ("cat", "!")}, "needs a word"),
        ({"extension": "jpg", "without_extension": ("jpg", "png")}, "nothing has the extension jpg"),
        ({"under": "/a/b", "without_under": "/a"}, "nothing lies below /a/b and not below /a"),
    ],
)
def test_what_nothing_can_pass_is_refused(asked, says):
    with pytest.raises(LibraryError, match=says):
        Filters(**asked)


def test_what_only_looks_like_a_contradiction_is_let_pass():
    Filters(under="/a", without_under="/a/b", dates="2019", without_dates="2019-05", extension=("jpg", "png"))
    assert Filters(extension=("jpg", "png"), without_extension="png").where().must


def test_the_given_ones_are_known():
    assert Filters().given == {}
    assert Filters("image", radius_km=25.0, keyword="x").given == {"kind": "image", "keyword": ("x",)}
