"""The record of judgements: nothing is lost, a torn line costs itself, and pairs follow the last word."""

import multiprocessing

import pytest

from encoders.errors import InputError, LibraryError
from encoders.training.pair_files import read_pairs
from indexer.feedback import Asked, FeedbackLog, feedback_pairs
from indexer.library import Library

from tiny import tiny_encoder

FOX = Asked("a red fox")


@pytest.fixture
def library(home, files):
    with Library(home, encoder=tiny_encoder()) as opened:
        opened.add([files], workers=1)
        yield opened


@pytest.fixture
def log(library):
    return FeedbackLog(library)


@pytest.fixture
def items(library):
    """File name -> (id, payload)."""
    return {item.payload["names"][0]: (item.id, item.payload) for item in library.store.scan()}


def test_the_last_word_counts_and_undo_takes_it_back(log, items):
    assert log.read() == ([], []) and log.verdicts(FOX) == {}
    for name, verdict in (
        ("red.png", 1),
        ("blue.png", -1),
        ("green.png", 1),
        ("green.png", 0),
        ("blue.png", 1),
        ("blue.png", -1),
    ):
        log.record(FOX, *items[name], verdict)
    log.record(Asked("something else"), *items["red.png"], -1)
    assert log.verdicts(FOX) == {items["red.png"][0]: 1, items["blue.png"][0]: -1}
    told, refused = log.read()
    assert len(told) == 7 and refused == []
    assert told[0].path.endswith("red.png") and told[0].content == items["red.png"][1]["content"] and told[0].part == "picture"
    assert told[0].time.endswith("Z") and told[0].asked == FOX


def test_a_write_that_was_cut_short_costs_its_own_line(log, items):
    log.record(FOX, *items["red.png"], 1)
    whole = log.path.read_bytes()
    for cut in range(1, len(whole)):
        log.path.write_bytes(whole + whole[:cut])
        told, refused = log.read()
        assert [each.verdict for each in told] == [1] * (1 + (cut == len(whole) - 1)) and len(refused) == (cut < len(whole) - 1)
    log.path.write_bytes(whole + whole[:20])
    log.record(FOX, *items["blue.png"], -1)
    told, refused = log.read()
    assert [each.verdict for each in told] == [1, -1] and [each.where[-6:] for each in refused] == ["line 2"]


def test_lines_that_hold_something_else_are_named(log, items):
    log.record(FOX, *items["red.png"], 1)
    with log.path.open("a") as file:
        file.write('{"query": 5, "id": "x", "judgement": 1}\n{"query": "a", "judgement": 1}\n{"id": "x", "judgement": 1}\n')
        file.write('{"query": "a", "id": "x", "judgement": "yes"}\n')
    assert len(log.read()[0]) == 1 and len(log.read()[1]) == 4


def test_what_cannot_be_recorded_is_refused(log, items, library):
    with pytest.raises(InputError, match="no query"):
        Asked(" ")
    with pytest.raises(InputError, match="1, -1 or 0"):
        log.record(FOX, *items["red.png"], 2)
    log.path.mkdir()
    with pytest.raises(LibraryError, match="cannot be recorded"):
        log.record(FOX, *items["red.png"], 1)


def _record_many(home, count):
    with Library(home, encoder=tiny_encoder()) as library:
        for number in range(count):
            FeedbackLog(library).record(FOX, f"item {number}", {"paths": ["/x" * 500]}, 1)


def test_two_processes_lose_no_line(log, home):
    start = multiprocessing.get_context("spawn").Process
    both = [start(target=_record_many, args=(home, 20)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(120)
    told, refused = log.read()
    assert len(told) == 40 and refused == []


def test_judgements_become_pairs_and_moved_files_are_found(log, items, library, files):
    log.record(FOX, *items["red.png"], 1)
    log.record(FOX, *items["blue.png"], -1)
    log.record(FOX, *items["harbour.txt"], -1)
    log.record(Asked("nothing fits"), *items["green.png"], -1)
    log.record(Asked("both", files / "pictures" / "red.png"), *items["green.png"], 1)
    log.record(Asked(picture=files / "pictures" / "gone.png"), *items["green.png"], 1)
    log.record(FOX, "8b6ab6b8-0000-5000-8000-000000000000", {"paths": ["/old.png"]}, 1)
    moved = files / "moved.png"
    (files / "pictures" / "red.png").rename(moved)
    library.add([files], workers=1)
    pairs = feedback_pairs(library)
    (pair,) = pairs.pairs
    assert (pair.query, pair.item, pair.item_id) == ("a red fox", moved, items["red.png"][0])
    assert pair.negatives == (items["blue.png"][0], items["harbour.txt"][0])
    assert pairs.items[items["harbour.txt"][0]] == "The harbour is quiet at night."
    assert sorted(each.why.split(",")[0] for each in pairs.refused) == [
        "it was asked with words and a picture at once",
        "nothing fits this query yet",
        "the item is not in the collection any more",
        "the picture that was asked with",
    ]


def test_the_record_itself_is_training_data(log, items, library):
    log.record(FOX, *items["red.png"], 1)
    log.record(FOX, *items["harbour.txt"], -1)
    assert read_pairs([log.path]).pairs == feedback_pairs(library).pairs


def test_a_picture_that_was_asked_with_is_kept_once(log, items, library, files):
    data = (files / "pictures" / "blue.png").read_bytes()
    kept = log.keep_picture("../../Blue.PNG", data)
    assert kept == log.keep_picture("other.png", data) and kept.read_bytes() == data
    assert kept.parent == log.path.parent / "asked" and kept.suffix == ".png"
    assert log.keep_picture("odd.p/../x y", b"x").suffix == ""
    log.record(Asked(picture=kept), *items["blue.png"], 1)
    assert feedback_pairs(library).pairs[0].query == kept


def test_dropping_the_collection_drops_its_record(log, items, library):
    log.record(FOX, *items["red.png"], 1)
    library.drop()
    assert not log.path.exists()
    with pytest.raises(LibraryError, match="no collection"):
        feedback_pairs(library)
