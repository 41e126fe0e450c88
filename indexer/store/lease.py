"""Who may hold a collection's shard: one process at a time, handed over as soon as somebody else asks.

An Edge shard admits one process. Opening it costs a third of a second at 100,000 items, so it is not opened
for every call; it is held until somebody else wants it. Two lock files make that a turnstile:

    gate.lock    held by the one process that waits for the lease
    lease.lock   held by the one process that has the shard open

A process that wants the lease goes through the gate, waits for the lease there and then leaves the gate. The
holder sees that somebody waits because the gate is shut. Both are advisory locks of the operating system,
which vanish with their process, so `kill -9` leaves nothing to clean up. `holder.json` only tells people who
holds it; no decision rests on it.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout

from encoders.errors import StoreBusy, StoreError

__all__ = ["Lease"]

_POLL_SECONDS = 0.01
_QUIET_SECONDS = 0.3  # an ordinary hand-over takes less: nobody needs to hear of it


class Lease:
    """The right to open the shard in `folder`. Not thread-safe; `shard.SharedShard` sees to that."""

    def __init__(self, folder: Path, collection: str) -> None:
        self._folder = folder
        self._collection = collection
        self._gate = FileLock(folder / "gate.lock", thread_local=False)
        self._lease = FileLock(folder / "lease.lock", thread_local=False)
        self._holder = folder / "holder.json"

    @property
    def held(self) -> bool:
        """Whether this process has it."""
        return bool(self._lease.is_locked)

    def acquire(self, purpose: str, wait: float, on_wait: Callable[[str], None] | None = None) -> None:
        """Get the lease within `wait` seconds, or raise StoreBusy naming the process that holds it.

        `purpose` completes the sentence "process 12 is ..." that others read while they wait; `on_wait` is
        called once with such a sentence if the wait is long enough to be noticed.
        """
        if self.held:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            started = time.monotonic()
            told = False
            try:
                for lock in (self._gate, self._lease):
                    while not _taken(lock):
                        waited = time.monotonic() - started
                        if waited >= wait:
                            raise StoreBusy(
                                f"collection {self._collection!r} is busy: {self._who()};"
                                f" waited {waited:.0f} s. Try again when it is done, or stop that process."
                            )
                        if on_wait is not None and not told and waited >= min(_QUIET_SECONDS, wait / 2):
                            told = True
                            on_wait(f"waiting for collection {self._collection!r}: {self._who()}")
                        time.sleep(_POLL_SECONDS)
            finally:
                self._gate.release(force=True)
            self._sign(purpose)
        except OSError as error:
            raise StoreError(
                f"cannot lock collection {self._collection!r} in {self._folder}: {error.strerror or error}."
                " Its folder must be on a local disk and writable."
            ) from error

    def wanted(self) -> bool:
        """Whether somebody waits for the lease that this process holds."""
        if not _taken(self._gate):
            return True
        self._gate.release(force=True)
        return False

    def release(self) -> None:
        """Give the lease back. Safe to call without holding it."""
        if self.held:
            self._holder.unlink(missing_ok=True)
            self._lease.release(force=True)

    def _sign(self, purpose: str) -> None:
        main = Path(sys.argv[0] if sys.argv and sys.argv[0] else "python")
        program = main.parent.name if main.stem == "__main__" else main.stem
        note = {"pid": os.getpid(), "program": program, "purpose": purpose}
        self._holder.write_text(json.dumps(note), encoding="utf-8")

    def _who(self) -> str:
        try:
            note = json.loads(self._holder.read_text(encoding="utf-8"))
            pid, program, purpose = int(note["pid"]), str(note["program"]), str(note["purpose"])
        except (OSError, ValueError, KeyError, TypeError):
            return "another process holds it"  # it is just being handed over
        return f"process {pid} ({program}) is {purpose}"


def _taken(lock: FileLock) -> bool:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    return True
