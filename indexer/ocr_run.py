"""A second pass over the pictures of a collection that fills in the words inside them, off the critical path.

One worker process of low priority reads the original pictures; the words become the payload field `ocr` in every space of
the collection. What was read stays, whenever the run ends; the next one takes only what is left.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from indexer.index_due import build_if_worth, note_due
from indexer.items import item_id
from indexer.ledger import Content
from indexer.library import Library
from indexer.limits import Limits
from indexer.ocr import OcrJob, read_picture, require_ocr
from indexer.ocr_log import OcrLog
from indexer.reading_pool import ReadingPool
from indexer.runs import Progress, open_run
from indexer.space_log import SpaceLog
from indexer.store.base import Store
from indexer.telling import Stopped, Teller
from indexer.workers import Failed, work_ahead

__all__ = ["OcrReport", "OcrRun", "PictureReader"]

PictureReader = Callable[[OcrJob, Limits], str | Failed]
"""What runs in the worker: to be found by its module and name there."""

_PAGE = 64  # pictures taken from the list together
_AHEAD = 2  # pictures given to the worker while one is read
_PICTURES_A_WORKER = 500  # then it is replaced: the engine keeps memory for every shape it has seen
_SECONDS = 2.0  # between writes: a kill costs no more than this
_PULSE_SECONDS = 0.5


@dataclass
class OcrReport:
    """What a run did. Counts are of pictures, each content once."""

    read: int = 0
    with_words: int = 0
    failed: int = 0
    left: int = 0  # for the next run
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)  # sentences for people
    state: str = "done"  # or "stopped"


class OcrRun:
    """One pass over what is left to be read."""

    def __init__(
        self,
        library: Library,
        *,
        limits: Limits | None = None,
        retry_failed: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
        reader: PictureReader = read_picture,
    ) -> None:
        self._library, self._reader, self._on_progress = library, reader, on_progress
        self._limits, self._retry = limits or Limits(), retry_failed
        self._report = OcrReport()
        self._words: dict[str, tuple[Content, str]] = {}
        self._failed: list[tuple[str, str, bool]] = []
        self._written = time.monotonic()

    def run(self) -> OcrReport:
        """Read until nothing is left, or somebody asks to stop.

        Raises MissingDependency without RapidOCR, LibraryError when another run is at work, StoreError as it comes.
        """
        library, report, begun = self._library, self._report, time.monotonic()
        library.require_existing()
        if self._reader is read_picture:
            require_ocr()
        with library.changing(), open_run(library.runs, "read", self._on_progress) as run:
            library.writer().recover()
            teller = Teller(run.pulse, _PULSE_SECONDS)
            try:
                self._read(teller)
                self._finish(teller)
            except (Stopped, KeyboardInterrupt):
                report.state = "stopped"
                report.notes.append("What was read stays; the same command goes on from there.")
            library.note_store()
            report.left = self._log.left()
            report.seconds = round(time.monotonic() - begun, 3)
            run.end(report.state, " ".join(report.notes), failed=report.failed)  # type: ignore[arg-type]  # a State
        return report

    @property
    def _log(self) -> OcrLog:
        return OcrLog(self._library.ledger)

    def _read(self, teller: Teller) -> None:
        total = self._log.left(self._retry)
        teller.tell(state="indexing", done=0, total=total, message="Reading the words in pictures", force=True)
        if not total:
            return
        jobs: dict[str, Content] = {}
        with ReadingPool(1, _PICTURES_A_WORKER) as pool:
            for one in work_ahead(
                pool, self._jobs(jobs), self._reader, (self._limits,), limits=self._limits, window=1 + _AHEAD
            ):
                if one is not None:
                    self._take(jobs.pop(one[0].content), one[1])
                if time.monotonic() - self._written > _SECONDS or teller.paused:
                    self._write(teller)
                teller.tell()
                if teller.paused:
                    for store in self._stores():
                        store.close()  # so that others have them
                    teller.pause()
        self._write(teller)

    def _jobs(self, begun: dict[str, Content]) -> Iterator[OcrJob]:
        after = ""
        while page := self._log.due(after, _PAGE, self._retry):
            for content in page:
                paths = self._library.ledger.paths_of(content.hash)
                if paths:
                    begun[content.hash] = content
                    yield OcrJob(content.hash, tuple(paths))
            after = page[-1].hash

    def _take(self, content: Content, outcome: str | Failed) -> None:
        if isinstance(outcome, Failed):
            self._failed.append((content.hash, outcome.reason, outcome.transient))
        else:
            self._words[content.hash] = content, outcome

    def _write(self, teller: Teller) -> None:
        """Words into the stores, flushed, then the notes: in this order, so that a kill only repeats work."""
        self._written = time.monotonic()
        found = [(content, words) for content, words in self._words.values() if words]
        if found:
            self._note_index_due()
            for store in self._stores():
                for content, words in found:
                    store.set_payload([item_id(content.hash, part) for part in content.parts], {"ocr": words})
                store.flush()
        self._log.note_read(self._words)
        self._log.note_failed(self._failed)
        report = self._report
        report.read += len(self._words)
        report.with_words += len(found)
        report.failed += len(self._failed)
        self._words.clear()
        self._failed.clear()
        teller.did(done=report.read + report.failed, failed=report.failed, items=report.with_words)

    def _stores(self) -> list[Store]:
        """Of every space, so that the words are there whichever answers."""
        spaces, other = self._library.spaces, SpaceLog(self._library.ledger).other()
        stores = [spaces.answering().store]
        if other is not None and other.state != "discarding" and spaces.at(other.name).manifest() is not None:
            stores.append(spaces.at(other.name))
        return stores

    def _note_index_due(self) -> None:
        ledger = self._library.ledger
        note_due(ledger)
        log = SpaceLog(ledger)
        if (other := log.other()) is not None:
            log.change(other.name, index_due=1)

    def _finish(self, teller: Teller) -> None:
        """The search index of the space that answers; the other's is built when it is switched to."""
        library = self._library
        message = "Building the search index"
        build_if_worth(library.ledger, library.store, lambda: teller.tell(state="finishing", message=message, force=True))
