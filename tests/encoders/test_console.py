"""How every command line ends: one sentence, and the exit code that shells expect."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from encoders.console import guarded
from encoders.errors import InputError

ROOT = Path(__file__).parents[2]


def raising(error):
    def run():
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (InputError("the query is empty"), 1, "error: the query is empty\n"),
        (FileNotFoundError(2, "No such file or directory", "a.png"), 1, "error: No such file or directory: a.png\n"),
        (OSError("no space"), 1, "error: no space\n"),
        (KeyboardInterrupt(), 130, "stopped. Go on.\n"),
        (KeyboardInterrupt("stopped after step 3"), 130, "stopped after step 3\n"),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_code(capsys, error, code, says):
    assert guarded(raising(error), "stopped. Go on.") == code
    assert capsys.readouterr() == ("", says)


def test_what_goes_well_keeps_its_code(capsys):
    assert guarded(lambda: 3) == 3
    assert capsys.readouterr() == ("", "")


def test_a_mistake_of_ours_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: 1 // 0)


def test_a_reader_who_has_seen_enough_hears_no_complaint():
    command = [sys.executable, "-m", "encoders", "train", "--example"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_being_asked_to_stop_is_a_line_and_130(which):
    program = (
        "import os, sys; from encoders.console import guarded\n"
        f"sys.exit(guarded(lambda: os.kill(os.getpid(), {int(which)}) or __import__('time').sleep(60)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "stopped.\n")
