import json
import time

import numpy as np
import pytest

from encoders.measured import Candidate, Finding, best_of, keep_findings, kept_findings, measure, tell_findings
from encoders.network import Runner

F32, BF16, TORCH = (
    Candidate("openvino", "cpu", "f32"),
    Candidate("openvino", "cpu", "bf16"),
    Candidate("torch", "cpu", "f32"),
)
EXAMPLE = (np.eye(3, dtype=np.float32),)


def runner(turn=0.0):
    """Answers with its input, every row turned by an angle."""
    turned = np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]], np.float32)
    return Runner(lambda arrays: arrays[0] @ turned)


def test_every_candidate_is_timed_and_held_to_the_first(monkeypatch):
    clock = iter(np.cumsum([0.0, *[0.0, 3.0, 0.0, 1.0, 0.0] * 3]).tolist())
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    findings = measure({F32: runner(), BF16: runner(0.3)}, EXAMPLE)
    assert [findings[one].seconds for one in (F32, BF16)] == [3.0, 1.0]
    assert findings[F32].cosine == pytest.approx(1)
    assert findings[BF16].cosine == pytest.approx(np.cos(0.3))
    assert best_of(findings) == F32
    assert "OpenVINO bf16 1000.0 ms but answers otherwise (cosine 0.955)" in tell_findings(findings)


def test_what_cannot_run_is_told_and_not_chosen():
    findings = measure({F32: "no such operator", TORCH: runner()}, EXAMPLE)
    assert list(findings) == [F32, TORCH]
    assert best_of(findings) == TORCH
    assert "OpenVINO f32 could not convert this network: no such operator" in tell_findings(findings)


def test_only_what_is_clearly_quicker_takes_the_place_of_what_comes_before_it():
    assert best_of({F32: Finding(1.0), BF16: Finding(0.95), TORCH: Finding(0.5)}) == TORCH
    assert best_of({F32: Finding(1.0), BF16: Finding(0.95)}) == F32
    assert best_of({F32: Finding(None)}) is None


def test_only_less_than_float32_is_held_to_float32():
    assert best_of({F32: Finding(1.0), BF16: Finding(0.1, cosine=0.998), TORCH: Finding(0.5, cosine=0.998)}) == TORCH


def test_findings_are_kept_for_this_machine_and_these_candidates(tmp_path, monkeypatch):
    place = tmp_path / "network-measured.json"
    findings = {F32: Finding(0.02), BF16: Finding(None, 0.0, "why")}
    assert kept_findings(place, [F32, BF16]) is None
    keep_findings(place, findings)
    assert kept_findings(place, [F32, BF16]) == findings
    assert kept_findings(place, [F32, BF16, TORCH]) is None
    monkeypatch.setattr("encoders.measured._processor", lambda: "another one")
    assert kept_findings(place, [F32, BF16]) is None


@pytest.mark.parametrize("damage", [b"", b"{}", b"[1]", json.dumps({"machine": 1, "findings": 3}).encode()])
def test_damaged_findings_are_measured_again(tmp_path, damage):
    place = tmp_path / "network-measured.json"
    place.write_bytes(damage)
    assert kept_findings(place, [F32]) is None


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path):
    (tmp_path / "file").write_text("in the way")
    place = tmp_path / "file" / "network-measured.json"
    keep_findings(place, {F32: Finding(1.0)})
    assert kept_findings(place, [F32]) is None
