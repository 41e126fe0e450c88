"""int8: ranges of the whole set, and what ranges of a part of it do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from encoders.errors import InputError
from encoders.training.int8 import Int8Ranges, dequantise, gather_ranges, quantise
from encoders.vectors import unit_rows


def clustered(seed=0, clusters=8, each=60, d=48):
    """Vectors that come cluster by cluster, as files do folder by folder."""
    rng = np.random.default_rng(seed)
    middles = np.repeat(rng.standard_normal((clusters, d)), each, axis=0)
    return unit_rows(middles + 0.15 * rng.standard_normal(middles.shape))


def neighbours(queries, items, k=10):
    return np.argsort(-(queries @ items.T), axis=1, kind="stable")[:, :k]


def agreement(vectors, ranges):
    """Share of the true ten neighbours that are among the ten of the codes."""
    back = dequantise(quantise(vectors, ranges), ranges)
    pairs = zip(neighbours(vectors, vectors), neighbours(vectors, back), strict=True)
    return np.mean([len(set(a) & set(b)) / 10 for a, b in pairs])


def test_trap_ranges_of_a_shard_are_wrong_for_the_rest():
    vectors = clustered()
    shards = np.split(vectors, 8)
    whole, shard = gather_ranges(iter(shards)), gather_ranges(shards[:1])
    errors = [np.abs(dequantise(quantise(vectors, r), r) - vectors).max() for r in (whole, shard)]
    assert errors[0] <= whole.step.max() / 2 + 1e-6
    assert errors[1] > 50 * errors[0], "what lies outside a range is cut off at its edge"
    assert agreement(vectors, whole) > 0.85
    assert agreement(vectors, shard) < 0.45


@given(seed=st.integers(0, 999), cuts=st.lists(st.integers(0, 40), max_size=4))
@settings(max_examples=30, deadline=None)
def test_ranges_do_not_depend_on_the_chunks(seed, cuts):
    vectors = np.random.default_rng(seed).standard_normal((40, 3)).astype(np.float32)
    whole, parts = gather_ranges([vectors]), gather_ranges(np.split(vectors, sorted(cuts)))
    assert np.array_equal(whole.low, parts.low) and np.array_equal(whole.high, parts.high)
    assert np.array_equal(whole.low, vectors.min(0)) and np.array_equal(whole.high, vectors.max(0))


@given(arrays.arrays(np.float32, (6, 3), elements=st.floats(-100, 100, width=32)))
@settings(max_examples=50, deadline=None)
def test_back_within_half_a_step_and_codes_are_symmetric(vectors):
    ranges = gather_ranges([vectors])
    codes = quantise(vectors, ranges)
    assert codes.dtype == np.int8 and codes.min() >= -127
    assert (np.abs(dequantise(codes, ranges) - vectors) <= ranges.step / 2 + 1e-4).all()
    mirrored = Int8Ranges(-ranges.high, -ranges.low)
    assert np.array_equal(quantise(-vectors, mirrored), -codes)


def test_by_eye():
    ranges = gather_ranges([np.array([[-1.0, 5.0, 2.0]], np.float32), np.array([[1.0, 5.0, 4.0]], np.float32)])
    codes = quantise(np.array([[-1, 5, 2], [0, 5, 3], [1, 6, 9], [0.5, 4, -9]], np.float32), ranges)
    assert codes.tolist() == [[-127, 0, -127], [0, 0, 0], [127, 1, 127], [64, -1, -127]]
    assert dequantise(codes, ranges)[:, 1].tolist() == [5.0] * 4, "a constant dimension stays what it is"


@pytest.mark.parametrize(
    ("chunks", "words"),
    [
        ([], "at least one vector"),
        ([np.zeros((0, 3), np.float32)], "at least one vector"),
        ([np.ones((1, 3)), np.ones((1, 2))], r"chunk 1 must have shape \(n, 3\), got \(1, 2\)"),
        ([np.array([[np.nan]])], "chunk 0 holds NaN"),
    ],
)
def test_ranges_of_nonsense_are_refused(chunks, words):
    with pytest.raises(InputError, match=words):
        gather_ranges(chunks)


def test_vectors_of_another_dimension_are_refused():
    ranges = gather_ranges([np.eye(3, dtype=np.float32)])
    for work in (quantise, dequantise):
        with pytest.raises(InputError, match=r"3 dimensions, the vectors have shape \(2, 4\)"):
            work(np.zeros((2, 4), np.int8), ranges)
