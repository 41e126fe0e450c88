"""Passages lose nothing, keep their size, overlap, and end where sentences do."""

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.passages import estimate_tokens, split_passages, title_line
from indexer.text import clean_line, clean_text

SENTENCES = " ".join(f"This is sentence number {n} of a long and quiet text." for n in range(200))
ANY_TEXT = st.one_of(
    st.text(max_size=600),
    st.text(alphabet="ab .!?\n\t日本。", max_size=1500),
    st.lists(st.text(alphabet="abcXYZ019é猫я-", min_size=1, max_size=40), max_size=150).map(" ".join),
)


def signs(text):
    return "".join(text.split())


def stitched(text, passages):
    """The text that passages cover: each begins at or before the end of what is covered so far."""
    covered = 0
    flat = signs(text)
    at = 0
    for passage in passages:
        piece = signs(passage)
        at = flat.index(piece, at)
        assert at <= covered, "a gap"
        assert at + len(piece) > covered or len(passages) == 1, "nothing new"
        covered = at + len(piece)
    return covered == len(flat)


@settings(max_examples=300, deadline=None)
@given(ANY_TEXT, st.integers(1, 64))
def test_nothing_is_lost_and_sizes_are_kept(text, max_tokens):
    passages = split_passages(text, max_tokens)
    assert bool(passages) == bool(text.strip())
    for passage in passages:
        assert passage == passage.strip()
        assert passage in text
        assert estimate_tokens(passage) <= max(max_tokens, 16)  # a single unit may cost up to 16
    # every word in order
    words = iter(re.findall(r"\S", signs("".join(passages))))
    assert all(sign in words for sign in signs(text))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=300, unique=True), st.integers(16, 64))
def test_passages_follow_one_another_without_a_gap(numbers, max_tokens):
    text = " ".join(f"w{number}." if number % 7 == 0 else f"w{number}" for number in numbers)
    assert stitched(text, split_passages(text, max_tokens))


def test_passages_overlap_by_a_sentence_or_two():
    passages = split_passages(SENTENCES, 120)
    for before, after in pairwise(passages):
        shared = next(n for n in range(len(after), 0, -1) if before.endswith(after[:n]))
        assert 0 < estimate_tokens(after[:shared]) <= 0.15 * 120
        assert before.endswith(".")
        assert after.startswith("This")
    assert all(estimate_tokens(passage) > 60 for passage in passages[:-1])


def test_paragraphs_are_preferred_to_sentences():
    paragraph = "One short sentence here. Another short one there.\n\n"
    assert all(p.endswith("there.") for p in split_passages(paragraph * 40, 50))


def test_scripts_without_spaces_and_endless_words():
    chinese = "昨天我们去了湖边拍摄一只黑色的猫它在太阳下睡觉。" * 40
    passages = split_passages(chinese, 60)
    assert len(passages) > 16
    assert all(passage.endswith("。") for passage in passages)
    thai = "เมื่อวานเราไปที่ทะเลสาบและถ่ายภาพแมวดำตัวหนึ่งที่นอนหลับอยู่กลางแดด" * 40
    assert max(map(len, split_passages(thai, 60))) <= 60
    endless = split_passages("x" * 10_000, 40)
    assert max(map(len, endless)) <= 160
    assert sum(map(len, endless)) >= 10_000


def test_work_grows_with_the_length_of_the_text():
    def units_seen(count):
        return sum(len(passage) for passage in split_passages(SENTENCES * count, 100))

    assert units_seen(8) < 8.5 * units_seen(1)  # all passages together: 1 + overlap times the text, whatever its length


def test_title_line_fits_or_is_left_out():
    assert title_line(None, 100) == ""
    assert title_line("Cats", 100) == "Cats\n"
    assert estimate_tokens(title_line(SENTENCES, 100)) <= 25
    assert title_line("Cats of the coast", 2) == ""


@given(st.text(max_size=300))
def test_cleaning_twice_changes_nothing(text):
    once = clean_text(text)
    assert clean_text(once) == once
    assert "\n\n\n" not in once and "\r" not in once and "\x00" not in once
    once.encode()
    line = clean_line(text)
    assert line is None or ("\n" not in line and line == line.strip())
