import hashlib

import pytest

from encoders.errors import ModelError
from encoders.fingerprint import check_file, file_sha256, fingerprint


def test_fingerprint_is_the_same_on_every_machine():
    # Written down by hand: a change here invalidates every stored collection.
    assert fingerprint(weights="ab", dimension=384) == hashlib.sha256(b'{"dimension":384,"weights":"ab"}').hexdigest()[:16]


def test_fingerprint_moves_with_every_part():
    marks = {
        fingerprint(weights="ab", prompt=""),
        fingerprint(weights="ab", prompt="query: "),
        fingerprint(weights="ac", prompt=""),
        fingerprint(weights="ab"),
    }
    assert len(marks) == 4


def test_damaged_weights_are_refused_with_both_hashes_and_the_repair(tmp_path):
    file = tmp_path / "weights.bin"
    file.write_bytes(b"good")
    good = file_sha256(file)
    check_file(file, good, "pip install x")
    file.write_bytes(b"gone")
    with pytest.raises(ModelError) as caught:
        check_file(file, good, "pip install x")
    for part in (str(file), good, hashlib.sha256(b"gone").hexdigest(), "pip install x"):
        assert part in str(caught.value)


def test_missing_weights_are_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        check_file(tmp_path / "nothing", "00", "pip install x")
