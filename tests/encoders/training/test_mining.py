"""Hard negatives, and false ones among them, by eye and against the slow way."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.errors import InputError
from encoders.training import mining
from encoders.training.losses import softmax_loss
from encoders.training.mining import (
    false_negatives_by_guide,
    false_negatives_by_id,
    hardest_columns,
    mine_hard_negatives,
)
from encoders.training.scores import training_scores


def one_query(*scores):
    """A query and items whose products are exactly these scores."""
    return np.ones((1, 1), np.float32), np.array(scores, np.float32)[:, None]


def mined(scores, positives, number=9, **options):
    (row,) = mine_hard_negatives(*one_query(*scores), [positives], number, **options)
    return row.tolist()


def test_hardest_first_without_positives():
    assert mined([0.9, 0.1, 0.5, 0.3], {0}) == [2, 3, 1]
    assert mined([0.9, 0.1, 0.5, 0.3], {0}, number=2) == [2, 3]
    assert mined([0.9, 0.1, 0.5, 0.3], {0, 2}, relative_margin=0) == [3, 1]


def test_what_comes_within_the_margin_is_left_out():
    scores = [0.8, 0.79, 0.761, 0.759, 0.9]
    assert mined(scores, {0}) == [3], "above .76 = 95% of .8"
    assert mined(scores, {0}, relative_margin=0.0) == [1, 2, 3]
    assert mined([-0.4, -0.41, -0.43, 0.0], {0}) == [2], "a negative score has its bar below it, not above"


def test_the_worst_positive_sets_the_bar():
    assert mined([0.9, 0.5, 0.6, 0.45], {0, 1}) == [3]


def test_skip_passes_over_the_hardest_that_are_left():
    assert mined([0.9, 0.1, 0.5, 0.3, 0.89], {0}, skip=1) == [3, 1]
    assert mined([0.9, 0.1, 0.5], {0}, skip=5) == []


def test_equal_scores_come_in_order_of_place():
    assert mined([0.9, 0.5, 0.5, 0.5, 0.5], {0}, number=3) == [1, 2, 3]


def test_an_item_of_the_same_id_is_no_negative():
    ids = ["cat", "dog", "cat", "owl", "cat"]
    assert mined([0.9, 0.5, 0.6, 0.4, 0.3], {0}, item_ids=ids) == [1, 3]
    assert mined([0.9, 0.5, 0.6, 0.4, 0.3], {0}) == [2, 1, 3, 4]


def test_a_guide_decides_about_the_margin_and_not_about_the_order():
    guide = one_query(0.5, 0.9, 0.1, 0.2)
    assert mined([0.9, 0.7, 0.3, 0.8], {0}, guide=guide) == [3, 2]
    low = one_query(0.9, 0.1, 0.1, 0.2)
    assert mined([0.1, 0.7, 0.3, 0.8], {0}, guide=low) == [3, 1, 2], "ours alone would have left all out"


def slow(queries, items, positives, number, margin, skip, ids):
    out = []
    for query, right in zip(queries, positives, strict=True):
        score = [float(np.float32(query @ item)) for item in items]
        worst = min(score[place] for place in right)
        banned = {ids[place] for place in right}
        left = [j for j in range(len(items)) if ids[j] not in banned and score[j] <= worst - abs(worst) * margin]
        out.append(sorted(left, key=lambda j: (-score[j], j))[skip : skip + number])
    return out


@given(
    seed=st.integers(0, 10_000),
    number=st.integers(1, 6),
    skip=st.integers(0, 3),
    margin=st.sampled_from([0.0, 0.05, 0.5]),
    cells=st.sampled_from([1, 20, 10_000]),
)
@settings(max_examples=60, deadline=None)
def test_chunked_equals_the_slow_way(seed, number, skip, margin, cells):
    rng = np.random.default_rng(seed)
    # whole numbers: products are exact, so ties are ties in both ways
    queries, items = (rng.integers(-3, 4, (n, 3)).astype(np.float32) for n in (7, 12))
    positives = [set(rng.choice(12, rng.integers(1, 4), replace=False).tolist()) for _ in queries]
    ids = rng.integers(0, 9, 12).tolist()
    before = mining._CELLS
    mining._CELLS = cells
    try:
        fast = mine_hard_negatives(queries, items, positives, number, margin, skip, item_ids=ids)
    finally:
        mining._CELLS = before
    assert [row.tolist() for row in fast] == slow(queries, items, positives, number, margin, skip, ids)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"positives": [set()]}, "query 0 needs positives among items 0 to 2"),
        ({"positives": [{3}]}, r"got \[3\]"),
        ({"positives": [{0}, {1}]}, "2 sets of positives for 1 queries"),
        ({"number": 0}, "number >= 1"),
        ({"relative_margin": 1.0}, "margin"),
        ({"skip": -1}, "skip"),
        ({"item_ids": ["a"]}, "1 item ids for 3 items"),
        ({"guide": one_query(0.1, 0.2)}, "needs 1 and 3"),
        ({"items": np.ones((3, 2), np.float32)}, "must share d"),
    ],
)
def test_what_does_not_fit_is_refused(options, words):
    queries, items = one_query(0.3, 0.2, 0.1)
    with pytest.raises(InputError, match=words):
        mine_hard_negatives(**{"queries": queries, "items": items, "positives": [{0}], "number": 1, **options})


SCORES = torch.tensor([[0.9, 0.2, 0.6, 0.4], [0.8, 0.5, 0.1, 0.7], [0.1, 0.3, 0.6, 0.2]])


def test_hardest_columns_by_eye():
    assert hardest_columns(SCORES, 1).int().tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0]]
    assert hardest_columns(SCORES, 2).int().tolist() == [[0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 1]]
    own = torch.tensor([2, 0, 1])
    assert hardest_columns(SCORES, 1, own).int().tolist() == [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]


def test_masked_columns_are_not_hard_and_asking_for_more_than_there_are_gives_all():
    masked = training_scores(SCORES, 1.0, mask=SCORES > 0.55)
    assert hardest_columns(masked, 9).int().tolist() == [[0, 1, 0, 1], [0, 0, 1, 0], [1, 1, 0, 1]]
    with pytest.raises(InputError, match="at least 1"):
        hardest_columns(SCORES, 0)


def test_training_on_the_hardest_alone():
    hard = hardest_columns(SCORES, 1)
    expected = torch.tensor([[0.9, 0.6], [0.5, 0.8], [0.6, 0.3]])
    own = torch.tensor([0, 0, 0])
    assert softmax_loss(training_scores(SCORES, 0.1, mask=~hard)).item() == pytest.approx(
        softmax_loss(training_scores(expected, 0.1, positives=own), own).item()
    )


def test_other_captions_of_the_same_picture_are_not_negatives():
    columns = ["cat", "dog", "cat", "owl"]  # the last a hard negative of some row
    mask = false_negatives_by_id([{"cat"}, {"dog", "owl"}, {"cat"}], columns)
    assert mask.int().tolist() == [[0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    elsewhere = false_negatives_by_id([{"cat"}, {"dog"}, {"cat"}], columns, torch.tensor([2, 1, 0]))
    assert elsewhere.int().tolist() == [[1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=8), st.data())
def test_mask_by_id_is_equality_less_the_own_cell(columns, data):
    n = data.draw(st.integers(1, len(columns)))
    mask = false_negatives_by_id([{name} for name in columns[:n]], columns)
    equal = torch.tensor(columns[:n])[:, None] == torch.tensor(columns)
    equal[range(n), range(n)] = False
    assert torch.equal(mask, equal)


def test_a_guide_masks_what_it_finds_better_than_the_positive():
    assert false_negatives_by_guide(SCORES).int().tolist() == [[0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]]
    near = false_negatives_by_guide(SCORES, margin=0.35)
    assert near.int().tolist() == [[0, 0, 1, 0], [1, 0, 0, 1], [0, 1, 0, 0]]
    own = torch.tensor([2, 3, 2])
    assert false_negatives_by_guide(SCORES, own).int().tolist() == [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]


def test_a_false_negative_that_is_not_masked_pulls_a_right_answer_away():
    cosines = torch.tensor([[0.5, 0.9], [0.1, 0.5]], requires_grad=True)
    softmax_loss(training_scores(cosines, 0.1)).backward()
    assert cosines.grad[0, 1] > 0.1
    cosines.grad = None
    mask = false_negatives_by_guide(torch.tensor([[0.8, 0.9], [0.1, 0.9]]))
    softmax_loss(training_scores(cosines, 0.1, mask=mask)).backward()
    assert cosines.grad[0, 1] == 0
