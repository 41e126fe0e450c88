"""Judgements as arithmetic: where the vector goes, and where what was judged comes to stand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.store.base import FusedItem
from search.arrange import Arrangement
from search.background import Sample
from search.feedback import Rocchio, modality_centre, place_judged
from search.listing import list_hits

AXES = np.eye(4, dtype=np.float32)
NONE = np.zeros((0, 4), np.float32)

NEAR = {"image": 0.9, "document": 0.9}


def item(name, score):
    return FusedItem(name, score, {}, 0.5, 0.0)


def test_a_query_moves_towards_what_fits_and_away_from_what_does_not():
    moved = Rocchio(1.0, 0.5).move(AXES[0], AXES[1:3], AXES[3:])
    assert moved == pytest.approx(np.array([1, 0.5, 0.5, -0.5]) / np.sqrt(1.75))
    assert Rocchio(1.0, 0.5).move(AXES[0], NONE, NONE) == pytest.approx(AXES[0])
    assert moved.dtype == np.float32


def test_a_query_that_judgements_cancel_stays():
    assert Rocchio(1.0, 1.0).move(AXES[0], NONE, AXES[:1]) == pytest.approx(AXES[0])


def test_the_centre_of_few_items_is_nearer_to_nothing():
    many, few = (modality_centre(Sample(np.repeat(AXES[:1], count, 0), count)) for count in (1000, 2))
    assert many[0] == pytest.approx(1, abs=0.05) and few[0] == pytest.approx(0.048, abs=0.01)


def listed(pool, judged, verdicts, needed, fits=0.0):
    ranked = sorted(pool, key=lambda one: (-one.score, one.id))
    placed = place_judged(judged, verdicts, fits)
    return list_hits(lambda most: ranked[:most], lambda ids: {}, Arrangement(stack=False), needed, NEAR, judged=placed)


def test_what_fits_is_first_among_equals_and_what_does_not_is_last():
    pool = [item("a", 3.0), item("b", 1.0), item("c", 1.0), item("d", -1.0), item("e", -2.0)]
    verdicts = {"a": -1, "c": 1, "e": 1, "gone": 1}
    whole = listed(pool, [pool[0], pool[2], pool[4]], verdicts, 10).placed
    assert [one.item.id for one in whole] == ["c", "b", "e", "d", "a"]
    assert whole[2].item.score >= 0.0  # it fits, said a person
    assert whole[4].item.score <= -50


@given(st.lists(st.integers(-3, 3), max_size=12), st.data())
def test_pages_of_a_judged_ranking_are_stretches_of_the_whole(scores, data):
    pool = [item(f"{place:02}", float(score)) for place, score in enumerate(scores)]
    verdicts = {one.id: data.draw(st.sampled_from([-1, 1])) for one in pool if data.draw(st.booleans())}
    judged = [one for one in pool if one.id in verdicts]
    whole = [one.item.id for one in listed(pool, judged, verdicts, 100, 0.5).placed]
    assert sorted(whole) == sorted(one.id for one in pool)
    end = data.draw(st.integers(0, len(pool)))
    part = listed(pool, judged, verdicts, end, 0.5)
    assert [one.item.id for one in part.placed] == whole[:end]
    assert part.more == (end < len(pool))
