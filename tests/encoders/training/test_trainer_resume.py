"""Same seed, same bytes, also for a run that was killed, stopped or gone wrong on its way."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toy_run import run

from encoders.errors import InputError, TrainingError
from encoders.training import trainer
from encoders.training.objective import Objective
from encoders.training.progress import Quiet
from encoders.training.run_folder import RunFolder

HERE = Path(__file__).parent
STEPS = 12


@pytest.fixture(autouse=True)
def no_curve(monkeypatch):
    monkeypatch.setattr(trainer, "draw_curve", lambda records, path, title: None)


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    """Files that stand for pictures."""
    return tmp_path_factory.mktemp("items")


@pytest.fixture(scope="module")
def whole(tmp_path_factory, items):
    """A run that nothing disturbed, with no checkpoint but its last."""
    out = tmp_path_factory.mktemp("whole") / "run"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trainer, "draw_curve", lambda records, path, title: None)
        run(items, out, run={"out": str(out), "checkpoint_minutes": 60.0})
    return out


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


def assert_same(one, other):
    assert weights(one) == weights(other)
    assert (one / "metrics.jsonl").read_bytes() == (other / "metrics.jsonl").read_bytes()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, items, whole):
    torch.manual_seed(11)  # what was drawn before must not matter
    run(items, tmp_path / "again")
    assert_same(tmp_path / "again", whole)
    run(items, tmp_path / "other", run={"seed": 1})
    assert weights(tmp_path / "other") != weights(whole)


def test_a_run_that_is_killed_in_the_middle_of_a_checkpoint_goes_on_to_the_same_bytes(tmp_path, items, whole):
    out = tmp_path / "killed"
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[2])}
    child = subprocess.run([sys.executable, HERE / "toy_run.py", items, out, "8"], env=environment, check=False)
    assert child.returncode == -signal.SIGKILL
    losses = [one["step"] for one in RunFolder(out).records() if "loss" in one]
    assert losses == [1, 2, 3, 4, 5, 6, 7, 8]
    assert not (out / "model.safetensors").exists()
    with pytest.raises(InputError, match=r"there is an unfinished run in .*--resume"):
        RunFolder(out).check(resume=False)
    heard = Heard()
    run(items, out, resume=True, progress=heard)
    assert "going on after step 7 of 12" in heard.lines
    assert_same(out, whole)
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == []


def test_a_run_without_a_checkpoint_may_be_begun_anew_or_gone_on_with(tmp_path, items, whole):
    out = tmp_path / "run"
    broken = Press(lambda: (_ for _ in ()).throw(OSError("the power is gone")), at=3)
    for again in ({"resume": False}, {"resume": True}):
        with pytest.raises(OSError, match="power"):
            run(items, out, progress=broken, run={"checkpoint_minutes": 60.0})
        run(items, out, **again)
        assert_same(out, whole)
        out = tmp_path / "second"


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_being_asked_to_stop_leaves_a_checkpoint_and_says_so(tmp_path, items, whole, which):
    before = signal.getsignal(which)
    press = Press(lambda: os.kill(os.getpid(), which), at=7)
    with pytest.raises(KeyboardInterrupt, match=r"stopped after step 7 of 12, as asked.*--resume"):
        run(items, tmp_path / "run", progress=press, run={"checkpoint_minutes": 60.0})
    assert signal.getsignal(which) is before
    assert "stopping after this step; Ctrl-C once more stops at once" in press.lines
    run(items, tmp_path / "run", resume=True)
    assert_same(tmp_path / "run", whole)


def test_a_second_ctrl_c_stops_at_once(tmp_path, items):
    def twice():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        run(items, tmp_path / "run", progress=Press(twice, at=3), run={"checkpoint_minutes": 60.0})
    assert not RunFolder(tmp_path / "run").has_checkpoint


def test_numbers_that_are_none_stop_the_run_and_leave_the_checkpoint(tmp_path, items, whole, monkeypatch):
    forward = Objective.forward
    calls = []

    def broken(self, *inputs, **more):
        calls.append(1)
        return forward(self, *inputs, **more) * (float("nan") if len(calls) > 5 else 1.0)

    with monkeypatch.context() as patched:
        patched.setattr(Objective, "forward", broken)
        with pytest.raises(TrainingError, match=r"wrong at step 6: the loss is not finite. The learning rate was 0.02"):
            run(items, tmp_path / "run")
    assert not (tmp_path / "run/model.safetensors").exists()
    run(items, tmp_path / "run", resume=True)
    assert_same(tmp_path / "run", whole)


def test_going_on_with_other_settings_or_data_is_refused_and_named(tmp_path, items):
    with pytest.raises(OSError, match="power"):
        run(items, tmp_path / "run", progress=Press(lambda: (_ for _ in ()).throw(OSError("the power is gone")), at=3))
    with pytest.raises(InputError, match=r"began with \[optimiser\] learning_rate = 0.02, and now it is 0.01"):
        run(items, tmp_path / "run", resume=True, optimiser={"learning_rate": 0.01, "micro_batch": 5, "epochs": 4})
    with pytest.raises(InputError, match="began with other data"):
        run(None, tmp_path / "run", resume=True)


class Heard(Quiet):
    """Remembers what was said."""

    def __init__(self):
        self.lines = []

    def say(self, line):
        self.lines.append(line)


class Press(Heard):
    """Does something when a step is done."""

    def __init__(self, action, at):
        super().__init__()
        self.action, self.at = action, at

    def step(self, what, done, total, detail=""):
        if what == "training" and done == self.at:
            self.action()
