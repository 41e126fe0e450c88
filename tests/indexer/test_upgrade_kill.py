"""Killed anywhere, an upgrade loses nothing, the old space answers, and the same command goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from upgrade_cases import assert_alike, change_things, fresh, held

from indexer.library import Library

from tiny import COLOURS

CHILD = Path(__file__).with_name("upgrading_child.py")
KILLS = 6


def start(home, verb):
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(home), verb], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def kill_somewhere(process, dice):
    """Kill it after some of what it tells and a moment more. Returns whether that came before its end."""
    for line in process.stdout:
        if not line.startswith("scanning") and dice.random() < 0.3:
            break
    time.sleep(dice.random() * 0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def finish(home, verb):
    _, errors = (process := start(home, verb)).communicate(timeout=600)
    assert process.returncode == 0, errors


def test_killed_at_random_it_ends_like_one_that_was_left_alone(home, tmp_path, files, models, write_picture):
    dice = random.Random(7)
    for number in range(20):
        write_picture(files / f"sub{number % 3}" / f"{number}.png", dice.choice(sorted(COLOURS)), seed=number)
        (files / f"{number}.txt").write_text(f"Note number {number} about the weather.")
    with Library(home) as library:
        library.add([files], workers=1)
        old = held(library)
    killed = 0
    for number in range(KILLS):
        killed += kill_somewhere(start(home, "build"), dice)
        with Library(home) as library:
            assert library.store.manifest().card == "tiny"
            if number == KILLS // 2:
                assert held(library) == old
                change_things(files, write_picture, number)
                library.add([files], workers=1)
    assert killed >= KILLS // 2, "most runs must have been killed in the middle for this test to mean anything"
    finish(home, "build")
    with Library(home) as library:
        assert_alike(held(library, "2"), fresh(tmp_path, files, "tiny:2"))
        change_things(files, write_picture, 99)
        library.add([files], workers=1)


def test_a_killed_switch_leaves_one_whole_space_answering(home, tmp_path, files, models, write_picture):
    dice = random.Random(8)
    with Library(home) as library:
        library.add([files], workers=1)
    finish(home, "build")
    for number, verb in enumerate(("switch", "back", "switch", "back")):
        change_things(files, write_picture, number)
        with Library(home) as library:
            library.add([files], workers=1)
        kill_somewhere(start(home, verb), dice)
        with Library(home) as library:
            card = library.store.manifest().card
            library.add([files], workers=1)
            assert_alike(held(library), fresh(tmp_path / str(number), files, card))
        wanted = {"switch": "tiny:2", "back": "tiny"}[verb]
        if card != wanted:
            finish(home, verb)
        with Library(home) as library:
            assert library.store.manifest().card == wanted
            assert_alike(held(library), fresh(tmp_path / f"{number} after", files, wanted))
