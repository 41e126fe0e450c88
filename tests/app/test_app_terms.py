"""The question as chips: in the address, in the query, and on the page."""

import pytest
from streamlit.testing.v1 import AppTest
from test_streamlit_search import bodies, button, names, press

from app.extras import Extra
from encoders.errors import InputError

ID = "6f2e7a52-3d0c-5d5c-9b39-6a1f0b6c7d11"

READ = """
if __name__ == "__main__":
    import streamlit as st
    from app.extras import read_extras, write_extras
    st.session_state["read"] = read_extras()
    write_extras(st.session_state["read"])
"""


def read(**parameters):
    test = AppTest.from_string(READ)
    for name, value in parameters.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test.session_state["read"], {name: listed(test, name) for name in test.query_params}


def listed(test, name):
    """All values of one parameter; AppTest gives a single one without a list."""
    value = test.query_params[name]
    return [value] if isinstance(value, str) else value


def labels(test, prefix):
    return [one.label for one in test.button if one.key and one.key.startswith(prefix)]


def test_the_address_holds_words_and_hits_with_their_weights():
    given = {"also": ["snow^2", "a roof"], "not": ["people^0.5"], "more": [ID], "less": [f"{ID}^2"]}
    extras, written = read(**given)
    assert extras == (
        Extra("words", "snow", weight=2.0),
        Extra("words", "a roof"),
        Extra("words", "people", wanted=False, weight=0.5),
        Extra("hit", ID),
        Extra("hit", ID, wanted=False, weight=2.0),
    )
    assert written == given


def test_nonsense_in_the_address_is_left_out():
    extras, written = read(also=["", "   ", "snow^0", "^"], more=["/etc/passwd", "' OR 1=1"], less=["<script>"])
    assert extras == (Extra("words", "snow"), Extra("words", "^"))
    assert written == {"also": ["snow", "^"]}


def test_words_that_end_like_a_weight_survive_the_address():
    extra = Extra("words", "x^2")
    assert read(also=[extra.spelled])[0] == (extra,)


def test_terms_carry_sign_and_weight():
    assert Extra("words", "snow", wanted=False, weight=0.5).term.weight == -0.5
    assert Extra("hit", ID, weight=2.0).term.item == ID


def test_a_chip_is_added_weighed_turned_around_and_removed(indexed, page):
    test = page(q="red")
    before = names(test)
    test.text_input(key="add_words").set_value("blue")
    button(test, "add_it").click().run()
    assert listed(test, "also") == ["blue"]
    assert names(test)[:2] != before[:2] and "blue.png" in names(test)[:2]
    button(test, "weigh-0").click().run()
    assert listed(test, "also") == ["blue^2"]
    button(test, "turn-0").click().run()
    assert listed(test, "not") == ["blue^2"] and "also" not in test.query_params
    assert names(test)[0] == "red.png"
    assert labels(test, "turn-") == ["not"]
    button(test, "remove-0").click().run()
    assert "not" not in test.query_params and names(test) == before
    assert not test.exception


def test_more_like_and_less_like_a_hit_change_the_next_ranking(indexed, page):
    ids = {item.payload["names"][0]: item.id for item in indexed.store.scan()}
    first = page(q="red")
    names_before = names(first)
    press(first, "less", ids["red.png"])
    assert listed(first, "less") == [ids["red.png"]]
    assert "red.png" not in names(first)
    assert first.text_input(key="q").value == "red"
    assert any("red\\.png" in one.value for one in first.markdown)
    button(first, "remove-0").click().run()
    assert names(first) == names_before
    second = page(q="red")
    press(second, "more", ids["blue.png"])
    assert listed(second, "more") == [ids["blue.png"]]
    assert names(second) != names_before


def test_a_copied_address_shows_the_same_hits(indexed, page):
    one = page(q="red", also=["blue^2"], kind="image")
    assert names(one) == names(page(q="red", also=["blue^2"], kind="image"))
    assert names(one) != names(page(q="red", kind="image"))


def test_only_unwanted_terms_are_one_sentence(indexed, page):
    test = page(**{"not": ["blue"]})
    assert len(test.error) == 1 and "nothing to look for" in test.error[0].value
    assert names(test) == []


def test_a_picture_can_be_turned_around(indexed, page, files):
    test = page(q="red")
    test.session_state["picture"] = ("blue.png", (files / "pictures" / "blue.png").read_bytes())
    test.run()
    with_it = names(test)
    button(test, "turn-picture").click().run()
    assert labels(test, "turn-picture") == ["Unlike"]
    assert names(test) != with_it and not test.error
    button(test, "weigh-picture").click().run()
    assert labels(test, "weigh-picture") == ["×2"] and labels(test, "turn-picture") == ["Unlike"]


@pytest.mark.parametrize(
    "words",
    [
        "word " * 5000,
        "🙂🙂🙂",
        "'; DROP TABLE items; --",
        "<script>alert(1)</script>",
        '"unfinished',
        "\u202eabc\x00",
        "]]>%s{}$$",
    ],
)
def test_odd_words_never_break_the_page(indexed, page, words):
    for test in (page(q=words), page(q="red", also=[words]), page(q="red", title=words, dates=words)):
        assert not test.exception
        assert "<script" not in "".join(bodies(test)[1:])


def test_a_question_without_anything_wanted_cannot_become_a_query():
    from app.address import Question

    with pytest.raises(InputError, match="nothing to look for"):
        Question("", None, None, None, None, None, None, 1, (Extra("words", "x", wanted=False),)).query(5)
