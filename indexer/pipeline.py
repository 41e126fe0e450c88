"""From folders to a searchable collection: scan, read, encode, write, sweep, build the index.

The scan only compares what the file system says with the ledger and leaves a to-do list there, on disk, so memory does not
grow with the number of files and the total is known before the work begins. Then files flow: worker processes read a few
ahead, this thread encodes, one more thread writes. Every hand-over is bounded.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from encoders.dual import DualEncoder
from indexer.batches import BATCHES_IN_FLIGHT, Batcher
from indexer.items import Source
from indexer.ledger import Ledger
from indexer.limits import Limits
from indexer.loaders import supported
from indexer.runs import Progress, Request
from indexer.scan import Unreadable, walk
from indexer.store.base import Store
from indexer.workers import ReadJob, read_ahead, reading_pool
from indexer.writer import INDEX_DUE, Batch, Writer, Written

__all__ = ["Pipeline", "Report", "Stopped"]

_READ_AHEAD = 16  # files a worker
_PULSE_SECONDS = 0.5
_PAUSE_POLL_SECONDS = 0.2
_SCAN_CHUNK = 1000
_PASSAGE_SHARE = 0.75  # of what the tower reads: passages are cut by an estimate, and what is over would go unread
_RATE_MARKS = 30

_T = TypeVar("_T")


class Stopped(Exception):  # noqa: N818 - a signal of this file and its caller, not an error
    """Somebody asked the run to stop."""


@dataclass
class Report:
    """What a run did. Counts are of sources, except `items`."""

    indexed: int = 0  # new or changed, and copies of what was there
    unchanged: int = 0
    renamed: int = 0
    removed: int = 0
    failed: int = 0  # failed now, or failed before and not changed since
    items: int = 0  # pictures and passages written
    seconds: float = 0.0
    items_per_second: float = 0.0
    skipped: dict[str, int] = field(default_factory=dict)  # extension -> files of a kind we do not read
    notes: list[str] = field(default_factory=list)  # sentences for people
    state: str = "done"  # or "stopped"


class Pipeline:
    """One run over some folders."""

    def __init__(
        self,
        ledger: Ledger,
        store: Store,
        writer: Writer,
        encoder: Callable[[], DualEncoder],
        *,
        limits: Limits,
        workers: int,
        pulse: Callable[[Progress], Request | None],
    ) -> None:
        self._ledger, self._store, self._writer, self._encoder = ledger, store, writer, encoder
        self._limits, self._workers, self._pulse = limits, workers, pulse
        self._progress = Progress()
        self._report = Report()
        self._asked: Request | None = None  # heard at any time, obeyed where the work can wait
        self._last_pulse = 0.0
        self._begun = time.monotonic()
        self._rate = _Rate()

    def run(self, roots: Sequence[Path], retry_failed: bool = False) -> Report:
        """Bring the collection up to date with these folders and files."""
        try:
            scan = self._scan(roots, retry_failed)
            total, _ = self._ledger.todo_size()
            if total:
                self._index(scan, total)
            self._sweep(roots, scan)
            self._finish()
        except (Stopped, KeyboardInterrupt):
            # What was handed to the writer is written by now: its thread ends with its `with`.
            self._report.state = "stopped"
        report, seconds = self._report, time.monotonic() - self._begun
        report.seconds = round(seconds, 3)
        report.items_per_second = round(report.items / seconds, 2) if seconds else 0.0
        return report

    # --- scan

    def _scan(self, roots: Sequence[Path], retry_failed: bool) -> int:
        scan = self._ledger.begin_scan()
        skipped: Counter[str] = Counter()
        unreadable: list[tuple[Source, str, bool]] = []
        for root in roots:
            found = 0
            for chunk in _chunks(walk(root)):
                with self._ledger.transaction():
                    for one in chunk:
                        if isinstance(one, Unreadable):
                            unreadable.append((Source(one.path, 0, 0, 0), one.reason, True))
                            if one.is_folder:
                                self._ledger.keep_below(one.path, scan)
                        elif supported(one.path) is None:
                            skipped[one.path.suffix.lower().lstrip(".") or "(none)"] += 1
                        else:
                            found += 1
                            self._note(self._ledger.seen(one, scan, retry_failed))
                self._tell(scanned=self._progress.scanned + len(chunk), message=f"Looking through {root}")
            self._guard_against_unplugged(root, found, scan)
        self._count(self._writer.commit(Batch(failed=unreadable), scan))
        self._report.skipped = dict(skipped.most_common())
        return scan

    def _note(self, seen: str) -> None:
        self._report.unchanged += seen == "unchanged"
        self._report.failed += seen == "failed"

    def _guard_against_unplugged(self, root: Path, found: int, scan: int) -> None:
        """An empty folder on another disk than last time is a mount point without its drive, not a deletion."""
        device = root.stat().st_dev
        known = dict(self._ledger.roots()).get(root)
        if found == 0 and known is not None and known != device:
            self._ledger.keep_below(root, scan)
            self._report.notes.append(
                f"{root} is empty and on another disk than before, so its drive is probably not plugged in: nothing was "
                f"removed. To remove its files from the index: python -m indexer remove {root}"
            )
            return
        self._ledger.add_root(root, device)

    # --- read, encode, write

    def _index(self, scan: int, total: int) -> None:
        self._tell(message="Loading the model", force=True)
        encoder = self._encoder()
        self._tell(state="indexing", total=self._progress.done + total, message="Reading and encoding", force=True)
        batcher = Batcher(encoder, self._ledger)
        with reading_pool(self._workers) as pool, _WritingThread(self._writer, scan, self._wrote) as writing:
            outcomes = read_ahead(
                pool,
                (ReadJob(source, tuple(self._ledger.same_size(source.size))) for source in self._ledger.todo()),
                picture_spec=encoder.picture_spec,
                passage_tokens=int(encoder.passage_tokens * _PASSAGE_SHARE),
                limits=self._limits,
                window=self._workers * _READ_AHEAD,
            )
            for outcome in outcomes:
                if outcome is not None:
                    if batcher.in_flight(outcome[1]):
                        writing.finish()
                    batcher.add(*outcome)
                if batcher.due:
                    writing.submit(batcher.take())
                self._tell()
                if self._asked == "pause":
                    writing.submit(batcher.take())
                    writing.finish()
                    self._pause()
            writing.submit(batcher.take())

    def _wrote(self, written: Written) -> None:
        self._count(written)
        done, total = self._progress.done, self._progress.total or 0
        self._rate.add(done)
        rate = self._rate.per_second()
        self._progress = replace(
            self._progress, rate=round(rate, 2), eta_seconds=round((total - done) / rate, 1) if rate else None
        )

    def _pause(self) -> None:
        """Give the store free, so that others have it, until somebody says go on."""
        self._store.close()
        self._tell(state="paused", message="Paused", force=True)
        while self._asked == "pause":
            time.sleep(_PAUSE_POLL_SECONDS)
            self._tell(force=True)
        self._rate = _Rate()
        self._tell(state="indexing", message="Reading and encoding", force=True)

    def _count(self, written: Written) -> None:
        report, progress = self._report, self._progress
        for name in ("indexed", "renamed", "failed", "items"):
            setattr(report, name, getattr(report, name) + getattr(written, name))
        done = progress.done + written.indexed + written.renamed + written.failed
        self._progress = replace(progress, done=done, failed=report.failed, items=report.items)

    # --- after

    def _sweep(self, roots: Sequence[Path], scan: int) -> None:
        for root in roots:
            for chunk in _chunks(self._ledger.unseen(root, scan)):
                self._report.removed += self._writer.remove(chunk)
                self._tell(message=f"Removing what is gone from {root}")
        self._writer.tidy()
        self._writer.tidy()

    def _finish(self) -> None:
        report = self._report
        if self._ledger.fact(INDEX_DUE) == "yes":  # also what a run left that was stopped before it came to this
            self._tell(state="finishing", message="Building the search index", force=True)
            info = self._store.build_index()
            self._ledger.set_fact(INDEX_DUE, "no")
            report.notes.append(
                "Search scans every item, which is exact and quick at this size."
                if info.exact
                else f"Search index built over {info.indexed_vectors:,} of {info.items:,} items."
            )

    # --- telling and obeying

    def _tell(self, *, force: bool = False, **changes: object) -> None:
        self._progress = replace(self._progress, **changes)  # type: ignore[arg-type]  # names are checked by replace
        now = time.monotonic()
        if not force and now - self._last_pulse < _PULSE_SECONDS:
            return
        self._last_pulse = now
        self._asked = self._pulse(self._progress) or self._asked
        if self._asked == "stop":
            raise Stopped


class _Rate:
    """Sources a second over the last half minute, so that time left follows what the run does now."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=_RATE_MARKS)

    def add(self, done: int) -> None:
        self._marks.append((time.monotonic(), done))

    def per_second(self) -> float:
        (begun, first), (ended, last) = self._marks[0], self._marks[-1]
        return (last - first) / (ended - begun) if ended > begun else 0.0


class _WritingThread:
    """One thread that commits batches in order, a bounded number behind."""

    def __init__(self, writer: Writer, scan: int, wrote: Callable[[Written], None]) -> None:
        self._writer, self._scan, self._wrote = writer, scan, wrote
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="writer")
        self._waiting: deque[Future[Written]] = deque()

    def __enter__(self) -> "_WritingThread":
        return self

    def __exit__(self, *error: object) -> None:
        """What was handed over is written, also when the run is stopped."""
        try:
            self.finish()
        finally:
            self._thread.shutdown()

    def submit(self, batch: Batch) -> None:
        self._waiting.append(self._thread.submit(self._writer.commit, batch, self._scan))
        self._settle(BATCHES_IN_FLIGHT)

    def finish(self) -> None:
        self._settle(0)

    def _settle(self, keep: int) -> None:
        while self._waiting and (len(self._waiting) > keep or self._waiting[0].done()):
            self._wrote(self._waiting.popleft().result())


def _chunks(iterable: Iterable[_T]) -> Iterator[list[_T]]:
    iterator = iter(iterable)
    while chunk := list(islice(iterator, _SCAN_CHUNK)):
        yield chunk
