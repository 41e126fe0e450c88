"""Filters and facets over a real collection, on both engines."""

import json
import time
from contextlib import nullcontext

import pytest

from encoders.errors import LibraryError
from indexer.store.base import Where
from search import Filters, Query, Term
from search.__main__ import main
from search.facets import count_facets


@pytest.fixture
def library(open_main, files):
    opened = open_main()
    opened.add([files], workers=1)
    ids = {item.payload["names"][0]: item.id for item in opened.store.scan(Where())}
    opened.store.set_payload([ids["red.png"]], {"camera": "NIKON D750", "keywords": ["at the Zoo", "red panda"]})
    opened.store.set_payload([ids["green.png"]], {"camera": "Nikon Z6", "title": "A Green hill", "keywords": ["hill"]})
    opened.store.set_payload([ids["blue.png"]], {"camera": "Canon EOS R5", "place": {"lat": 48.9, "lon": 2.3}})
    return opened


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({"camera": "nikon"}, {"red.png", "green.png"}),
        ({"camera": "nikon d750"}, {"red.png"}),
        ({"camera": ("canon", "z6")}, {"green.png", "blue.png"}),
        ({"keyword": "zoo"}, {"red.png"}),
        ({"title": "hill green"}, {"green.png"}),
        ({"near": "Paris"}, {"blue.png"}),
        ({"near": "48.9,2.3", "radius_km": 0.01}, {"blue.png"}),
        ({"near": "Berlin"}, set()),
        ({"extension": "jpg"}, {"yellow.jpg"}),
        ({"kind": "image", "without_words": "hill"}, {"red.png", "blue.png", "yellow.jpg"}),
        ({"kind": "image", "without_words": ("panda", "yellow")}, {"green.png", "blue.png"}),
        ({"kind": "image", "without_keyword": "zoo"}, {"green.png", "blue.png", "yellow.jpg"}),
        ({"without_kind": "document", "without_extension": "jpg"}, {"red.png", "green.png", "blue.png"}),
        ({"kind": "image", "dates": "last 2 days"}, {"red.png", "green.png", "blue.png", "yellow.jpg"}),
        ({"kind": "image", "without_dates": "last 2 days"}, set()),
    ],
)
def test_only_what_passes_answers(library, asked, names):
    hits = library.search("red", filters=Filters(**asked), limit=50)
    assert {hit.payload["names"][0] for hit in hits} == names


def test_short_and_whole_filters_join(library, files):
    hits = library.search("red", kind="image", filters=Filters(camera="nikon"), limit=50)
    assert len(hits) == 2
    assert library.search("red", kind="image", filters=Filters(kind="image"), limit=1)
    with pytest.raises(LibraryError, match="given twice: document and image"):
        library.search("red", kind="image", filters=Filters(kind="document"))


def test_what_the_collection_does_not_hold_is_told_with_what_it_does(library):
    with pytest.raises(LibraryError, match="Some that there are: Canon EOS R5, NIKON D750"):
        library.search("red", filters=Filters(camera="leica"))


def test_facets_count_what_passes(library):
    counted = {facet.name: {value.label: value.count for value in facet.values} for facet in library.facets()}
    assert counted["kind"] == {"pictures": 4, "documents": 2}
    assert counted["camera"] == {"NIKON D750": 1, "Nikon Z6": 1, "Canon EOS R5": 1}
    narrowed = {facet.name: facet for facet in library.facets(Filters(camera="nikon"))}
    assert sum(value.count for value in narrowed["extension"].values) == 2
    assert narrowed["year"].values[0].count == 2


def test_facets_are_counted_anew_once_anybody_has_changed_something(library, open_main, files, monkeypatch):
    def pictures():
        return {value.label: value.count for facet in library.facets() for value in facet.values}["pictures"]

    counted = []
    monkeypatch.setattr("search.engine.count_facets", lambda *asked: counted.append(asked) or count_facets(*asked))
    assert [pictures(), pictures()] == [4, 4]
    assert len(counted) == 1, "nothing has changed"
    with open_main() as other:
        other.remove([next(files.rglob("red.png"))])
    assert pictures() == 3
    library.search("green")
    assert pictures() == 3
    assert len(counted) == 2, "asking changes nothing"
    library.facets(Filters(kind="image"))
    assert len(counted) == 3
    later = time.monotonic() + 61
    monkeypatch.setattr("search.engine.time.monotonic", lambda: later)
    assert pictures() == 3
    assert len(counted) == 4, "others may have changed what is on a server"


def test_what_passes_a_filter_is_counted_anew_when_files_have_moved(library, files):
    there = files / "elsewhere"
    there.mkdir()
    asked = Query((Term(text="red"),), Filters(under=files))
    assert library.answer(asked).items == library.answer(asked).items == 6
    kept = next(files.rglob("red.png"))
    moved = Query((Term(text="red"),), Filters(under=there))
    kept.rename(there / "red.png")
    library.add([files], workers=1)
    assert library.answer(moved).items == 1
    (there / "red.png").rename(kept)
    library.add([files], workers=1)
    assert library.answer(moved).items == 0, "as many items as before, but not there"


def test_the_command_line_counts_and_filters(library, home, capsys, monkeypatch):
    monkeypatch.setattr("search.engine.open_library", lambda *_, **options: nullcontext(library))
    assert main(["--facets", "--json", "--camera", "nikon"]) == 0
    counted = {facet["name"]: facet["values"] for facet in json.loads(capsys.readouterr().out)}
    assert counted["extension"] == [{"value": "png", "label": "png", "count": 2}]
    assert main(["--facets", "--kind", "image"]) == 0
    assert "         4  pictures" in capsys.readouterr().out.splitlines()
    assert main(["--facets", "--not-kind", "image", "--orientation", "square"]) == 0
    assert capsys.readouterr().out == "Nothing passes these filters.\n"
    assert main(["red", "--json", "--near", "Paris"]) == 0
    said = capsys.readouterr()
    assert [hit["path"].rpartition("/")[2] for hit in json.loads(said.out)] == ["blue.png"]
    assert "within 25 km of Paris, France (not Paris, " in said.err
