"""Killed anywhere, a run loses nothing that it reported, doubles nothing, and the next one goes on."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from indexer.index_due import is_due
from indexer.items import item_id
from indexer.library import Library
from indexer.store.base import Match, Where

from tiny import COLOURS

CHILD = Path(__file__).with_name("indexing_child.py")
KILLS = 20


def start(home, folder):
    return subprocess.Popen(
        [sys.executable, str(CHILD), str(home), str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def kill_at_random(process, dice):
    """Wait until the run has looked round, then kill it somewhere in its work. Returns what it had reported."""
    reported = 0
    for line in process.stdout:
        state, done = line.split()
        reported = max(reported, int(done))
        if state != "scanning" and dice.random() < 0.5:
            break
    time.sleep(dice.random() * 0.4)
    os.kill(process.pid, signal.SIGKILL)
    for line in process.stdout:  # told before the kill, read after it
        reported = max(reported, int(line.split()[1]))
    process.communicate()
    return reported


def stored(library):
    """Path -> ids of the items that say they lie there."""
    found = {}
    contents = [*library.ledger.contents_in("indexed"), *library.ledger.contents_in("moved")]
    ids = [item_id(content.hash, part) for content in contents for part in content.parts]
    for item in library.store.retrieve(ids):
        for path in item.payload["paths"]:
            found.setdefault(path, set()).add(item.id)
    return found


def change_something(folder, dice, write_picture, number):
    """What people do between runs: add, delete, rename, overwrite, copy."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    one, two, three, four = dice.sample(files, 4)
    one.unlink()
    two.rename(two.with_stem(f"renamed-{number}"))
    shutil.copy(three, three.with_stem(f"copy-{number}"))
    four.unlink()
    for extra in range(6):
        write_picture(folder / f"new-{number}-{extra}.png", dice.choice(sorted(COLOURS)), seed=number)
    (folder / f"note-{number}.txt").write_text(f"Note number {number} about the weather.")


def test_killed_twenty_times_nothing_is_lost_and_nothing_doubled(home, tmp_path, write_picture):
    dice = random.Random(20)
    folder = tmp_path / "files"
    for number in range(60):
        write_picture(folder / f"sub{number % 3}" / f"{number}.png", dice.choice(sorted(COLOURS)), seed=number)
    killed = 0
    for number in range(KILLS):
        process = start(home, folder)
        reported = kill_at_random(process, dice)
        killed += process.returncode == -signal.SIGKILL
        with Library(home) as library:
            paths = {str(path) for path in library.ledger.below(folder) if library.ledger.content_of(path)}
            assert len(paths) >= reported, "what was reported is in the ledger"
            assert paths <= set(stored(library)) or library.ledger.contents_in("moved"), "what the ledger has, the store has"
        change_something(folder, dice, write_picture, number)
    assert killed >= KILLS // 2, "most runs must have been killed in the middle for this test to mean anything"

    process = start(home, folder)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    with Library(home) as library:
        on_disk = {str(path) for path in folder.rglob("*") if path.is_file()}
        found = stored(library)
        assert set(found) == on_disk
        assert all(len(ids) == 1 for ids in found.values()), "each of these files is one item"
        distinct = {Path(path).read_bytes() for path in on_disk}
        assert library.store.count() == len(distinct) == library.ledger.counts().items
        pictures = Where((Match("kind", ("image",)),))
        assert library.store.count(pictures) == sum(not raw.startswith(b"Note") for raw in distinct)


def test_ctrl_c_ends_in_order_and_the_next_run_goes_on(home, tmp_path, write_picture):
    folder = tmp_path / "files"
    for number in range(150):
        write_picture(folder / f"{number}.png", "red", seed=number)
    process = start(home, folder)
    for line in process.stdout:
        if line.startswith("indexing"):
            break
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    with Library(home) as library:
        assert library.status().run.state == "stopped"
        before = library.ledger.counts().sources
        assert before < 150
        assert library.store.count() == library.ledger.counts().items
        assert is_due(library.ledger) == (before > 0)
    start(home, folder).communicate(timeout=120)
    with Library(home) as library:
        assert library.ledger.counts().sources == library.store.count() == 150
        assert not is_due(library.ledger)


def test_workers_do_not_outlive_a_killed_run(home, tmp_path, write_picture):
    folder = tmp_path / "files"
    for number in range(200):
        write_picture(folder / f"{number}.png", "blue", seed=number)
    process = start(home, folder)
    for line in process.stdout:
        if line.startswith("indexing"):
            break
    time.sleep(0.5)
    children = psutil.Process(process.pid).children(recursive=True)
    assert children
    process.kill()
    process.communicate()
    for _ in range(100):
        if not any(child.is_running() for child in children):
            return
        time.sleep(0.1)
    raise AssertionError("worker processes are still there ten seconds after their parent was killed")
