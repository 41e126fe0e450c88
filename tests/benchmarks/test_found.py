"""Numbers of a relevance, on cases that one can check by eye."""

import numpy as np
import pytest

from benchmarks.found import calibration_error, false_found, kept, reliability, separation, threshold_that_keeps
from benchmarks.list_quality import first_right, score_list
from benchmarks.relevance_quality import Judged, compare, join, judge


def test_kept_and_false_found_count_from_the_threshold_on():
    assert kept([0.5, 0.49, 0.9, 0.1]) == 0.5
    assert false_found([0.5, 0.49, 0.3, 0.1]) == 0.25
    assert false_found([0.5, 0.49, 0.3, 0.1], 0.2) == 0.75


@pytest.mark.parametrize(("share", "threshold"), [(1.0, 0.1), (0.9, 0.2), (0.5, 0.6), (0.1, 1.0)])
def test_the_threshold_is_the_highest_that_keeps_the_share(share, threshold):
    scores = np.arange(1, 11) / 10
    assert threshold_that_keeps(scores, share) == pytest.approx(threshold)
    assert kept(scores, threshold_that_keeps(scores, share)) >= share


def test_separation_is_the_area_under_the_curve():
    assert separation([0.9, 0.8], [0.1, 0.2]) == 1
    assert separation([0.1, 0.2], [0.9, 0.8]) == 0
    assert separation([0.5, 0.5], [0.5]) == 0.5


def test_bins_hold_what_was_said_and_what_was_right():
    bins = reliability([0.12, 0.18, 0.9, 1.0], [0, 1, 1, 1])
    assert [(bin.count, bin.said, bin.right) for bin in bins] == [
        (2, pytest.approx(0.15), 0.5),
        (2, pytest.approx(0.95), 1.0),
    ]
    assert calibration_error([0.12, 0.18, 0.9, 1.0], [0, 1, 1, 1]) == pytest.approx((0.35 + 0.05) / 2)


def test_a_calibrated_relevance_has_no_error():
    assert calibration_error([0.25] * 4, [1, 0, 0, 0]) == 0


def test_ranks_of_the_first_right_answer():
    lists = np.array([[3, 1, 2], [0, 5, -1]])
    ranks = first_right(lists, [frozenset({1, 2}), frozenset({7})])
    assert ranks.tolist() == [2, np.inf]
    scores = score_list(ranks, ["a", "b"])
    assert (scores["R@1"]["value"], scores["R@5"]["value"], scores["MRR"]["value"]) == (0, 0.5, 0.25)


def judged(matches, others):
    """Best relevance of queries with a match and without; the first half of each is the fit half."""
    count = len(matches) + len(others)
    fit = np.array([place < len(side) / 2 for side in (matches, others) for place in range(len(side))])
    relevance = np.zeros((count, 10))
    relevance[:, 0] = [*matches, *others]
    right = np.zeros((count, 10), bool)
    right[: len(matches), 0] = True
    strict = np.arange(count) >= len(matches)
    return Judged(len(matches), fit, strict, strict, relevance[:, 0].copy(), relevance, right)


def test_the_numbers_are_of_the_test_half():
    found = compare(judged([0.9, 0.9, 0.6, 0.2], [0.1, 0.1, 0.7, 0.3]))
    assert (found["matches"], found["others"]) == (2, 2)
    assert found["relevance"]["kept"] == 0.5
    assert found["relevance"]["false found"] == 0.5
    assert found["cosine, threshold chosen"]["threshold"] == 0.9  # of the fit half
    assert found["cosine, threshold chosen"]["kept"] == 0


def test_collections_are_joined_matches_first():
    one, other = judged([0.9, 0.8], [0.1, 0.2]), judged([0.7, 0.6], [0.3, 0.4])
    both = join([one, other])
    assert both.matches == 4
    assert both.relevance[:, 0].tolist() == [0.9, 0.8, 0.7, 0.6, 0.1, 0.2, 0.3, 0.4]


def test_what_is_right_is_looked_up_for_queries_with_a_match_only():
    lists, relevance = np.array([[4, 5], [4, 6]]), np.array([[0.9, 0.1], [0.8, 0.2]])
    flags = {name: np.zeros(2, bool) for name in ("fit", "strict", "nonsense")}
    found = judge(lists, relevance, np.array([0.5, 0.4]), [frozenset({5})], flags)
    assert found.right.tolist() == [[False, True], [False, False]]
