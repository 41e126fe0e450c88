import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.errors import ModelError
from encoders.tokens import TokenBatches, read_tokenizer


@given(st.lists(st.integers(1, 70), max_size=90))
def test_every_text_is_in_exactly_one_batch_unchanged(lengths):
    batches = TokenBatches(lambda text: list(range(1, len(text) + 1)), max_length=70, pad_id=0)
    seen = {}
    for places, (ids, mask) in batches(["x" * length for length in lengths]):
        assert ids.shape == mask.shape
        assert ids.size <= 2048
        for place, row, kept in zip(places, ids, mask, strict=True):
            assert place not in seen
            seen[place] = row[kept == 1].tolist()
            assert not row[kept == 0].any()
    assert seen == {place: list(range(1, length + 1)) for place, length in enumerate(lengths)}


def test_lengths_come_in_few_sizes():
    batches = TokenBatches(lambda text: [1] * len(text), max_length=256, pad_id=0)
    widths = {arrays[0].shape[1] for _, arrays in batches(["x" * length for length in range(1, 257)])}
    assert widths == {16, 32, 48, 64, 96, 128, 192, 256}


def test_short_texts_do_not_wait_behind_padding():
    batches = TokenBatches(lambda text: [1] * len(text), max_length=256, pad_id=0)
    tokens = sum(np.prod(arrays[0].shape) for _, arrays in batches(["x" * 10] * 20 + ["x" * 250] * 2))
    assert tokens == 20 * 16 + 2 * 256


def test_damaged_tokenizer_is_a_model_error(tmp_path):
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ModelError, match=r"tokenizer\.json"):
        read_tokenizer(tmp_path / "tokenizer.json", 16)
