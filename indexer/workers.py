"""Files are read in worker processes, a few ahead of the encoder, in order.

A process of its own is the only fence that holds against a decoder that crashes or never returns: its file becomes a
recorded failure, and nothing else is lost. What comes back is small: a prepared picture or passages, and a thumbnail.
"""

import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from dataclasses import dataclass

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from encoders.errors import FileError
from encoders.picture import PictureSpec
from indexer.items import LoadedSource, Source
from indexer.limits import Limits

__all__ = ["Failed", "Known", "Outcome", "ReadJob", "cores", "read_ahead", "reading_pool"]

_TICK_SECONDS = 0.2
_FILES_A_WORKER = 2000  # then it is replaced: native decoders leak


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


@contextmanager
def reading_pool(workers: int) -> Iterator[ProcessPool]:
    """Worker processes that end with this process, however it ends."""
    context = multiprocessing.get_context("spawn")  # fork is not safe beside the encoder's threads
    pool = ProcessPool(max_workers=workers, max_tasks=_FILES_A_WORKER, initializer=_begin, context=context)
    try:
        yield pool
    finally:
        pool.stop()
        pool.join()


def read_ahead(
    pool: ProcessPool,
    jobs: Iterable[ReadJob],
    *,
    picture_spec: PictureSpec | None,
    passage_tokens: int,
    limits: Limits,
    window: int,
) -> Iterator[tuple[Source, Outcome] | None]:
    """Outcomes in the order of the jobs, at most `window` read ahead. None means "nothing yet": a chance to look up."""
    pending: deque[tuple[Source, ProcessFuture]] = deque()
    waiting = iter(jobs)
    more = True
    while more or pending:
        while more and len(pending) < window:
            job = next(waiting, None)
            if job is None:
                more = False
                break
            arguments = (job, picture_spec, passage_tokens, limits)
            pending.append((job.source, pool.schedule(_read, args=arguments, timeout=limits.seconds_per_file)))
        if not pending:
            return
        source, future = pending[0]
        outcome = _outcome(future, limits)
        if outcome is not None:
            pending.popleft()
        yield None if outcome is None else (source, outcome)


def _outcome(future: ProcessFuture, limits: Limits) -> Outcome | None:
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
        limit = f"{limits.seconds_per_file:g} s, seconds_per_file"
        return Failed(f"reading it took longer than the limit ({limit})", transient=False)
    if isinstance(error, ProcessExpired):
        return Failed(f"the reader crashed on this file (exit code {error.exitcode})", transient=False)
    raise error


def _read(job: ReadJob, picture_spec: PictureSpec | None, passage_tokens: int, limits: Limits) -> Outcome:
    """Runs in the worker. A failure travels as a value: exceptions lose their cause on the way."""
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


def _begin() -> None:
    """Decoders must not write over the progress line, and a worker whose parent was killed must not linger."""
    from indexer.loaders import mute_decoders

    mute_decoders()
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def cores() -> int:
    """CPU cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
