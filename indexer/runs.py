"""Runs: what an indexing run is doing, told to whoever asks, and what they ask of it.

The run lives in the ledger, not in the process, so that the app, a second tab and `indexer status` all see the run that any
process makes, and can ask it to pause or stop.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from encoders.errors import LibraryError
from indexer.ledger import Ledger

__all__ = ["OpenRun", "Progress", "Request", "Run", "RunLog", "State", "Task", "one_run", "open_run"]

State = Literal["scanning", "indexing", "paused", "finishing", "done", "stopped", "failed", "interrupted"]
Request = Literal["pause", "resume", "stop"]
Task = Literal["add", "upgrade", "read"]

_ENDED = ("done", "stopped", "failed", "interrupted")


@dataclass(frozen=True)
class Progress:
    """How far a run is. Counts are of sources that are safely in the store, or safely recorded as failed."""

    state: State = "scanning"
    done: int = 0  # sources finished in this run, failed ones included
    total: int | None = None  # sources to be done; None while scanning
    scanned: int = 0  # sources seen by the scan
    failed: int = 0
    items: int = 0  # items written in this run
    rate: float = 0.0  # sources a second, lately
    eta_seconds: float | None = None
    message: str = ""  # one sentence for people
    task: Task = "add"  # what the run is for


@dataclass(frozen=True)
class Run:
    """One run as the ledger tells it."""

    number: int
    pid: int
    started: float  # seconds since the epoch
    heartbeat: float
    progress: Progress

    @property
    def active(self) -> bool:
        """Still at work (or paused)."""
        return self.progress.state not in _ENDED

    def __getattr__(self, name: str) -> object:
        """`run.state`, `run.done`... read straight from the progress."""
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.progress, name)


class RunLog:
    """The runs of one collection."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def start(self, task: Task = "add") -> int:
        """Begin a run in this process; returns its number."""
        now = time.time()
        with self._ledger.transaction():
            self._ledger.execute(
                "INSERT INTO runs (pid, started, heartbeat, state, progress) VALUES (?, ?, ?, 'scanning', ?)",
                (os.getpid(), now, now, json.dumps(asdict(Progress(task=task)))),
            )
            ((number,),) = self._ledger.execute("SELECT max(number) FROM runs")
            self._ledger.execute("DELETE FROM runs WHERE number <= ? - 50", (number,))
        return number

    def pulse(self, number: int, progress: Progress) -> Request | None:
        """Tell how far the run is; returns what was asked of it since, once."""
        with self._ledger.transaction():
            rows = self._ledger.execute("SELECT request FROM runs WHERE number = ?", (number,))
            self._ledger.execute(
                "UPDATE runs SET heartbeat = ?, state = ?, progress = ?, request = NULL WHERE number = ?",
                (time.time(), progress.state, json.dumps(asdict(progress)), number),
            )
        return rows[0][0] if rows else None

    def request(self, request: Request) -> bool:
        """Ask the active run for something. False if none is active."""
        run = self.current()
        if run is None:
            return False
        self._ledger.execute("UPDATE runs SET request = ? WHERE number = ?", (request, run.number))
        return True

    def current(self) -> Run | None:
        """The active run, or None."""
        run = self.latest()
        return run if run is not None and run.active else None

    def latest(self) -> Run | None:
        """The newest run, or None. One whose process is gone without a word reads as interrupted."""
        runs = self.all(limit=1)
        return runs[0] if runs else None

    def all(self, limit: int = 20) -> list[Run]:
        """Newest first."""
        rows = self._ledger.execute(
            "SELECT number, pid, started, heartbeat, progress FROM runs ORDER BY number DESC LIMIT ?",
            (limit,),
        )
        return [
            _alive(Run(number, pid, started, heartbeat, Progress(**json.loads(progress))))
            for number, pid, started, heartbeat, progress in rows
        ]


class OpenRun:
    """A run of this process, from its start to its end."""

    def __init__(self, log: RunLog, task: Task, on_progress: Callable[[Progress], None] | None) -> None:
        self._log, self._task, self._on_progress = log, task, on_progress
        self._number = log.start(task)
        self._progress = Progress(task=task)

    def pulse(self, now: Progress) -> Request | None:
        """Tell how far it is; returns what was asked of it since, once."""
        self._progress = replace(now, task=self._task)
        request = self._log.pulse(self._number, self._progress)
        if self._on_progress is not None:
            self._on_progress(self._progress)
        return request

    def end(self, state: State, message: str, **counts: int) -> None:
        """Tell how it ended."""
        last = replace(self._progress, state=state, message=message, eta_seconds=None, **counts)  # type: ignore[arg-type]
        self._log.pulse(self._number, last)


@contextmanager
def open_run(log: RunLog, task: Task, on_progress: Callable[[Progress], None] | None = None) -> Iterator[OpenRun]:
    """A run that is told as failed when an error leaves the block; else the block says how it ended."""
    run = OpenRun(log, task, on_progress)
    try:
        yield run
    except BaseException as error:
        run.end("failed", str(error) or type(error).__name__)
        raise


@contextmanager
def one_run(folder: Path, collection: str, current: Callable[[], Run | None]) -> Iterator[None]:
    """One run a collection: two would read the same files twice and sweep each other's work.

    Raises LibraryError, naming the other run's process, and when `folder` cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "run.lock")
        lock.acquire(timeout=0)
    except Timeout:
        run = current()
        who = f" (process {run.pid})" if run else ""
        raise LibraryError(
            f"another run{who} is changing the collection {collection!r} right now. Wait until it is done, or stop "
            "it; searching works meanwhile."
        ) from None
    except OSError as error:
        raise LibraryError(
            f"the library folder {folder} cannot be written: {error.strerror}. Choose another one with --home DIR."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _alive(run: Run) -> Run:
    if not run.active or _exists(run.pid):
        return run
    again = "add again" if run.progress.task == "add" else "give the same command again"
    message = f"This run ended without warning. Nothing that was reported is lost; {again} to go on."
    return replace(run, progress=replace(run.progress, state="interrupted", message=message))


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    """A killed child of the app stays in the process table until it is waited for; Linux says so in /proc."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:  # noqa: PTH123 - one line of a pseudo file
            return file.read().rsplit(b")", 1)[-1].split()[0] == b"Z"
    except (OSError, IndexError):
        return False
