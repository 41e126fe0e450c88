"""A few judgements move relevance a little, many to where they point, and never the order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.recalibrate import AS_IT_IS, recalibrate


def drawn(count, shift, slope, seed=0):
    dice = np.random.default_rng(seed)
    scores = dice.normal(0, 3, count)
    return scores, dice.random(count) < 1 / (1 + np.exp(-(shift + slope * scores)))


def test_no_judgements_change_nothing():
    assert recalibrate([], []) == AS_IT_IS
    assert AS_IT_IS.corrected(1.25) == 1.25


def test_many_judgements_find_the_line_they_were_drawn_from():
    line = recalibrate(*drawn(20_000, -1.5, 0.5))
    assert (line.shift, line.slope) == pytest.approx((-1.5, 0.5), abs=0.1)
    assert line.before(line.corrected(0.7)) == pytest.approx(0.7)


def test_a_handful_shifts_by_a_part_and_does_not_turn():
    one, ten = recalibrate([1.0], [False]), recalibrate([1.0] * 10, [False] * 10)
    assert -1 < one.shift < -0.3 and ten.shift < one.shift - 0.5
    assert one.slope == ten.slope == 1.0
    assert recalibrate(*drawn(50, 0, 0.3)).slope == 1.0 != recalibrate(*drawn(51, 0, 0.3)).slope


def test_judgements_that_agree_with_the_search_leave_it_nearly_alone():
    scores, _ = drawn(400, 0, 1)
    line = recalibrate(np.repeat(scores, 2), np.random.default_rng(1).random(800) < 1 / (1 + np.exp(-np.repeat(scores, 2))))
    assert abs(line.shift) < 0.3 and abs(line.slope - 1) < 0.2


def test_a_line_that_may_not_fall_is_still_right_on_average():
    scores, fits = drawn(400, -1.0, -0.5)
    line = recalibrate(scores, fits)
    said = 1 / (1 + np.exp(-(line.shift + line.slope * scores)))
    assert line.slope == 0.2 and said.mean() == pytest.approx(fits.mean(), abs=0.02)


@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.booleans()), min_size=1, max_size=80), st.randoms())
def test_any_judgements_in_any_order_give_one_rising_line(judged, dice):
    line = recalibrate(*zip(*judged, strict=True))
    assert np.isfinite([line.shift, line.slope]).all() and line.slope > 0
    dice.shuffle(judged)
    assert recalibrate(*zip(*judged, strict=True)) == line
