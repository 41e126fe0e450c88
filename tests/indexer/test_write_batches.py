"""When a batch is handed over to be written."""

from pathlib import Path

import pytest

from indexer import batches
from indexer.batches import Batcher
from indexer.items import Source
from indexer.stages import StageClock
from indexer.workers import Failed

from tiny import tiny_encoder


@pytest.fixture
def now(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(batches.time, "monotonic", lambda: clock[0])
    return clock


@pytest.mark.parametrize(("write", "wait"), [(0.0, 2.0), (0.1, 2.0), (0.5, 5.0), (60.0, 20.0)])
def test_batches_are_the_rarer_the_longer_writing_takes(now, write, wait):
    writes = StageClock("writing")
    batcher = Batcher(tiny_encoder(), None, StageClock("encoding"), writes)
    writes.add(9, 100.0)
    writes.add(9, write)
    now[0] = 99.0
    assert not batcher.due, "there is nothing to write"
    batcher.take()
    batcher.add(Source(Path("/a/broken.jpg"), 1, 1, 1), Failed("broken", False))
    now[0] += wait - 0.01
    assert not batcher.due
    now[0] += 0.02
    assert batcher.due
    batcher.take()
    assert not batcher.due
