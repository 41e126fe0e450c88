"""The simulated users of `benchmarks.feedback`: what they ask, what counts as right, and what is compared."""

import numpy as np
import pytest

from benchmarks.feedback import Question, questions_of, residual
from benchmarks.feedback_ways import Ways
from search.feedback import Rocchio

ROWS = np.array([[1, 0, 0], [0.8, 0.6, 0], [0.6, 0, 0.8], [0, 1, 0]], np.float32)


def test_questions_are_words_that_some_pictures_share():
    keywords = [frozenset({"animal", f"own {place}", "7"}) for place in range(8)] + [frozenset({"rare"})]
    names = [frozenset({"fox"}), frozenset({"fox"}), frozenset({"cat"}), *[frozenset()] * 6]
    assert questions_of(keywords, names) == [
        Question("animal", "keyword", frozenset(range(8))),
        Question("fox", "name", frozenset({0, 1})),
    ]


def test_what_was_judged_counts_neither_as_found_nor_as_missing():
    right = frozenset({1, 2, 3})
    assert residual([1, 2, 9, 3], [1, 9], right) == (1.0, pytest.approx(1.0))
    assert residual([9, 8, 1], [9], right) == (pytest.approx(1 / 3), pytest.approx(0.6309 / 2.1309, abs=1e-3))
    assert residual([1, 2, 3], [1, 2, 3], right) is None


def test_every_way_is_the_nearest_without_judgements_and_moves_with_them(tmp_path):
    ways = Ways(tmp_path / "shard", ROWS, np.zeros(3, np.float32))
    query = ROWS[0]
    everything = (ways.none, ways.rocchio(Rocchio(1.0, 0.5)), ways.naive(0.5), ways.best_score, ways.discovery)
    for way in everything:
        assert ways.ranking(way, query, {}, 4) == [0, 1, 2, 3]
    for way in everything[1:]:
        assert ways.ranking(way, query, {3: True, 2: False}, 4)[-1] == 2


def test_the_engines_feedback_query_needs_both_kinds(tmp_path):
    """What the page says of it."""
    ways = Ways(tmp_path / "shard", ROWS, np.zeros(3, np.float32))
    assert ways.ranking(ways.naive(0.5), ROWS[0], {3: True}, 4) == [0, 1, 2, 3]
    assert ways.ranking(ways.rocchio(Rocchio(2.0, 0.5)), ROWS[0], {3: True}, 4) != [0, 1, 2, 3]
