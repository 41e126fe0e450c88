"""Fits, or does not fit: said of a hit, kept in the library, taken back."""

import pytest
from streamlit.testing.v1 import AppTest
from test_streamlit_search import press

from app.address import Question
from app.judging import asked_with
from indexer.feedback import Asked, FeedbackLog

# Guarded: processes that read files import the main module anew, and AppTest makes the script the main module.
SCRIPT = """
if __name__ == "__main__":
    from app import shelf
    from app.judging import show_judgement
    lib = shelf.library("main")
    shelf.warm(lib)
    show_judgement(lib, next(hit for hit in lib.search("red") if hit.path.endswith("red.png")))
"""


def question(text="", like=None, picture=None):
    return Question(text, like, picture, None, None, None, None, 1)


@pytest.fixture
def log(indexed):
    return FeedbackLog(indexed)


@pytest.fixture
def ids(indexed):
    return {item.payload["names"][0]: item.id for item in indexed.store.scan()}


def judge(**state):
    test = AppTest.from_string(SCRIPT, default_timeout=60)
    for name, value in state.items():
        test.session_state[name] = value
    test.run()
    assert not test.exception
    return test


def test_an_answer_is_kept_changed_and_taken_back(log, ids):
    test = judge(q="red")
    for chosen, verdict in ((1, 1), (-1, -1), (None, 0), (1, 1)):
        test.button_group[0].set_value(chosen).run()
        assert not test.exception
        assert log.read()[0][-1].verdict == verdict
        assert log.verdicts(Asked("red")) == ({ids["red.png"]: verdict} if verdict else {})
    assert len(log.read()[0]) == 4
    test.run()  # looking again says nothing new
    assert len(log.read()[0]) == 4


def test_what_was_said_before_is_shown_for_its_question_only(log, ids):
    judge(q="red").button_group[0].set_value(-1).run()
    assert judge(q="red").button_group[0].value == -1
    assert judge(q="something red").button_group[0].value is None
    assert len(log.read()[0]) == 1


def test_without_a_question_nothing_is_asked(log):
    assert not judge().button_group


def test_the_open_hit_asks(log, ids, page):
    test = page(q="red")
    before = len(test.button_group)
    press(test, "open", ids["red.png"])
    assert len(test.button_group) == before + 1 and not test.error and not test.exception


def test_a_picture_that_was_asked_with_is_kept_with_the_first_answer(log, files):
    data = (files / "pictures" / "blue.png").read_bytes()
    test = judge(picture=("pasted.png", data))
    kept = log.picture_file("pasted.png", data)
    assert not kept.exists()
    test.button_group[0].set_value(1).run()
    assert kept.read_bytes() == data and log.read()[0][0].asked == Asked(picture=kept)


def test_similar_to_a_hit_asks_with_that_hit(indexed, log, ids, files):
    assert asked_with(indexed, log, question(like=ids["red.png"])) == Asked(picture=files / "pictures" / "red.png")
    assert asked_with(indexed, log, question(like=ids["harbour.txt"])) == Asked("The harbour is quiet at night.")
    assert asked_with(indexed, log, question(like="8b6ab6b8-0000-5000-8000-000000000000")) is None
    (files / "pictures" / "red.png").unlink()
    assert asked_with(indexed, log, question(like=ids["red.png"])) is None
