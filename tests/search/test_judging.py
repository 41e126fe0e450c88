"""What is judged changes the very next answer, on the real pipeline and store."""

import pytest

from encoders.errors import InputError, LibraryError
from indexer.feedback import Asked, FeedbackLog, feedback_pairs
from search import Filters, Query, Term, open_library

from tiny import tiny_encoder


@pytest.fixture
def library(home, tmp_path, write_picture):
    folder = tmp_path / "files"
    for colour in ("red", "green", "blue", "yellow"):
        for seed in range(3):
            write_picture(folder / f"{seed}-{colour}.png", colour, seed)
    (folder / "note.txt").write_text("The harbour is quiet at night.")
    with open_library(home, encoder=tiny_encoder()) as opened:
        opened.add([folder], workers=1)
        yield opened


def names(hits):
    return [hit.payload["names"][0] for hit in hits]


def ids(library):
    return {item.payload["names"][0]: item.id for item in library.store.scan()}


def test_the_very_next_ranking_follows_and_undo_takes_it_back(library):
    before = library.search("something", limit=20)
    green = ids(library)["1-green.png"]
    library.judge("something", green, 1)
    liked = library.search("something", limit=20)
    assert set(names(liked)[:3]) == {"0-green.png", "1-green.png", "2-green.png"}
    assert next(hit for hit in liked if hit.id == green).fits
    assert names(library.search("something else", limit=20)) != names(liked)
    library.judge("something", green, 0)
    assert library.search("something", limit=20) == before


def test_what_does_not_fit_sinks_below_everything(library):
    first = library.search("red", limit=20)[0]
    judged = library.judge("red", first, -1)
    assert judged.log_odds > 0 and judged.model  # by the search as it was
    hits = library.search("red", limit=20)
    assert len(hits) == 13 and hits[-1].id == first.id and hits[-1].relevance < 1e-6
    pages = [library.search("red", limit=4, offset=start) for start in range(0, 16, 4)]
    assert [hit.id for page in pages for hit in page] == [hit.id for hit in hits]
    assert first.id not in [hit.id for hit in library.search("red", limit=3)]


def test_judgements_count_whatever_the_filters_and_what_fits_must_pass_them(library):
    note = ids(library)["note.txt"]
    library.judge("red", note, 1)
    assert "note.txt" in names(library.search("red", limit=4))
    only = library.search("red", limit=20, kind="image")
    assert len(only) == 12 and "note.txt" not in names(only)


def test_like_and_unlike_hold_this_once(library):
    known = ids(library)
    before = names(library.search("something", limit=20))
    hits = library.search("something", limit=20, like=known["0-blue.png"], unlike=[known["0-red.png"]])
    assert set(names(hits)[:3]) == {"0-blue.png", "1-blue.png", "2-blue.png"} and names(hits)[-1] == "0-red.png"
    assert names(library.search("something", limit=20)) == before
    assert not FeedbackLog(library).path.exists()
    with pytest.raises(LibraryError, match="no item"):
        library.search("something", like="8b6ab6b8-0000-5000-8000-000000000000")
    with pytest.raises(InputError, match="liked and not liked"):
        library.search("something", like=known["0-red.png"], unlike=known["0-red.png"])


def test_pictures_and_hits_are_judged_too(library, tmp_path):
    known = ids(library)
    data = (tmp_path / "files" / "0-red.png").read_bytes()
    for query in (Query((Term(image=data),)), Query((Term(item=known["0-red.png"]),))):
        library.judge(query, known["0-yellow.png"], 1)
        hits = library.answer(query).hits
        assert "0-yellow.png" in names(hits)[:6] and next(hit for hit in hits if hit.id == known["0-yellow.png"]).fits
    pictures = [told.asked.picture for told in FeedbackLog(library).read()[0]]
    assert pictures[0].read_bytes() == data and pictures[1].name == "0-red.png"


def test_a_picture_kept_under_its_own_name_is_the_same_question(library, tmp_path):
    known, log = ids(library), FeedbackLog(library)
    data = (tmp_path / "files" / "0-red.png").read_bytes()
    library.judge(Asked(picture=log.keep_picture("photo.png", data)), known["1-red.png"], -1)
    assert library.search(image=data, limit=20)[-1].id == known["1-red.png"]


def test_what_cannot_be_recorded_is_refused(library):
    known = ids(library)
    with pytest.raises(InputError, match="cannot be judged"):
        library.judge(Query((Term(text="red"), Term(text="blue", weight=-1))), known["0-red.png"], 1)
    with pytest.raises(LibraryError, match="no item"):
        library.judge("red", "8b6ab6b8-0000-5000-8000-000000000000", 1)
    with pytest.raises(InputError, match="verdict"):
        library.judge("red", known["0-red.png"], 2)


def test_the_trainer_takes_what_was_judged(library):
    known = ids(library)
    library.judge("a red thing", known["0-red.png"], 1)
    library.judge("a red thing", known["0-blue.png"], -1)
    [pair] = feedback_pairs(library).pairs
    assert pair.query == "a red thing" and pair.item.name == "0-red.png" and len(pair.negatives) == 1


def test_judgements_of_other_queries_correct_relevance_and_not_the_order(library):
    known = ids(library)
    before = library.search("red", limit=20)
    for seed, colour in ((0, "green"), (1, "blue"), (2, "yellow")):
        library.judge(f"{colour} {seed}", known[f"{seed}-{colour}.png"], -1)
    after = library.search("red", limit=20)
    assert [hit.id for hit in after] == [hit.id for hit in before]
    assert all(now.relevance < then.relevance for now, then in zip(after, before, strict=True))
    assert library.answer(Query((Term(text="red"),), Filters(), limit=0)).items == 13


def test_the_record_of_another_process_is_seen(library, home):
    first = library.search("red", limit=20)[0]
    with open_library(home, encoder=tiny_encoder()) as other:
        other.judge("red", first, -1)
    assert library.search("red", limit=20)[-1].id == first.id
