"""People search while the indexer runs, and start it twice by mistake."""

import subprocess
import sys

import pytest

from encoders.errors import LibraryError, SpaceMismatch
from search import open_library

from test_kill import start
from tiny import tiny_encoder


def test_searching_goes_on_while_another_process_indexes(home, tmp_path, encoder, write_picture):
    folder = tmp_path / "files"
    for number in range(250):
        write_picture(folder / f"{number}.png", "red" if number % 2 else "green", seed=number)
    process = start(home, folder)
    for line in process.stdout:
        if line.startswith("indexing") and int(line.split()[1]) > 0:
            break
    seen = []
    with open_library(home, encoder=encoder) as library:
        while process.poll() is None and len(seen) < 30:
            hits = library.search("red", limit=250)
            assert len({hit.id for hit in hits}) == len(hits)
            seen.append(len(hits))
            assert library.status().failed == 0
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        assert seen, "at least one query was answered while the other process worked"
        assert seen == sorted(seen), "what was found once stays found"
        assert len(library.search("red", limit=300)) == 250


def test_a_second_run_is_refused_with_a_reason(home, tmp_path, encoder, write_picture):
    folder = tmp_path / "files"
    for number in range(150):
        write_picture(folder / f"{number}.png", "blue", seed=number)
    process = start(home, folder)
    try:
        for line in process.stdout:
            if line.startswith("indexing"):
                break
        with open_library(home, encoder=encoder) as library, pytest.raises(LibraryError, match=f"process {process.pid}"):
            library.add([folder])
    finally:
        process.communicate(timeout=120)
    assert process.returncode == 0


def test_a_run_in_another_process_can_be_paused_resumed_and_stopped(home, tmp_path, encoder, write_picture):
    folder = tmp_path / "files"
    for number in range(800):
        write_picture(folder / f"{number}.png", "blue", seed=number)
    process = start(home, folder)
    lines = iter(process.stdout)
    next(line for line in lines if line.startswith("indexing"))
    with open_library(home, encoder=encoder) as library:
        assert library.request("pause")
        next(line for line in lines if line.startswith("paused"))
        assert library.current_run().progress.state == "paused"
        count = library.store.count()
        assert count == library.ledger.counts().items < 800
        assert library.request("resume")
        next(line for line in lines if line.startswith("indexing"))
        assert library.request("stop")
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
        assert library.current_run() is None
        assert library.status().run.progress.state == "stopped"
        assert not library.request("stop")


def test_a_collection_that_another_process_drops_and_fills_anew_is_seen_anew(home, files, write_picture):
    with open_library(home, encoder=tiny_encoder()) as app, open_library(home, encoder=tiny_encoder("2")) as terminal:
        app.add([files / "pictures"], workers=1)
        assert app.search("red", limit=1)[0].path.endswith("red.png")
        terminal.drop()
        assert app.status().items == 0
        with pytest.raises(LibraryError, match="no collection"):
            app.search("red")
        terminal.add([files / "notes"], workers=1)
        assert app.status().items == 2
        assert app.status().documents == 2
        with pytest.raises(SpaceMismatch, match="tiny-words-2"):
            app.search("harbour")


def test_output_that_nobody_reads_is_no_error(home, files, encoder):
    with open_library(home, encoder=encoder) as library:
        library.add([files], workers=1)
    done = subprocess.run(
        f"{sys.executable} -m indexer status --home {home} | head -c 1", shell=True, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
