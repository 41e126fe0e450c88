"""Orders that one can check by eye: what lies under what, what stands together, what comes first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.errors import InputError
from indexer.store.base import FusedItem
from indexer.words import word_rows
from search import Arrangement
from search.arrange import Placed, arrange, diversify, sort_by_date, stack
from search.copies import words_of

NEAR = {"image": 0.9, "document": 0.9}


def picture(name, score=0.0, phash=None, held=(), folder="/a", date=None):
    payload = {"kind": "image", "content": f"bytes of {name}", "paths": [f"{folder}/{name}"], "phash": phash, "date": date}
    return Placed(FusedItem(name, score, {key: value for key, value in payload.items() if value}, 0.0, 0.0), held)


def passage(name, document, score=0.0, text=None):
    payload = {"kind": "document", "content": document, "paths": [f"/a/{document}"], "page": 1}
    payload |= {"text": text} if text else {}
    return Placed(FusedItem(name, score, payload, 0.0, 0.0))


def names(placed):
    return [each.item.id for each in placed]


def tree(placed):
    return {each.item.id: names(each.under) for each in placed}


def rows_of(vectors):
    def rows(ids):
        return {each: np.array(vectors[each], np.float32) for each in ids if each in vectors}

    return rows


def no_rows(ids):
    raise AssertionError(f"no vector is needed, but those of {ids} were asked for")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Arrangement(group="smell"),
        lambda: Arrangement(sort="best"),
        lambda: Arrangement(diversity=1.1),
        lambda: Arrangement(diversity=float("nan")),
    ],
)
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises(InputError, match="not"):
        make()


def test_passages_lie_under_the_best_of_their_document():
    pool = [passage("b3", "b"), picture("cat"), passage("a1", "a"), passage("b1", "b"), passage("b2", "b")]
    assert tree(stack(pool, no_rows, NEAR)) == {"b3": ["b1", "b2"], "cat": [], "a1": []}


LETTER = (
    "The contract that both parties have signed ends thirty days after a notice in writing that names its reason, but never "
    "within the first year. Equipment that was handed over is returned undamaged, and the deposit is paid back within a month."
)


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        (LETTER, True),
        (LETTER.replace("thirty days", "six weeks"), True),
        (LETTER.upper().replace(" ", "\n"), True),
        (f"{LETTER} Anna Miller, {LETTER[:90]}", True),
        (LETTER[: len(LETTER) // 2], True),
        (LETTER.replace("thirty", "30"), False),
        (f"{LETTER} Number 118.", False),
        (LETTER.replace("the", "some").replace("that", "which").replace("is", "was"), False),
        ("A letter about a contract", False),
    ],
)
def test_documents_that_say_the_same_lie_under_the_best_of_them(text, copy):
    pool = [passage("a", "one", text=LETTER), picture("cat"), passage("b", "two", text=text), passage("c", "two", text="zebra")]
    near = rows_of({"a": [1, 0], "b": [0.95, 0.3122], "c": [0, 1]})
    expected = {"a": ["b", "c"], "cat": []} if copy else {"a": [], "cat": [], "b": ["c"]}
    assert tree(stack(pool, near, NEAR)) == expected


@given(st.text("aB1_-. é猫\n", max_size=30))
def test_the_quick_way_to_words_is_the_slow_one(text):
    assert words_of(text) == word_rows(text)[0]


def test_documents_that_say_the_same_have_near_vectors():
    pool = [passage("a", "one", text=LETTER), passage("b", "two", text=LETTER)]
    assert tree(stack(pool, rows_of({"a": [1, 0], "b": [0.8, 0.6]}), NEAR)) == {"a": [], "b": []}
    assert tree(stack(pool, rows_of({"a": [1, 0]}), NEAR)) == {"a": [], "b": []}  # deleted meanwhile


def test_forms_that_differ_in_their_numbers_are_no_copies():
    pool = [passage(str(number), f"invoice {number}", text=f"{LETTER} Invoice 2024-{number}.") for number in (117, 118, 119)]
    assert tree(stack(pool, rows_of({str(n): [1, 0] for n in (117, 118, 119)}), NEAR)) == {"117": [], "118": [], "119": []}


def test_a_number_of_a_page_is_no_number_of_the_text():
    pool = [passage("pdf", "one", text=f"{LETTER}\n1"), passage("docx", "two", text=LETTER)]
    assert tree(stack(pool, rows_of({"pdf": [1, 0], "docx": [1, 0]}), NEAR)) == {"pdf": ["docx"]}
    assert tree(stack(pool[::-1], rows_of({"pdf": [1, 0], "docx": [1, 0]}), NEAR)) == {"docx": ["pdf"]}


def test_a_chain_of_versions_does_not_end_in_one_stack():
    words = LETTER.split()
    texts = [" ".join([*(3 * letter for letter in "abcdefghijkl"[: 4 * step]), *words[4 * step :]]) for step in range(4)]
    pool = [passage(str(n), f"version {n}", text=text) for n, text in enumerate(texts)]
    assert tree(stack(pool, rows_of({str(n): [1, 0] for n in range(4)}), NEAR)) == {"0": ["1"], "2": ["3"]}


def test_copies_need_a_close_hash_and_a_close_vector():
    six, seven = f"{0b111111:016x}", f"{0b1111111:016x}"
    pool = [
        picture("best", phash=f"{0:016x}"),
        picture("copy", phash=six),
        picture("another hash", phash=seven),
        picture("another vector", phash=f"{1:016x}"),
        picture("no hash"),
        picture("odd hash", phash="what?"),
    ]
    vectors = {"best": [1, 0], "copy": [0.95, 0.3122], "another hash": [1, 0], "another vector": [0.8, 0.6]}
    assert tree(stack(pool, rows_of(vectors), NEAR)) == {
        "best": ["copy"],
        "another hash": [],
        "another vector": [],
        "no hash": [],
        "odd hash": [],
    }


def test_a_chain_of_small_changes_does_not_end_in_one_stack():
    pool = [picture(str(n), phash=f"{(1 << 5 * n) - 1:016x}") for n in range(4)]  # five bits from one to the next
    assert tree(stack(pool, rows_of({str(n): [1, 0] for n in range(4)}), NEAR)) == {"0": ["1"], "2": ["3"]}


def test_a_picture_that_was_deleted_meanwhile_is_no_copy():
    pool = [picture("best", phash="0"), picture("gone", phash="0")]
    assert tree(stack(pool, rows_of({"best": [1, 0]}), NEAR)) == {"best": [], "gone": []}


def test_diversity_weighs_what_is_new_against_what_is_best():
    scores = np.array([5.0, 4.9, 1.0, 0.0])
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0.6, 0.8]], np.float32)
    assert diversify(scores, vectors, 0.0) == [0, 1, 2, 3]
    assert diversify(scores, vectors, 0.5) == [0, 2, 1, 3]  # 0.98/2 - 1/2 < 0.2/2 - 0; then 1: -0.01, 3: 0 - 0.8/2
    assert diversify(np.array([1.0, 1.0]), vectors[:2], 1.0) == [0, 1]
    assert diversify(np.zeros(0), np.zeros((0, 2), np.float32), 0.5) == []


def test_only_what_fits_is_sorted_by_date():
    pool = [
        picture("older", 3, date="2020-01-01T00:00:00Z"),
        picture("undated", 2),
        picture("newer", 1, date="2021-01-01T00:00:00Z"),
        picture("newest of all", -1, date="2022-01-01T00:00:00Z"),
        picture("old but far", -2, date="1999-01-01T00:00:00Z"),
    ]
    assert names(sort_by_date(pool, newest=True)) == ["newer", "older", "undated", "newest of all", "old but far"]
    assert names(sort_by_date(pool, newest=False)) == ["older", "newer", "undated", "newest of all", "old but far"]
    assert names(sort_by_date(pool[3:], newest=False)) == ["newest of all", "old but far"]


def test_groups_stand_in_the_order_of_their_best():
    pool = [picture("1", folder="/a"), picture("2", folder="/b"), picture("3", folder="/a"), picture("4", folder="/b")]
    shown = arrange(pool, Arrangement(group="folder"), no_rows, NEAR)
    assert [(each.item.id, each.group) for each in shown] == [("1", "/a"), ("3", "/a"), ("2", "/b"), ("4", "/b")]
    days = [picture("1", date="2020-05-01T23:59:59Z"), picture("2"), picture("3", date="2020-05-01T01:00:00Z")]
    shown = arrange(days, Arrangement(group="day"), no_rows, NEAR)
    assert [(each.item.id, each.group) for each in shown] == [("1", "2020-05-01"), ("3", "2020-05-01"), ("2", "without a date")]
    pages = [passage("a1", "a"), passage("b1", "b"), passage("a2", "a")]
    assert names(arrange(pages, Arrangement(stack=False, group="document"), no_rows, NEAR)) == ["a1", "a2", "b1"]


def test_phrases_stand_first_whatever_the_order():
    pool = [picture("held", -1, held=("cat",), date="2001"), picture("old", 2, date="2000"), picture("new", 1, date="2020")]
    vectors = {"held": [1, 0], "old": [1, 0], "new": [0, 1]}
    assert names(arrange(pool, Arrangement(sort="oldest"), no_rows, NEAR)) == ["held", "old", "new"]
    assert names(arrange(pool, Arrangement(sort="newest"), no_rows, NEAR)) == ["held", "new", "old"]
    assert names(arrange(pool, Arrangement(diversity=0.9), rows_of(vectors), NEAR))[0] == "held"


ITEMS = st.lists(
    st.tuples(
        st.sampled_from(["image", "document"]),
        st.integers(0, 4),  # document, day and folder
        st.integers(0, 255),  # hash
        st.floats(-5, 5),
        st.booleans(),  # holds the phrase
    ),
    max_size=30,
)
ARRANGEMENTS = st.builds(
    Arrangement,
    st.booleans(),
    st.sampled_from([None, "document", "folder", "day"]),
    st.floats(0, 1),
    st.sampled_from(["relevance", "newest", "oldest"]),
)


@given(ITEMS, ARRANGEMENTS)
def test_nothing_is_lost_and_nothing_comes_twice(items, wanted):
    pool = [
        picture(f"{place:02}", score, f"{code:016x}", ("cat",) * held, f"/{which}", which and f"202{which}-01-01T00:00:00Z")
        if kind == "image"
        else passage(f"{place:02}", f"document {which}", score)
        for place, (kind, which, code, score, held) in enumerate(items)
    ]
    shown = arrange(pool, wanted, lambda ids: {each: np.array([1, 0], np.float32) for each in ids}, NEAR)
    assert sorted(name for each in shown for name in (each.item.id, *names(each.under))) == names(pool)
    held = [bool(each.held) for each in shown]
    if wanted.group is None:
        assert held == sorted(held, reverse=True)
    else:
        labels = [each.group for each in shown]
        assert len(set(labels)) == sum(one != other for one, other in zip(labels, [None, *labels], strict=False))


def test_pictures_of_another_colour_are_no_copies_however_alike_their_brightness():
    pool = [picture(name, phash="0") for name in ("red ball", "green ball", "red ball again", "from before")]
    for each, tint in zip(pool, ([43, 0], [-21, -21], [40, 3], None), strict=True):
        each.item.payload["tint"] = tint
    same = np.array([1, 0], np.float32)
    stacked = stack(pool, lambda ids: dict.fromkeys(ids, same), NEAR)
    assert [[one.item.id for one in (head, *head.under)] for head in stacked] == [
        ["red ball", "red ball again", "from before"],
        ["green ball"],
    ]
