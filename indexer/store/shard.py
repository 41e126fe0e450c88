"""The one open handle of a shard in this process, shared by all stores and threads that use the folder."""

import atexit
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakSet, WeakValueDictionary

from encoders.errors import SkybridgeError, StoreBusy, StoreError
from indexer.store.lease import Lease
from indexer.store.swap import mend_swap

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard

__all__ = ["SharedShard", "shared_shard", "translated"]

_WATCH_SECONDS = 0.03  # how soon an idle holder notices that somebody waits
_LOOK_SECONDS = 0.02  # how often a busy holder looks: it costs it a few system calls
_IDLE_SECONDS = 30.0  # after that nobody seems to need it: give memory and lease back
_LONGEST_TURN = 0.25  # seconds a busy holder may go on while somebody waits

_shards: WeakValueDictionary[Path, "SharedShard"] = WeakValueDictionary()
_shards_lock = threading.Lock()


def shared_shard(folder: Path, collection: str) -> "SharedShard":
    """Return the handle for this folder: the same object for every caller in this process."""
    key = folder.resolve()
    with _shards_lock:
        found = _shards.get(key)
        if found is None or found.pid != os.getpid():
            found = _shards[key] = SharedShard(key, collection)
        return found


@contextmanager
def translated(collection: str) -> Iterator[None]:
    """Whatever the engine raises becomes a StoreError; our own errors pass."""
    try:
        yield
    except SkybridgeError:
        raise
    except Exception as error:
        raise StoreError(f"collection {collection!r}: {error}") from error
    except BaseException as error:  # the engine is Rust: a panic arrives as a BaseException of this name
        if type(error).__name__ != "PanicException":
            raise
        raise StoreError(f"collection {collection!r}: the engine failed inside: {error}") from error


class SharedShard:
    """Opens the shard on demand, keeps it open while nobody else wants it, closes it when somebody does."""

    def __init__(self, folder: Path, collection: str) -> None:
        self.pid = os.getpid()
        self.path = folder / "shard"
        self._collection = collection
        self._lease = Lease(folder, collection)
        # A lock goes to whoever asks first after its release, which a thread in a loop always is. Queueing
        # before it makes threads take turns.
        self._queue = threading.Lock()
        self._lock = threading.Lock()
        self._shard: EdgeShard | None = None
        self._opened_at = self._used_at = self._looked_at = 0.0
        self._turn_seconds = 0.0
        self._users: WeakSet[object] = WeakSet()

    @contextmanager
    def lease(self, purpose: str, wait: float, on_wait: Callable[[str], None] | None = None) -> Iterator[None]:
        """Hold lease and process lock, shard as it is: for making, dropping and checking."""
        if self.pid != os.getpid():
            raise StoreError(
                f"collection {self._collection!r} was opened before this process was forked."
                " Open it again in the child, or start the child with 'spawn'."
            )
        deadline = time.monotonic() + wait
        if not self._queue.acquire(timeout=max(wait, 0.0)):
            raise self._busy_here(wait)
        try:
            if not self._lock.acquire(timeout=max(deadline - time.monotonic(), 0.0)):
                raise self._busy_here(wait)
        finally:
            self._queue.release()
        try:
            if not self._lease.held:
                self._lease.acquire(purpose, max(deadline - time.monotonic(), 0.0), on_wait)
                self._opened_at = self._used_at = time.monotonic()
                self._turn_seconds = 0.0
                threading.Thread(target=self._watch, name="skybridge-lease", daemon=True).start()
            yield
        finally:
            self._used_at = time.monotonic()
            self._hand_over_if_wanted()
            self._lock.release()

    @contextmanager
    def use(self, user: object, wait: float, on_wait: Callable[[str], None] | None = None) -> Iterator["EdgeShard"]:
        """Give the open shard, for one operation."""
        deadline = time.monotonic() + wait
        with self.lease("using it", wait, on_wait):
            self._users.add(user)
            yield self._shard or self._open(deadline)

    def opened(self) -> "EdgeShard":
        """Return the open shard, for the holder of `lease()`."""
        return self._shard or self._open(time.monotonic() + 1.0)

    def leave(self, user: object) -> None:
        """`user` needs it no longer; the last one out closes."""
        self._users.discard(user)
        if not self._users:
            self.close()

    def close(self) -> None:
        """Flush, close and give the lease back. Safe to call twice."""
        if self.pid == os.getpid():
            with self._queue, self._lock:
                self._release()

    def close_shard(self) -> None:
        """Close the shard and keep the lease: for the holder of `lease()`, before it touches the files."""
        if self._shard is not None:
            shard, self._shard = self._shard, None
            with translated(self._collection):
                shard.close()  # flushes, too

    def _open(self, deadline: float) -> "EdgeShard":
        from qdrant_edge import EdgeShard

        started = time.monotonic()
        with translated(self._collection):
            mend_swap(self.path.parent)
        # What an index build in place leaves when it is cut short; the engine never looks at it again.
        shutil.rmtree(self.path / "temp_segments", ignore_errors=True)
        while True:
            try:
                with translated(self._collection):
                    self._shard = EdgeShard.load(str(self.path))
                break
            except StoreError as error:
                if "WouldBlock" not in str(error):
                    raise StoreError(
                        f"collection {self._collection!r} cannot be opened ({error.__cause__}; {self.path})."
                        " Your own files are untouched: drop the collection and index them again."
                    ) from error
                # Somebody who takes no lease, or a process that is still dying.
                if time.monotonic() >= deadline:
                    raise StoreBusy(
                        f"collection {self._collection!r} is held by a program that is not Skybridge"
                        f" ({self.path}). Stop it, then try again."
                    ) from error
                time.sleep(0.05)
        _open_shards.add(self)
        self._opened_at = time.monotonic()
        # A busy holder keeps it for half as long as opening took, or two of them would do nothing but open.
        self._turn_seconds = min((self._opened_at - started) / 2, _LONGEST_TURN)
        return self._shard

    def _release(self) -> None:
        try:
            self.close_shard()
        finally:
            self._lease.release()
            _open_shards.discard(self)

    def _hand_over_if_wanted(self) -> None:
        now = time.monotonic()
        if self._lease.held and now - self._opened_at >= self._turn_seconds and now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            if self._lease.wanted():
                self._release()

    def _watch(self) -> None:
        while True:
            time.sleep(_WATCH_SECONDS)
            if not self._lock.acquire(blocking=False):
                continue  # in use: whoever uses it looks himself when he is done
            try:
                if not self._lease.held:
                    return
                idle = time.monotonic() - self._used_at
                if idle >= _IDLE_SECONDS or (idle >= _WATCH_SECONDS / 2 and self._lease.wanted()):
                    self._release()
                    return
            except StoreError:
                return  # closing failed; the lease is back, and the next open says what is wrong
            finally:
                self._lock.release()

    def _busy_here(self, wait: float) -> StoreBusy:
        return StoreBusy(
            f"collection {self._collection!r} is busy: another thread of this process uses it;"
            f" waited {wait:.0f} s. Try again when it is done."
        )


_open_shards: set[SharedShard] = set()  # keeps a shard alive until it is closed properly


@atexit.register
def _close_all() -> None:
    for shard in list(_open_shards):
        try:
            shard.close()
        except StoreError:
            continue  # nobody is left to tell; flushed points are safe
