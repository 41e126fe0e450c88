"""Readers that hang or die cost their own file and nothing else."""

import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import replace

import psutil
import pytest
from pebble import ProcessFuture, ProcessPool

from encoders.errors import LibraryError
from indexer import reading_pool
from indexer.limits import Limits
from indexer.reading_pool import ReadingPool
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
    killer = _Killer(lambda child: child.cpu_times().user > 2.0)  # it has begun with the table
    report = library.add([files], workers=1, limits=GENEROUS, on_progress=killer.look)
    killer.join()
    assert (report.indexed, report.failed) == (6, 1)
    (failure,) = library.failures()
    assert failure.path == slow_file
    assert "the reader crashed on this file (exit code -9)" in failure.reason


def test_a_reader_that_dies_before_it_begins_costs_no_file(library, files, monkeypatch):
    new_pool, pools = reading_pool._new_pool, []

    def first_one_dies(workers, files_a_worker):
        with monkeypatch.context() as patch:
            if not pools:
                patch.setattr(reading_pool, "_begin", os.abort)
            pools.append(new_pool(workers, files_a_worker))
        return pools[-1]

    monkeypatch.setattr(reading_pool, "_new_pool", first_one_dies)
    report = library.add([files], workers=1)
    assert (report.indexed, report.failed) == (6, 0)
    assert len(pools) == 2


def test_readers_that_are_lost_while_more_is_scheduled_cost_no_file(library, files, monkeypatch):
    """As when a worker dies at the wrong moment: the pool then refuses what is scheduled."""
    schedule, refused = ProcessPool.schedule, []

    def refuse_the_third(pool, function, args=(), timeout=None):
        refused.append(pool)
        if len(refused) == 3:
            raise RuntimeError("Unexpected error within the Pool")
        return schedule(pool, function, args=args, timeout=timeout)

    monkeypatch.setattr(ProcessPool, "schedule", refuse_the_third)
    report = library.add([files], workers=1)
    assert (report.indexed, report.failed) == (6, 0)
    assert len(set(map(id, refused))) == 2  # the first pool was replaced


def test_readers_that_never_begin_are_told_and_nothing_is_lost(library, files, monkeypatch):
    monkeypatch.setattr("indexer.reading_pool._begin", os.abort)
    with pytest.raises(LibraryError, match=r"end before they begin.*the same command goes on"):
        library.add([files], workers=1)
    monkeypatch.undo()
    assert library.add([files], workers=1).indexed == 6


def test_a_reader_that_does_not_answer_is_replaced(library, files, monkeypatch):
    """As when what is between the processes is stuck: nothing comes back, and no one has died."""
    monkeypatch.setattr("indexer.workers._START_SECONDS", 3.0)
    schedule, silent = ReadingPool.schedule, []

    def lose_the_first(pool, function, arguments, timeout):
        if not silent:
            silent.append(ProcessFuture())
            return silent[0]
        return schedule(pool, function, arguments, timeout)

    monkeypatch.setattr(ReadingPool, "schedule", lose_the_first)
    report = library.add([files], workers=1, limits=Limits(seconds_per_file=10.0))
    assert (report.indexed, report.failed) == (6, 0)


class _Killer(threading.Thread):
    """Ends one reading process of this one, as a machine without memory does."""

    def __init__(self, when):
        super().__init__()
        self.killed = 0
        self._when = when
        self._reading = threading.Event()

    def look(self, now):
        """Begin when files are read."""
        if now.state == "indexing" and not self._reading.is_set():
            self._reading.set()
            self.start()

    def run(self):
        for _ in range(3000):
            for child in psutil.Process().children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    if "spawn_main" in " ".join(child.cmdline()) and self._when(child):
                        os.kill(child.pid, signal.SIGKILL)
                        self.killed += 1
                        return
            time.sleep(0.01)
