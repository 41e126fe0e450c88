"""Files are read in worker processes, a few ahead of the encoder, in order.

A process of its own is the only fence that holds against a decoder that crashes or never returns: its file becomes a
recorded failure, and nothing else is lost. What comes back is small: a prepared picture or passages, and a thumbnail.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol, TypeVar

from pebble import ProcessExpired, ProcessFuture

from encoders.errors import FileError, LibraryError
from encoders.picture import PictureSpec
from indexer.items import LoadedSource, Source
from indexer.limits import Limits
from indexer.reading_pool import ReadingPool
from indexer.stages import StageClock

__all__ = ["Failed", "Job", "Known", "Outcome", "ReadJob", "cores", "read_ahead", "work_ahead"]

_TICK_SECONDS = 0.2
_START_SECONDS = 120.0  # a worker may take to begin, on the slowest of disks
_RENEWALS = 3  # of all workers, without one file between


class Job(Protocol):
    """Work on one file, for a worker."""

    @property
    def source(self) -> Source:
        """The file, to be named when the work fails."""


_Job = TypeVar("_Job", bound=Job)


@dataclass(frozen=True)
class ReadJob:
    """What a worker is asked to read."""

    source: Source
    known: tuple[str, ...]  # hashes of contents in the store of the same size: if it is one of them, reading stops there


@dataclass(frozen=True)
class Known:
    """The bytes are in the store already: a rename or a copy."""

    content_hash: str


@dataclass(frozen=True)
class Failed:
    """The file could not be read."""

    reason: str
    transient: bool  # True: the file itself may be fine (permission, network disk), so try again next time


Outcome = LoadedSource | Known | Failed


@dataclass(frozen=True)
class _Read:
    """An outcome on its way out of the worker."""

    outcome: Outcome
    seconds: float  # that reading took


def read_ahead(
    pool: ReadingPool,
    jobs: Iterable[ReadJob],
    *,
    picture_spec: PictureSpec | None,
    passage_tokens: int,
    limits: Limits,
    window: int,
    clock: StageClock | None = None,
) -> Iterator[tuple[Source, Outcome] | None]:
    """The sources of the jobs with what was read of them, as `work_ahead` says it; `clock` hears how long each took."""
    for one in work_ahead(pool, jobs, _read, (picture_spec, passage_tokens, limits), limits=limits, window=window):
        if one is None:
            yield None
            continue
        job, answer = one
        if isinstance(answer, _Read):
            if clock is not None:
                clock.add(1, answer.seconds)
            answer = answer.outcome
        yield job.source, answer


def work_ahead(
    pool: ReadingPool,
    jobs: Iterable[_Job],
    work: Callable[..., Any],
    how: tuple[Any, ...],
    *,
    limits: Limits,
    window: int,
) -> Iterator[tuple[_Job, Any] | None]:
    """What `work(job, *how)` returns, or Failed, in the order of the jobs, at most `window` of them begun ahead.

    None means "nothing yet": a chance to look up. Workers that die before they begin with a job, or do not answer, are
    replaced, and their jobs are done again. Raises LibraryError when that happens again and again.
    """
    ahead = _Ahead(pool, iter(jobs), work, how, limits, window)
    while ahead.fill():
        yield ahead.next()


class _Ahead:
    """The work that is begun ahead, in order."""

    def __init__(
        self,
        pool: ReadingPool,
        jobs: Iterator[Any],
        work: Callable[..., Any],
        how: tuple[Any, ...],
        limits: Limits,
        window: int,
    ) -> None:
        self._pool, self._jobs, self._window = pool, jobs, window
        self._work, self._how, self._limits = work, how, limits
        self._pending: deque[tuple[Any, ProcessFuture]] = deque()
        self._waited = 0.0  # seconds, for the file in front, since the workers are these
        self._renewed = 0  # times since the last outcome

    def fill(self) -> bool:
        """Schedule as many as there is room for. False: everything is read."""
        room = self._window - len(self._pending)
        self._pending.extend(self._schedule(job) for job in islice(self._jobs, max(0, room)))
        return bool(self._pending)

    def next(self) -> tuple[Any, Any] | None:
        """The job in front with its outcome, or None when there is none yet."""
        job, future = self._pending[0]
        outcome: Any = None
        try:
            outcome = _outcome(future, self._limits)
            self._waited += _TICK_SECONDS
            lost = outcome is None and self._waited > self._limits.seconds_per_file + _START_SECONDS
        except BrokenExecutor:  # a worker died, and not with a file that it had begun with
            lost = True
        if lost and future.running():
            outcome = _overdue(self._limits)
        if outcome is not None:
            self._pending.popleft()
            self._waited, self._renewed = 0.0, 0
        if lost:
            self._begin_anew(job)
        return None if outcome is None else (job, outcome)

    def _begin_anew(self, job: Job) -> None:
        """Replace the workers, and read again whatever is waited for."""
        self._renewed += 1
        if self._renewed > _RENEWALS:
            raise LibraryError(
                f"the processes that read files end before they begin with one (the next is {job.source.path}). "
                "Is there enough memory? What is indexed stays, and the same command goes on"
            )
        self._waited = 0.0
        self._pool.renew()
        self._pending = deque(self._schedule(one) for one, _ in self._pending)

    def _schedule(self, job: Any) -> tuple[Any, ProcessFuture]:
        return job, self._pool.schedule(self._work, (job, *self._how), timeout=self._limits.seconds_per_file)


def _outcome(future: ProcessFuture, limits: Limits) -> Any:
    """None: not yet. Raises BrokenExecutor when all workers are lost."""
    if not future.done():
        try:
            future.exception(timeout=_TICK_SECONDS)
        except FutureTimeout:
            if not future.done():
                return None
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, TimeoutError):
        return _overdue(limits)
    if isinstance(error, ProcessExpired):
        return Failed(f"the reader crashed on this file (exit code {error.exitcode})", transient=False)
    raise error


def _overdue(limits: Limits) -> Failed:
    limit = f"{limits.seconds_per_file:g} s, seconds_per_file"
    return Failed(f"reading it took longer than the limit ({limit})", transient=False)


def _read(job: ReadJob, picture_spec: PictureSpec | None, passage_tokens: int, limits: Limits) -> _Read:
    """Runs in the worker."""
    started = time.perf_counter()
    outcome = _outcome_of(job, picture_spec, passage_tokens, limits)
    return _Read(outcome, time.perf_counter() - started)


def _outcome_of(job: ReadJob, picture_spec: PictureSpec | None, passage_tokens: int, limits: Limits) -> Outcome:
    """A failure travels as a value: exceptions lose their cause on the way."""
    from indexer.loaders import hash_file, load

    path = job.source.path
    try:
        if job.known and (content_hash := hash_file(path)) in job.known:
            return Known(content_hash)
        return load(path, picture_spec=picture_spec, passage_tokens=passage_tokens, limits=limits)
    except FileError as error:
        cause = error.__cause__
        return Failed(str(error), transient=isinstance(cause, OSError) and cause.errno is not None)
    except MemoryError:
        return Failed("there was not enough memory to read it", transient=True)


def cores() -> int:
    """CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
