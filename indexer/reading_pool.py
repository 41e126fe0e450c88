"""Worker processes that read files, replaced as a whole when they cannot go on."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from types import TracebackType
from typing import Any

from pebble import ProcessFuture, ProcessPool

__all__ = ["ReadingPool"]

_FILES_A_WORKER = 2000  # then it is replaced: native decoders leak
_START_SECONDS = 120.0


class ReadingPool:
    """Processes that end with this process, however it ends."""

    def __init__(self, workers: int, files_a_worker: int = _FILES_A_WORKER) -> None:
        self._size = workers, files_a_worker
        self._pool = _new_pool(*self._size)

    def schedule(self, function: Callable[..., Any], arguments: tuple[Any, ...], timeout: float) -> ProcessFuture:
        """Call it in a worker, at most `timeout` seconds from when it begins.

        Where all workers are lost, the answer is a future that says so (BrokenExecutor), as for those scheduled before.
        """
        try:
            return self._pool.schedule(function, args=arguments, timeout=timeout)
        except RuntimeError as error:
            broken: ProcessFuture = ProcessFuture()
            broken.set_exception(BrokenProcessPool(str(error)))
            return broken

    def start(self) -> None:
        """Let the workers begin now, so that they have loaded their decoders when the first file comes."""
        for _ in range(self._size[0]):
            self.schedule(_load_decoders, (), timeout=_START_SECONDS)

    def renew(self) -> None:
        """End all workers and begin with new ones. What was scheduled and is not done must be scheduled again."""
        self._end()
        self._pool = _new_pool(*self._size)

    def __enter__(self) -> "ReadingPool":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end()

    def _end(self) -> None:
        self._pool.stop()
        self._pool.join()


def _new_pool(workers: int, files_a_worker: int) -> ProcessPool:
    context = multiprocessing.get_context("spawn")  # fork is not safe beside the encoder's threads
    return ProcessPool(max_workers=workers, max_tasks=files_a_worker, initializer=_begin, context=context)


def _load_decoders() -> None:
    """Import what reading the first picture would import."""
    import indexer.loaders.pictures  # noqa: F401


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
