"""Drawn negatives and the probabilities they came with."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from encoders.errors import InputError
from encoders.training.frequencies import StreamingFrequencies, count_items, exact_frequencies
from encoders.training.negatives import (
    in_batch_columns,
    mixed_columns,
    popularity_distribution,
    sample_columns,
    uniform_distribution,
)
from encoders.training.queue import CrossBatchQueue


def rng(seed=0):
    return np.random.default_rng(seed)


@given(
    counts=st.lists(st.integers(0, 50), min_size=2, max_size=12).filter(lambda row: sum(count > 0 for count in row) > 1),
    power=st.sampled_from([0.5, 0.75, 1.0]),
    seed=st.integers(0, 999),
    data=st.data(),
)
@settings(max_examples=60, deadline=None)
def test_positives_and_items_without_probability_never_come_out(counts, power, seed, data):
    distribution = popularity_distribution(counts, power)
    drawable = np.flatnonzero(counts).tolist()
    exclude = set(data.draw(st.lists(st.sampled_from(drawable), max_size=len(drawable) - 1, unique=True)))
    ids, log_q = sample_columns(rng(seed), distribution, 64, exclude)
    assert set(ids.tolist()) <= set(drawable) - exclude
    left = 1 - sum(distribution[item] for item in exclude)
    assert np.allclose(np.exp(log_q), distribution[ids] / left)


def test_draws_come_as_often_as_their_probability_says():
    ids, log_q = sample_columns(rng(1), popularity_distribution([8, 4, 2, 1, 0], power=1.0), 30_000, exclude={1})
    shares = np.bincount(ids, minlength=5) / len(ids)
    assert shares == pytest.approx(np.array([8, 0, 2, 1, 0]) / 11, abs=0.01)
    assert dict(zip(ids.tolist(), np.exp(log_q).round(6).tolist(), strict=True)) == {
        0: round(8 / 11, 6), 2: round(2 / 11, 6), 3: round(1 / 11, 6)}  # fmt: skip


def test_uniform_draws_do_not_care_for_popularity():
    shares = np.bincount(sample_columns(rng(2), uniform_distribution(4), 20_000)[0]) / 20_000
    assert shares == pytest.approx(np.full(4, 0.25), abs=0.015)
    assert popularity_distribution([5, 0, 9], power=0).tolist() == pytest.approx([1 / 3] * 3)


def test_same_seed_same_draws():
    frequencies = exact_frequencies([3, 2, 1, 4])
    for draw in (
        lambda seed: sample_columns(rng(seed), frequencies, 20),
        lambda seed: mixed_columns(rng(seed), [0, 3], frequencies, 20),
    ):
        assert draw(5)[0].tolist() == draw(5)[0].tolist() != draw(6)[0].tolist()


def test_in_batch_columns_keep_their_order_and_their_frequency():
    ids, log_q = in_batch_columns([3, 0, 3], exact_frequencies([1, 2, 3, 4]))
    assert ids.tolist() == [3, 0, 3]
    assert np.exp(log_q) == pytest.approx([0.4, 0.1, 0.4])


def test_mixed_columns_each_have_the_mixtures_probability_of_their_own_item():
    frequencies = exact_frequencies([70, 20, 10, 0])
    batch = [0, 0, 1]
    ids, log_q = mixed_columns(rng(3), batch, frequencies, 6)
    assert ids[:3].tolist() == batch and len(ids) == 9
    mixture = (3 * frequencies + 6 * 0.25) / 9
    assert np.exp(log_q) == pytest.approx(mixture[ids])
    assert 3 in ids[3:], "what was never a positive can be a negative"


def test_mixture_is_what_really_comes_out():
    """Batches drawn by frequency, then mixed: the share of each item among all columns is its stated probability."""
    frequencies, generator = exact_frequencies([6, 3, 1]), rng(4)
    seen, stated = np.zeros(3), np.zeros(3)
    for _ in range(2000):
        batch = sample_columns(generator, frequencies, 4)[0]
        ids, log_q = mixed_columns(generator, batch, frequencies, 6, exclude={0})
        seen += np.bincount(ids, minlength=3)
        stated[ids] = np.exp(log_q)
    assert seen / seen.sum() == pytest.approx(stated, abs=0.01)
    assert stated == pytest.approx([0.4 * 0.6, 0.4 * 0.3 + 0.6 * 0.5, 0.4 * 0.1 + 0.6 * 0.5])


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: uniform_distribution(0), "at least one item"),
        (lambda: popularity_distribution([0, 0]), "at least one above"),
        (lambda: popularity_distribution([1, -1]), "none below 0"),
        (lambda: popularity_distribution([1], power=-1), "power"),
        (lambda: sample_columns(rng(), np.array([0.5, 0.1]), 1), "sum to 1, got a sum of 0.6"),
        (lambda: sample_columns(rng(), uniform_distribution(2), 1, {0, 1}), "nothing is left"),
        (lambda: sample_columns(rng(), uniform_distribution(2), 1, {2}), "from 0 to 1"),
        (lambda: sample_columns(rng(), uniform_distribution(2), -1), "cannot draw -1"),
        (lambda: in_batch_columns([1], exact_frequencies([1, 0])), "item 1 is a column, but its frequency is 0"),
        (lambda: count_items([0, 4], 4), "from 0 to 3"),
        (lambda: exact_frequencies([0, 0]), "at least one above"),
        (lambda: StreamingFrequencies(slots=1000), "power of two, got 1000"),
        (lambda: StreamingFrequencies(rate=0), "rate"),
        (lambda: CrossBatchQueue(0, 4), "capacity"),
    ],
)
def test_nonsense_is_refused(work, words):
    with pytest.raises(InputError, match=words):
        work()


def zipf_stream(rows, items=200, seed=0):
    q = 1 / np.arange(1, items + 1)
    q /= q.sum()
    return rng(seed).choice(items, rows, p=q), q


def test_streaming_estimate_converges_to_the_true_frequencies():
    stream, q = zipf_stream(120_000)
    estimate = StreamingFrequencies(slots=4096, hashes=3, rate=0.005, seed=1)
    errors = []
    for batch in np.split(stream, 60):
        estimate.update(batch)
        errors.append(np.abs(estimate.log_q(np.arange(200)) - np.log(q)).mean())
    assert errors[-1] < 0.08 and errors[-1] < errors[4] < errors[0]


def test_streaming_estimate_does_not_depend_on_how_the_stream_is_cut():
    stream, _ = zipf_stream(3000)
    whole, parts, single = (StreamingFrequencies(slots=256, hashes=2, seed=2) for _ in range(3))
    whole.update(stream)
    for batch in np.array_split(stream, 17):
        parts.update(batch)
    for item in stream[:500]:
        single.update([item])
    short = StreamingFrequencies(slots=256, hashes=2, seed=2)
    short.update(stream[:500])
    everything = np.arange(200)
    assert np.array_equal(whole.log_q(everything), parts.log_q(everything))
    assert np.array_equal(short.log_q(everything), single.log_q(everything))


def test_streaming_estimate_by_eye():
    estimate = StreamingFrequencies(slots=1 << 16, hashes=1, rate=0.01)
    estimate.update([7, 9, 9, 7])  # 7 after 1 and 3 rows, 9 after 2 and 1
    assert np.exp(-estimate.log_q([7, 9])) == pytest.approx([2.0, 1.5])
    assert np.exp(-estimate.log_q([1000])) == pytest.approx([5.0]), "never in 4 rows: at best the next one"


def test_of_several_hash_functions_the_one_without_a_collision_is_believed():
    stream, q = zipf_stream(30_000)
    names = rng(1).integers(0, 1 << 62, 200)  # not in a row: neighbours would be spread evenly and hardly ever meet
    errors = {}
    for hashes in (1, 4):
        estimate = StreamingFrequencies(slots=512, hashes=hashes, seed=3)
        estimate.update(names[stream])
        errors[hashes] = np.abs(estimate.log_q(names) - np.log(q))[100:].mean()
    assert errors[4] < 0.5 * errors[1]


def test_streaming_estimate_follows_a_catalogue_that_drifts():
    estimate = StreamingFrequencies(slots=1 << 12, rate=0.02)
    estimate.update(rng(0).choice(2, 4000, p=[0.9, 0.1]))
    estimate.update(rng(1).choice(2, 4000, p=[0.1, 0.9]))
    assert np.exp(estimate.log_q([0, 1])) == pytest.approx([0.1, 0.9], rel=0.25)


def test_streaming_estimate_goes_on_where_it_was_saved():
    stream, _ = zipf_stream(2000)
    first, second = StreamingFrequencies(slots=256, seed=4), StreamingFrequencies(slots=256, seed=5)
    first.update(stream[:1000])
    second.load_state_dict(first.state_dict())
    first.update(stream[1000:])
    second.update(stream[1000:])
    assert np.array_equal(first.log_q(np.arange(200)), second.log_q(np.arange(200)))
    with pytest.raises(InputError, match="this one"):
        StreamingFrequencies(slots=512).load_state_dict(first.state_dict())


def pushed(queue, *batches):
    for batch in batches:
        ids = torch.tensor(batch)
        queue.push(ids[:, None].float() * torch.ones(1, 2), ids, -ids.float())
    return queue


def contents(queue):
    vectors, ids, log_q = queue.columns()
    assert torch.equal(vectors[:, 0].long(), ids) and torch.equal(log_q, -ids.float()), "the three stay together"
    return sorted(ids.tolist())


def test_the_queue_keeps_the_latest_with_ids_and_probabilities():
    queue = CrossBatchQueue(capacity=4, dimension=2)
    assert contents(queue) == []
    assert contents(pushed(queue, [1, 2, 3])) == [1, 2, 3]
    assert contents(pushed(queue, [4, 5])) == [2, 3, 4, 5]
    assert contents(pushed(queue, [6, 7, 8, 9, 10, 11])) == [8, 9, 10, 11]
    assert contents(pushed(queue, [12])) == [9, 10, 11, 12]


def test_the_queue_is_silent_until_it_is_warm():
    queue = CrossBatchQueue(capacity=4, dimension=2, warm_up=2)
    assert contents(pushed(queue, [1, 2])) == [] and len(queue) == 2
    assert contents(pushed(queue, [3])) == [1, 2, 3]


def test_queued_vectors_carry_no_gradient_and_do_not_change_under_ones_hands():
    queue = CrossBatchQueue(capacity=2, dimension=2)
    vectors = torch.ones(2, 2, requires_grad=True)
    queue.push(vectors, torch.tensor([1, 2]), torch.zeros(2))
    held = queue.columns()
    assert not held.vectors.requires_grad
    query = torch.ones(1, 2, requires_grad=True)
    product = query @ held.vectors.T
    pushed(queue, [3, 4])
    product.sum().backward()
    assert query.grad.tolist() == [[2.0, 2.0]] and vectors.grad is None


def test_a_resumed_queue_goes_on_as_the_old_one(tmp_path):
    first = pushed(CrossBatchQueue(3, 2, warm_up=2), [1, 2])
    torch.save(first.state_dict(), tmp_path / "queue.pt")
    second = CrossBatchQueue(3, 2, warm_up=2)
    second.load_state_dict(torch.load(tmp_path / "queue.pt", weights_only=True))
    assert contents(second) == []
    for queue in (first, second):
        pushed(queue, [3, 4])
    assert torch.equal(first.columns().ids, second.columns().ids) and contents(second) == [2, 3, 4]
    with pytest.raises(InputError, match=r"\(3, 2\), this one \(4, 2\)"):
        CrossBatchQueue(4, 2).load_state_dict(first.state_dict())


def test_what_does_not_fit_the_queue_is_refused():
    with pytest.raises(InputError, match=r"\(b, 2\)"):
        CrossBatchQueue(4, 2).push(torch.zeros(3, 5), torch.zeros(3, dtype=torch.int64), torch.zeros(3))
    with pytest.raises(InputError, match=r"\(2,\)"):
        CrossBatchQueue(4, 2).push(torch.zeros(3, 2), torch.zeros(2, dtype=torch.int64), torch.zeros(3))
