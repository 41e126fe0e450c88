import numpy as np
import pytest

from encoders.recipe.material import Texts
from encoders.recipe.text_measures import find_text_range, measure_meeting

NAMES = ["fox", "cat", "dog", "Fuchs", "Katze", "Hund"]


def texts(*rows):
    return Texts({name: place for place, name in enumerate(NAMES)}, np.array(rows, np.float32))


def test_meeting_is_counted_in_both_spaces():
    apart = texts(*np.eye(3), *np.eye(3)[[1, 2, 2]])  # only the dog is where it should be
    met = texts(*np.eye(3), *np.eye(3))
    result = measure_meeting(apart, met, NAMES[:3], {"de": NAMES[3:]})
    assert result == {"held-out emoji, de name to English name": {"emoji": 3, "R@1": 1.0, "R@1 without the head": 0.333}}


def test_a_space_where_all_is_one_finds_nothing():
    same = texts(*np.ones((6, 3)) / 3**0.5)
    (result,) = measure_meeting(same, same, NAMES[:3], {"de": NAMES[3:]}).values()
    assert result["R@1"] == 0


def test_the_range_goes_from_unrelated_to_clear():
    low, high = find_text_range(texts(*np.eye(3), *np.eye(3)), list(zip(NAMES[:3], NAMES[3:], strict=True)))
    assert (low, high) == (0.0, 1.0)
    turned = texts(*np.eye(3), [0.8, 0.6, 0], [0, 0.8, 0.6], [0.6, 0, 0.8])
    low, high = find_text_range(turned, list(zip(NAMES[:3], NAMES[3:], strict=True)))
    assert high == pytest.approx(0.8)
    assert low in (0.0, 0.6)
