"""Which moment of a run is kept."""

import pytest

from encoders.training.held_out import Look


def look(recall, mrr, queries=1000):
    return Look(0, recall, recall, mrr, queries, queries)


@pytest.mark.parametrize(
    ("one", "other", "better"),
    [
        (look(0.60, 0.1), look(0.50, 0.9), True),  # R@1 decides where it can
        (look(0.50, 0.9), look(0.60, 0.1), False),
        (look(0.51, 0.60), look(0.50, 0.61), False),  # the error of .5 among 1,000 is .016
        (look(0.50, 0.61), look(0.51, 0.60), True),
        (look(0.013, 0.050), look(0.014, 0.044), True),  # one query of 1,000
        (look(0.0, 0.02, 10), look(0.1, 0.01, 10), True),
        (look(0.5, 0.6), look(0.5, 0.6), False),  # the earlier of two that are equal is kept
    ],
)
def test_the_better_of_two_looks(one, other, better):
    assert one.better_than(other) is better


def test_the_first_look_is_the_best_so_far():
    assert look(0.0, 0.0).better_than(None)
