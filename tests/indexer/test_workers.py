"""Readers that hang or die cost their own file and nothing else."""

import os
import signal
import threading
import time
from dataclasses import replace

import psutil
import pytest

from indexer.limits import Limits
from search import open_library

GENEROUS = Limits(max_text_chars=10**9, max_text_bytes=10**9, max_passages=10**9)


@pytest.fixture
def library(home, encoder):
    with open_library(home, encoder=encoder) as opened:
        yield opened


@pytest.fixture
def slow_file(files):
    """A table that takes some ten seconds to read."""
    table = files / "aaa.csv"  # first in order, so that everything else waits behind it
    table.write_text("\n".join(",".join(f"word{row}x{column}" for column in range(20)) for row in range(60_000)))
    return table


def test_a_file_over_its_time_is_a_failure_and_the_rest_goes_on(library, files, slow_file):
    report = library.add([files], workers=1, limits=replace(GENEROUS, seconds_per_file=2.0))
    assert (report.indexed, report.failed) == (6, 1)
    (failure,) = library.failures()
    assert failure.path == slow_file
    assert "longer than the limit (2 s, seconds_per_file)" in failure.reason


def test_a_reader_that_dies_is_a_failure_and_the_rest_goes_on(library, files, slow_file):
    reading = threading.Event()

    def kill_the_reader():
        reading.wait()
        for _ in range(400):  # a worker that has used the processor for a moment has begun with the table
            for child in psutil.Process().children(recursive=True):
                try:
                    if "spawn_main" in " ".join(child.cmdline()) and child.cpu_times().user > 0.9:
                        os.kill(child.pid, signal.SIGKILL)
                        return
                except psutil.NoSuchProcess:
                    continue
            time.sleep(0.01)

    killer = threading.Thread(target=kill_the_reader)
    killer.start()
    report = library.add(
        [files],
        workers=1,
        limits=GENEROUS,
        on_progress=lambda now: reading.set() if now.state == "indexing" else None,
    )
    killer.join()
    assert (report.indexed, report.failed) == (6, 1)
    (failure,) = library.failures()
    assert failure.path == slow_file
    assert "the reader crashed on this file (exit code -9)" in failure.reason
