import numpy as np
import pytest

from encoders.errors import InputError
from encoders.evaluation import bootstrap
from encoders.evaluation.bootstrap import difference_interval, interval, permutation_p


def test_the_interval_of_a_mean_is_what_theory_says():
    values = np.random.default_rng(0).standard_normal(400)
    low, high = interval(values, rounds=4000)
    expected = 1.96 * values.std() / 20
    assert values.mean() - low == pytest.approx(expected, rel=0.08)
    assert high - values.mean() == pytest.approx(expected, rel=0.08)


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(1)
    held = 0
    for seed in range(200):
        low, high = interval(rng.random(80) < 0.3, rounds=300, seed=seed)
        held += low <= 0.3 <= high
    assert 0.90 <= held / 200 <= 0.99


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_resamples_are_those_one_would_draw_by_hand(statistic):
    """Small enough to write all resamples out: two values, 1/4 both first, 1/2 one each, 1/4 both second."""
    drawn = bootstrap._draw_statistics([np.array([0.0, 1.0])], np.arange(2), statistic, 4000, 0)[0]
    assert set(drawn) == {0, 0.5, 1}
    assert np.mean(drawn == 0.5) == pytest.approx(0.5, abs=0.03)
    assert np.mean(drawn == 1) == pytest.approx(0.25, abs=0.03)


def test_medians_of_weighted_values_are_those_of_the_values_written_out():
    rng = np.random.default_rng(2)
    values = np.sort(rng.integers(1, 20, 11).astype(float))
    weights = rng.integers(0, 4, (50, 11))
    expected = [np.median(np.repeat(values, row)) for row in weights]
    assert bootstrap._weighted_medians(values, weights).tolist() == expected


def test_groups_are_drawn_whole():
    values = np.repeat(np.random.default_rng(3).standard_normal(40), 10)  # ten copies of each: 40 facts, not 400
    groups = np.repeat(np.arange(40), 10)
    alone = np.subtract(*interval(values)[::-1])
    together = np.subtract(*interval(values, groups)[::-1])
    assert together / alone == pytest.approx(np.sqrt(10), rel=0.15)


def test_groups_of_unlike_size_weigh_by_their_queries():
    values, groups = np.array([1.0, 1, 1, 0]), ["a", "a", "a", "b"]
    drawn = bootstrap._draw_statistics([values], np.unique(groups, return_inverse=True)[1], "mean", 500, 0)[0]
    assert set(drawn) == {0, 0.75, 1}


def test_the_same_seed_gives_the_same_and_pieces_do_not_matter(monkeypatch):
    values = np.random.default_rng(4).random(50)
    whole = interval(values, rounds=500, seed=3), permutation_p(values, values**2, rounds=500, seed=3)
    assert (interval(values, rounds=500, seed=3), permutation_p(values, values**2, rounds=500, seed=3)) == whole
    monkeypatch.setattr(bootstrap, "_PIECE", 700)
    assert interval(values, rounds=500, seed=3) == pytest.approx(whole[0])
    assert interval(values, rounds=500, seed=4) != whole[0]


def test_a_paired_difference_is_surer_than_two_intervals():
    rng = np.random.default_rng(5)
    hard = rng.standard_normal(100)
    first, second = hard + 0.1, hard + 0.01 * rng.standard_normal(100)
    low, high = difference_interval(first, second)
    assert 0.09 < low < 0.1 < high < 0.11
    assert permutation_p(first, second) == pytest.approx(1 / 2001)
    assert difference_interval(second, first) == pytest.approx((-high, -low))


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_p_is_uniform_when_nothing_differs(statistic):
    rng = np.random.default_rng(6)
    ps = [permutation_p(rng.random(30), rng.random(30), statistic=statistic, rounds=199, seed=seed) for seed in range(150)]
    assert np.mean(np.array(ps) <= 0.05) < 0.11
    assert 0.4 < np.mean(ps) < 0.65


def test_p_of_three_queries_by_hand():
    """Differences 1, 1, 1: of the 8 ways to swap, 2 are as extreme, so p is 1/4."""
    assert permutation_p([1, 1, 1], [0, 0, 0], rounds=8000) == pytest.approx(0.25, abs=0.02)
    assert permutation_p([1, 1, 1], [0, 0, 0], ["a", "a", "a"]) == 1
    assert permutation_p([5, 5, 5], [1, 1, 1], statistic="median", rounds=4000) == pytest.approx(1.0)


def test_equal_results_do_not_differ():
    values = [0.0, 1, 1, 0]
    assert permutation_p(values, values) == 1
    assert permutation_p(values, values, statistic="median") == 1
    assert difference_interval(values, values) == (0, 0)


def test_what_makes_no_sense_says_why():
    with pytest.raises(InputError, match="one number a query"):
        interval([])
    with pytest.raises(InputError, match="3 queries, groups of shape"):
        interval([1, 2, 3], ["a"])
    with pytest.raises(InputError, match="2 and 3 numbers"):
        permutation_p([1, 2], [1, 2, 3])
