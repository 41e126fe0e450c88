"""Pairs out of a collection: what its files say of themselves, on the real store."""

import pytest
from PIL import Image, PngImagePlugin

from encoders.errors import LibraryError
from encoders.training.pair_files import read_pairs, write_pairs
from indexer.library import Library
from indexer.pairs import item_queries, library_pairs, library_queries

from tiny import tiny_encoder


def titled(path, colour, title=None, keywords=None, size=(20, 20)):
    """A PNG with a title and keywords of its own."""
    info = PngImagePlugin.PngInfo()
    if title:
        info.add_text("Title", title)
    if keywords:
        info.add_text("Keywords", keywords)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path, pnginfo=info)
    return path


@pytest.fixture
def library(home):
    with Library(home, encoder=tiny_encoder()) as opened:
        yield opened


@pytest.fixture
def filled(library, tmp_path):
    folder = tmp_path / "mine"
    titled(folder / "red-fox_in_snow 2.png", "red", "A fox on the ice", "fox; winter")
    titled(folder / "IMG_2041.png", "blue", keywords="Winter")
    titled(folder / "9f86d081884c7d65.png", "green")
    (folder / "trip.md").write_text(
        "# Norway by train\n\n" + "\n\n".join(f"Day {n}: " + "fjord and rain. " * 60 for n in range(4))
    )
    library.add([folder], workers=1)
    return folder


def test_each_text_is_a_query_once():
    payload = {
        "kind": "image", "title": "Red fox", "text": "A fox\nruns", "keywords": ["fox", "RED-FOX"],
        "names": ["red_fox.jpg", "IMG_1.jpg"],
    }  # fmt: skip
    assert list(item_queries(payload)) == [("title", "Red fox"), ("caption", "A fox runs"), ("keyword", "fox")]
    assert list(item_queries({"kind": "document", "text": "a passage is what is found", "names": ["scan001.pdf"]})) == []


def test_a_collection_gives_pairs_of_everything_its_files_say(filled, library):
    pairs = library_pairs(library)
    told = {(pair.query, pair.item.name) for pair in pairs.pairs if not isinstance(pair.item, str)}
    fox = "red-fox_in_snow 2.png"
    assert told == {
        ("A fox on the ice", fox),
        ("fox", fox),
        ("winter", fox),
        ("red fox in snow", fox),
        ("Winter", "IMG_2041.png"),
    }
    passages = [pair for pair in pairs.pairs if isinstance(pair.item, str)]
    assert {pair.query for pair in passages} == {"Norway by train", "trip"}
    assert len({pair.item_id for pair in passages}) > 1 and len({pair.group for pair in passages}) == 1 != {""}
    assert all("fjord" in pair.item for pair in passages) and pairs.refused == ()


def test_a_query_is_answered_by_all_who_share_it_and_too_many_leave_it_out(filled, library):
    queries, refused = library_queries(library)
    winter = next(query for query in queries if query.text.lower() == "winter")
    assert len(winter.items) == 2 == winter.files and winter.origin == "keyword" and refused == []
    train = next(query for query in queries if query.text == "Norway by train")
    assert train.files == 1 < len(train.items)  # many passages of one file are not many files
    queries, refused = library_queries(library, most_files=1)
    assert "winter" not in {query.text.lower() for query in queries}
    assert [each.where.lower() for each in refused] == ["the keyword 'winter'"]
    pairs = library_pairs(library, most_files=1)
    assert "winter" not in {pair.query.lower() for pair in pairs.pairs} and len(pairs.refused) == 1


def test_files_that_are_gone_or_of_other_kinds_are_named(filled, library, tmp_path):
    (filled / "red-fox_in_snow 2.png").unlink()
    pairs = library_pairs(library)
    assert [each.where.rpartition("/")[2] for each in pairs.refused] == ["red-fox_in_snow 2.png"]
    assert "python -m indexer add" in pairs.refused[0].why


def test_what_is_written_is_read_again(filled, library, tmp_path):
    pairs = library_pairs(library)
    write_pairs(pairs, tmp_path / "pairs.jsonl")
    again = read_pairs([tmp_path / "pairs.jsonl"])
    assert again.pairs == pairs.pairs and again.fingerprint == pairs.fingerprint


def test_a_collection_that_is_not_there(library):
    with pytest.raises(LibraryError, match="no collection"):
        library_pairs(library)
