"""From folders to a searchable collection: scan, read, encode, write, sweep, build the index.

The scan only compares what the file system says with the ledger and leaves a to-do list there, on disk, so memory does not
grow with the number of files and the total is known before the work begins. Then files flow: worker processes read a few
ahead, this thread encodes, one more thread writes. Every hand-over is bounded.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from encoders.dual import DualEncoder
from indexer.batches import BATCHES_IN_FLIGHT, Batcher
from indexer.index_due import build_if_worth, changed_items
from indexer.items import Source
from indexer.ledger import Ledger
from indexer.limits import Limits
from indexer.loaders import supported
from indexer.passages import PASSAGE_SHARE
from indexer.reading_pool import ReadingPool
from indexer.runs import Progress, Request
from indexer.scan import Unreadable, walk
from indexer.stages import Stage, StageClock
from indexer.store.base import Store
from indexer.telling import Stopped, Teller
from indexer.workers import ReadJob, read_ahead
from indexer.writer import Batch, Writer, Written

__all__ = ["Pipeline", "Report"]

_READ_AHEAD = 16  # files a worker
_PULSE_SECONDS = 0.5
_SCAN_CHUNK = 1000

_T = TypeVar("_T")


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
    built: bool = False  # the search index was
    state: str = "done"  # or "stopped"
    stages: list[Stage] = field(default_factory=list)  # how busy each was, while files flowed


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
        before: Callable[[Teller], None] = lambda _: None,
    ) -> None:
        """`before` is done first, told and stopped as the run itself."""
        self._ledger, self._store, self._writer, self._encoder = ledger, store, writer, encoder
        self._limits, self._workers, self._before = limits, workers, before
        self._teller = Teller(pulse, _PULSE_SECONDS)
        self._report = Report()
        self._begun = time.monotonic()

    def run(self, roots: Sequence[Path], retry_failed: bool = False) -> Report:
        """Bring the collection up to date with these folders and files."""
        try:
            self._before(self._teller)
            self._teller.tell(state="scanning", done=0, total=None, items=0, failed=0, rate=0.0, eta_seconds=None, force=True)
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
                self._teller.tell(scanned=self._teller.progress.scanned + len(chunk), message=f"Looking through {root}")
            self._guard_against_unplugged(root, found, scan)
        self._teller.did(**self._count(self._writer.commit(Batch(failed=unreadable), scan)))
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
        self._teller.tell(message="Loading the model", force=True)
        reading, encoding, writes = StageClock("reading", self._workers), StageClock("encoding"), StageClock("writing")
        with ReadingPool(self._workers) as pool:
            pool.start()  # while the model is loaded
            encoder = self._encoder()
            total += self._teller.progress.done
            self._teller.tell(state="indexing", total=total, message="Reading and encoding", force=True)
            begun = time.monotonic()
            try:
                self._flow(scan, pool, encoder, (reading, encoding, writes))
            finally:
                elapsed = time.monotonic() - begun
                self._report.stages = [clock.stage(elapsed) for clock in (reading, encoding, writes)]

    def _flow(self, scan: int, pool: ReadingPool, encoder: DualEncoder, clocks: Sequence[StageClock]) -> None:
        reading, encoding, writes = clocks
        batcher = Batcher(encoder, self._ledger, encoding, writes)
        with _WritingThread(self._writer, scan, self._wrote, writes) as writing:
            outcomes = read_ahead(
                pool,
                (ReadJob(source, tuple(self._ledger.same_size(source.size))) for source in self._ledger.todo()),
                picture_spec=encoder.picture_spec,
                passage_tokens=int(encoder.passage_tokens * PASSAGE_SHARE),
                limits=self._limits,
                window=self._workers * _READ_AHEAD,
                clock=reading,
            )
            for outcome in outcomes:
                if outcome is not None:
                    if batcher.in_flight(outcome[1]):
                        writing.finish()
                    batcher.add(*outcome)
                if batcher.due:
                    writing.submit(batcher.take())
                self._teller.tell()
                if self._teller.paused:
                    writing.submit(batcher.take())
                    writing.finish()
                    self._store.close()  # so that others have it
                    self._teller.pause()
            writing.submit(batcher.take())

    def _wrote(self, written: Written) -> None:
        self._teller.did(**self._count(written))

    def _count(self, written: Written) -> dict[str, int]:
        """Take into the report what was written; returns what that changes in the progress."""
        report, progress = self._report, self._teller.progress
        for name in ("indexed", "renamed", "failed", "items"):
            setattr(report, name, getattr(report, name) + getattr(written, name))
        done = progress.done + written.indexed + written.renamed + written.failed
        return {"done": done, "failed": report.failed, "items": report.items}

    # --- after

    def _sweep(self, roots: Sequence[Path], scan: int) -> None:
        for root in roots:
            for chunk in _chunks(self._ledger.unseen(root, scan)):
                self._report.removed += self._writer.remove(chunk)
                self._teller.tell(message=f"Removing what is gone from {root}")
        self._writer.tidy()
        self._writer.tidy()

    def _finish(self) -> None:
        """Build the search index: also for what a run left that was stopped before it came to this."""

        def on_begin() -> None:
            self._teller.tell(state="finishing", message="Building the search index", force=True)

        info = build_if_worth(self._ledger, self._store, on_begin)
        if info is not None:
            self._report.built = True
            self._report.notes.append(
                "Search scans every item, which is exact and quick at this size."
                if info.exact
                else f"Search index built over {info.indexed_vectors:,} of {info.items:,} items."
            )
        elif changed := changed_items(self._ledger):
            self._report.notes.append(
                f"The search index is {changed:,} changes behind, too few to build it again. Everything is found all the same."
            )


class _WritingThread:
    """One thread that commits batches in order, a bounded number behind."""

    def __init__(self, writer: Writer, scan: int, wrote: Callable[[Written], None], clock: StageClock) -> None:
        self._writer, self._scan, self._wrote, self._clock = writer, scan, wrote, clock
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
        self._waiting.append(self._thread.submit(self._commit, batch))
        self._settle(BATCHES_IN_FLIGHT)

    def _commit(self, batch: Batch) -> Written:
        started = time.monotonic()
        written = self._writer.commit(batch, self._scan)
        self._clock.add(written.items, time.monotonic() - started)
        return written

    def finish(self) -> None:
        self._settle(0)

    def _settle(self, keep: int) -> None:
        while self._waiting and (len(self._waiting) > keep or self._waiting[0].done()):
            self._wrote(self._waiting.popleft().result())


def _chunks(iterable: Iterable[_T]) -> Iterator[list[_T]]:
    iterator = iter(iterable)
    while chunk := list(islice(iterator, _SCAN_CHUNK)):
        yield chunk
