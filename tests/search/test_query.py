from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.errors import InputError, LibraryError
from indexer.store.base import Match, Range
from search import Filters, Query, Term
from search.hits import snippet

CAT = Term(text="cat")


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: Query(()), InputError, "nothing to look for"),
        (lambda: Query((Term(text="cat", weight=-1),)), InputError, "nothing to look for"),
        (lambda: Query((CAT,) * 33), InputError, "at most 32 terms"),
        (Term, InputError, "one of these"),
        (lambda: Term(text="cat", item="0" * 32), InputError, "one of these"),
        (lambda: Term(text=" \n "), InputError, "no words"),
        (lambda: Term(text="cat", weight=0), InputError, "weight"),
        (lambda: Term(text="cat", weight=float("nan")), InputError, "weight"),
        (lambda: Term(item="../../etc/passwd"), LibraryError, "not the id of an item"),
        (lambda: Query((CAT,), limit=-1), LibraryError, "negative"),
        (lambda: Query((CAT,), offset=9999, limit=2), LibraryError, "10,000"),
        (lambda: Filters(kind="smell"), LibraryError, "'smell' is not a kind"),
        (lambda: Filters(since="soon"), LibraryError, "not a date"),
        (lambda: Filters(since="2020", until="2019"), LibraryError, "later"),
    ],
)
def test_what_makes_no_sense_is_refused_before_any_model_is_loaded(make, error, says):
    with pytest.raises(error, match=says):
        make()


def test_filters_become_conditions_of_the_store():
    where = Query((CAT,), Filters(kind="image", under="/a/b/../c/", since="2020", until="2021-06")).where
    assert where.must == (
        Match("kind", ("image",)),
        Match("folders", ("/a/c",)),
        Range("date", "2020-01-01T00:00:00Z", "2021-06-30T23:59:59Z"),
    )
    assert Filters(under=Path("~")).where().must == (Match("folders", (str(Path.home()),)),)
    assert Query((CAT,)).where.must == ()


def test_a_query_knows_what_is_wanted_and_what_is_not():
    query = Query((CAT, Term(text="dog", weight=-2), Term(image=b"...", weight=3), Term(text=" on a sofa ")))
    assert [term.weight for term in query.wanted] == [1, 3, 1]
    assert [term.text for term in query.unwanted] == ["dog"]
    assert query.text == "cat on a sofa"


@given(st.text(max_size=600), st.text(max_size=30), st.integers(10, 200))
def test_a_snippet_is_a_stretch_of_the_text_and_not_longer_than_asked(text, query, length):
    got = snippet(text, query, length).removeprefix("… ").removesuffix(" …")
    assert got in " ".join(text.split())
    assert len(got) <= length


def test_a_snippet_shows_the_words_that_were_asked_for():
    text = "filler words here " * 40 + "the black cat sleeps on the warm stove " + "more filler text " * 40
    got = snippet(text, "black cat", 80)
    assert "black cat" in got
    assert got.startswith("… ")
    assert got.endswith(" …")
