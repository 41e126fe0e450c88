"""The benchmark's collection, on toys: what is right, what is absent, and what is left out."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.absence import WordTable, content_words
from benchmarks.corpus_pictures import join_namesakes
from benchmarks.docstrings import split_docstring
from benchmarks.man_pages import Article, read_page
from benchmarks.mixed_corpus import (
    Asked,
    Corpus,
    Item,
    choose_definitions,
    choose_documents,
    half_of,
    is_left_out,
    name_pictures,
)
from benchmarks.parts import Part
from benchmarks.plain_search import WordScores, best_first, fuse_ranks
from benchmarks.stored import Stored
from encoders.recipe.drawings import Drawing


def drawing(name, key="k", keywords=(), source="openclipart"):
    return Drawing(source, key, name, keywords, "<svg/>")


def test_pictures_of_one_name_or_one_look_are_one_group():
    drawings = [drawing("fox"), drawing("Fox"), drawing("wolf"), drawing("dog"), drawing("")]
    groups = join_namesakes(drawings, ["a", "b", "b", "c", "d"])
    assert groups[0] == groups[1] == groups[2]
    assert len({groups[0], groups[3], groups[4]}) == 3


def test_a_group_is_whole_in_the_collection_or_whole_outside():
    drawings = [(drawing(f"thing {number}", str(number), ("red",)), f"picture thing {number // 2}") for number in range(60)]
    pictures, queries = name_pictures(drawings)
    kept = {item.group for item, _ in pictures}
    assert 0 < len(kept) < 30
    assert len(pictures) == 2 * len(kept)
    assert {query.group for query in queries if query.kind} == kept
    assert all(is_left_out(query.group) and query.set.startswith("left-out") for query in queries if not query.kind)
    assert not any(word in item.file for item, _ in pictures for word in ("thing", "red"))


def test_documents_of_topics_that_are_left_out_are_asked_for_and_not_there():
    articles = [Article(f"m.f{n}", "numpy", f"Compute the number {n}.", f"body {n}") for n in range(5)]
    articles += [Article("m.g", "sympy", "Solve an equation.", "body")]
    items, queries = choose_documents(articles)
    assert len(items) == 5
    assert [query.text for query in queries if not query.kind] == ["Solve an equation."]
    assert {query.group for query in queries if query.kind} == {item.group for item in items}
    assert not any("Compute" in item.text for item in items)


def test_nouns_are_asked_for_with_their_definition_there_or_left_out(monkeypatch):
    monkeypatch.setattr("benchmarks.mixed_corpus._DEFINITIONS", 3)
    monkeypatch.setattr("benchmarks.mixed_corpus._DEFINITION_QUERIES", 2)
    items, queries = choose_definitions([Article(f"n{n}", "definitions", f"noun {n}", f"what {n} is") for n in range(6)])
    assert [item.text for item in items] == ["what 0 is", "what 1 is", "what 2 is"]
    assert [(query.text, query.kind) for query in queries] == [
        ("noun 0", "document"),
        ("noun 1", "document"),
        ("noun 3", ""),
        ("noun 4", ""),
    ]


def test_the_halves_are_about_equal_and_go_by_group():
    halves = [half_of(f"group {number}") for number in range(1000)]
    assert 400 < halves.count("fit") < 600
    assert Asked("a", "x", "group 7", "image").half == Asked("b", "y", "group 7", "").half == halves[7]


def test_a_manual_page_is_read_without_its_name_and_its_markup():
    source = (
        '.\\" comment\n.TH X 1\n.SH NAME\ncp \\- copy files\n.SH SYNOPSIS\n.B cp\nA B\n.SH DESCRIPTION\n'
        + "The \\fBsource\\fP of\n.BR open (2)\nis read.\n.PP\n" * 10
        + ".SH SEE ALSO\nmv\n"
    )
    page = read_page(source, "coreutils")
    assert page is not None
    assert (page.name, page.query) == ("cp", "copy files")
    assert page.body.startswith("The source of open(2) is read.")
    assert not any(word in page.body for word in ("copy files", "mv", "A B", "comment"))
    assert read_page(".SH NAME\nx \\- y\n.SH DESCRIPTION\nshort\n", "t") is None


@pytest.mark.parametrize("text", ["Short.\n\nToo short a rest.", "One paragraph without end\n\n" + "x " * 300])
def test_a_docstring_that_is_no_question_and_answer_is_left_out(text):
    assert split_docstring(text) is None


def test_absence_goes_by_words_without_their_endings():
    assert content_words("The dancing foxes") == content_words("fox danced")
    table = WordTable(["a red fox", "blue cars"])
    assert table.largest_share("foxes") == 1
    assert table.largest_share("a fox on a blue car") == pytest.approx(2 / 3)
    assert table.largest_share("the of") == 0
    assert table.largest_share("red", among=[1]) == 0


def toy_part():
    items = [
        Item("p0", "image", "clip art", "picture fox", "fox", ("animal",)),
        Item("p1", "image", "clip art", "picture fox", "foxes"),
        Item("d0", "document", "docstrings", "document sum", "sum", (), "adds many large numbers"),
    ]
    queries = [
        Asked("a fox", "clip art", "picture fox", "image"),
        Asked("add", "docstrings", "document sum", "document"),
        Asked("an animal", "left-out clip art", "picture animal", ""),
        Asked("many violins", "left-out clip art", "picture violins", ""),
        Asked("many old brown violins", "left-out clip art", "picture brown violins", ""),
        Asked("qwzx", "nonsense", "nonsense qwzx", ""),
    ]
    vectors = np.eye(3, dtype=np.float32)
    payloads = [{"modality": "image"}, {"modality": "image"}, {"modality": "text", "text": items[2].text}]
    asked = np.ones((len(queries), 3), np.float32)
    stored = Stored("toy", Corpus(Path("corpus"), items, queries), ["a", "b", "c"], [[0], [1], [2]], vectors, payloads, asked)
    return Part("toy", stored, np.arange(3))


def test_right_are_all_items_of_the_group_and_absent_is_what_shares_too_little():
    part = toy_part()
    assert part.right == {0: frozenset({0, 1}), 1: frozenset({2})}
    # "an animal" is a picture's keyword; of "many violins" a passage has half; of the next a quarter; nonsense shares nothing
    assert part.absent == {4: False, 5: True}


def test_lists_are_fused_by_rank():
    one, other = np.array([[0.9, 0.8, 0.1]], np.float32), np.array([[-np.inf, 0.2, 0.5]], np.float32)
    fused = fuse_ranks([one, other], k=60)
    assert fused[0] == pytest.approx([1 / 61, 1 / 62 + 1 / 62, 1 / 63 + 1 / 61])
    assert best_first(other, 3).tolist() == [[2, 1, -1]]


def test_rare_words_weigh_more_and_unknown_ones_nothing():
    scores = WordScores(["common rare", "common", "common other", "nothing shared"]).scores(["common rare", "unknown"])
    assert scores[0, 0] > scores[0, 1] > 0
    assert scores[0, 3] == -np.inf
    assert (scores[1] == -np.inf).all()
