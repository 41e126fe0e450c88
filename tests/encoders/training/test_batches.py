"""Batches: drawn by the step alone, every row once an epoch, and nothing right among the negatives."""

import math

import numpy as np
import pytest

from encoders.errors import InputError
from encoders.training.batches import Batch, Batches, column_log_q, tabulate
from encoders.training.columns import Columns
from encoders.training.config import NegativesSettings
from encoders.training.config_file import parse_config
from encoders.training.pairs import Pair, PairSet
from encoders.training.schedule import rate_factor, steps_of

PAIRS = PairSet(
    "five",
    (
        Pair("cat", "a tabby", "tabby", negatives=("tram", "of the other side of a split", "lemon")),
        Pair("cat", "a lion", "lion"),
        Pair("stripes", "a tabby", "tabby", weight=2.0),
        Pair("rails", "a tram", "tram"),
        Pair("sour", "a lemon", "lemon"),
    ),
    others=(("rock", "a rock"),),
)


def make(rows=None, batch_size=2, **negatives):
    table = tabulate(PAIRS)
    rows = np.arange(len(PAIRS.pairs)) if rows is None else np.array(rows)
    return Batches(table, rows, NegativesSettings(**negatives), batch_size, seed=3)


def test_a_table_numbers_queries_and_items_and_passes_over_strangers():
    table = tabulate(PAIRS)
    assert table.queries == ("cat", "stripes", "rails", "sour")
    assert table.items == ("a tabby", "a lion", "a tram", "a lemon", "a rock")
    assert (table.query_of.tolist(), table.item_of.tolist()) == ([0, 0, 1, 2, 3], [0, 1, 0, 2, 3])
    assert table.given[0] == (2, 3), "an id without an item is passed over, the others keep their order"
    assert table.right == ({0, 1}, {0}, {2}, {3})
    assert table.keep({0, 1, 3}, {0, 3}).tolist() == [0, 2, 4]


def test_an_epoch_holds_every_row_once_and_the_next_in_another_order():
    batches = make()
    epochs = [[batches.batch(step) for step in range(start, start + 3)] for start in (0, 3)]
    orders = [np.concatenate([batch.rows for batch in epoch]).tolist() for epoch in epochs]
    assert [sorted(order) for order in orders] == [[0, 1, 2, 3, 4]] * 2
    assert orders[0] != orders[1]
    assert [len(batch.rows) for batch in epochs[0]] == [2, 2, 1]
    assert steps_of(5, 2, epochs=2) == (6, 3)


def test_a_batch_depends_on_seed_and_step_alone():
    one, other = make(extra=4), make(extra=4)
    for step in (4, 0, 4):
        ours, theirs = one.batch(step), other.batch(step)
        assert (ours.rows.tolist(), ours.items.tolist()) == (theirs.rows.tolist(), theirs.items.tolist())


def test_columns_are_the_rows_own_items_then_hard_ones_then_drawn_ones():
    batches = make(rows=[0, 3], extra=3, given=1)
    mined = np.full((4, 2), -1)
    mined[2] = [1, -1]
    batch = batches.batch(0, mined)
    own = tabulate(PAIRS).item_of[batch.rows].tolist()
    assert batch.items[:2].tolist() == own
    assert batch.items[2:4].tolist() == [2, 1], "one given, one mined"
    assert (len(batch.items), batch.drawn) == (7, 3)


def test_what_cannot_be_read_takes_its_rows_and_columns_along():
    batch = Batch(np.array([0, 3, 4]), np.array([0, 2, 3]), np.array([0, 2, 3, 4, 1, 2]), drawn=2)
    left = batch.without(queries={3}, items={2})
    assert (left.rows.tolist(), left.queries.tolist()) == ([0], [0])
    assert (left.items.tolist(), left.drawn) == ([0, 4, 1], 1)


def test_no_right_answer_is_a_negative():
    """By id: the other rows of the same item, the other answers of the same query, given, drawn and queued ones."""
    batches = make(batch_size=5, extra=30)
    config = parse_config({"negatives": {"queue": 10, "queue_warm_up": 0}})
    columns = Columns(config, batches, dimension=2, device="cpu")
    table = batches.table
    batch = batches.batch(0)
    for step in (0, 1):
        beside = columns.beside(batch)
        ids = np.concatenate([batch.items, batch.items[:5] if step else batch.items[:0]])
        assert beside.mask.shape == (5, len(ids))
        for row in range(5):
            right = np.isin(ids, list(table.right[batch.queries[row]]))
            expected = right & (np.arange(len(ids)) != row)  # its own is the positive
            assert beside.mask[row].tolist() == expected.tolist()
        assert beside.weights.tolist() == table.weights[batch.rows].tolist()
        columns.push(batch, beside.mask.new_zeros(5, 2).float(), beside)


def test_log_q_of_a_mixture_by_hand():
    """Two rows and two uniform draws of four items: (2 share + 2 / 4) / 4; a hard one counts as often as it is."""
    batch = Batch(np.array([0, 1]), np.array([0, 1]), np.array([0, 1, 2, 3, 3]), drawn=2)
    share = np.array([0.5, 0.25, 0.125, 0.125, 0.125])
    uniform = np.log(np.full(4, 0.25))
    mixed = np.exp(column_log_q(batch, np.log(share), uniform, mixed=True))
    np.testing.assert_allclose(mixed, [0.375, 0.25, 0.125, 0.1875, 0.1875])
    apart = np.exp(column_log_q(batch, np.log(share), uniform, mixed=False))
    np.testing.assert_allclose(apart, [0.5, 0.25, 0.125, 0.25, 0.25])


def test_one_pair_cannot_be_compared():
    with pytest.raises(InputError, match="at least 2 pairs to compare; there is 1"):
        make(rows=[1])


def test_the_rate_rises_in_a_line_and_falls_along_a_cosine():
    factors = [rate_factor(step, 100, 0.1) for step in range(100)]
    assert factors[:10] == pytest.approx(np.arange(1, 11) / 10)
    assert factors[10] == 1 and factors[55] == pytest.approx(0.5) and 0 < factors[99] < 0.001
    assert rate_factor(0, 1, 0.03) == 1 and rate_factor(0, 5, 1.0) == pytest.approx(0.2)
    assert all(math.isfinite(factor) for factor in factors)
