"""The ledger: a SQLite file that knows the state of every source of one collection.

A source is recorded as indexed only after its points are flushed in the store. Two notes make `kill -9` harmless: a content
is "pending" before its points are written, and "moved" while its points do not yet show the paths that the ledger knows. A
run begins by undoing the first and finishing the second, so that nothing is lost, doubled or left behind.

Paths are stored as bytes (`os.fsencode`): Linux paths need not be text. One connection, used under one lock.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from encoders.errors import LibraryError
from indexer.items import Kind, Source
from indexer.ledger_tables import MIGRATIONS

__all__ = ["Content", "ContentState", "Counts", "Failure", "Ledger", "Seen"]

ContentState = Literal["pending", "indexed", "moved"]
"""Points being written | in the store | in the store, but showing paths that are no longer right."""

Seen = Literal["unchanged", "failed", "todo"]
"""What a scan may find: indexed and as it was | failed before and as it was | to be done."""


@dataclass(frozen=True)
class Content:
    """Bytes that are in the store."""

    hash: str
    kind: Kind
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Failure:
    """A source that could not be indexed, and why."""

    path: Path
    reason: str
    when: float  # seconds since the epoch


@dataclass(frozen=True)
class Counts:
    """How much a collection holds."""

    sources: int
    failed: int
    images: int  # picture files, each content once
    documents: int
    items: int


class Ledger:
    """What is known of every source. Safe to use from several threads and, for reading, several processes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._lock = threading.RLock()
        self._counted: tuple[tuple[int, int], Counts] | None = None  # state of the file, and what it held then
        try:
            self._db = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._migrate()
            self._inode = _inode(path)  # not given to another file while ours is open
        except sqlite3.DatabaseError as error:
            raise LibraryError(
                f"the ledger {path} cannot be used ({error}). Your own files are safe; delete the folder {path.parent} "
                "and index again."
            ) from error

    def _migrate(self) -> None:
        with self.transaction():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > len(MIGRATIONS):
                raise LibraryError("this library was written by a newer Skybridge. Update Skybridge to open it.")
            for script in MIGRATIONS[version:]:
                for statement in _statements(script):
                    self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def is_in_place(self) -> bool:
        """The file that is open is still the one at its path: nobody has deleted or replaced it."""
        return _inode(self._path) == self._inode

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block or none of it. Blocks may nest; the outermost decides."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> list[tuple]:
        """Run one statement and return all its rows."""
        with self._lock:
            try:
                return self._db.execute(statement, parameters).fetchall()
            except sqlite3.OperationalError as error:  # disk full, disk gone, locked for half a minute
                raise LibraryError(f"the ledger of this collection cannot be used: {error}.") from error

    # --- the scan

    def begin_scan(self) -> int:
        """Forget what an earlier scan left to do; return a number that marks what this scan sees."""
        with self.transaction():
            self.execute("DELETE FROM todo")
            ((number,),) = self.execute("SELECT coalesce(max(seen), 0) + 1 FROM sources")
        return number

    def seen(self, source: Source, scan: int, retry: bool = False) -> Seen:
        """Note that a scan saw this source, and put it on the to-do list unless it is as it was.

        A source that failed before is not tried again while it is unchanged, unless the failure was a passing one or
        `retry` asks for it.
        """
        path, stamp = os.fsencode(source.path), (source.size, source.modified_ns, source.changed_ns)
        rows = self.execute("SELECT size, modified_ns, changed_ns, content, transient FROM sources WHERE path = ?", (path,))
        if rows:
            self.execute("UPDATE sources SET seen = ? WHERE path = ?", (scan, path))
            *known, content, transient = rows[0]
            if tuple(known) == stamp and content is not None:
                return "unchanged"
            if tuple(known) == stamp and not (transient or retry):
                return "failed"
        self.execute(
            "INSERT OR IGNORE INTO todo (path, size, modified_ns, changed_ns) VALUES (?, ?, ?, ?)",
            (path, *stamp),
        )
        return "todo"

    def keep_below(self, folder: Path, scan: int) -> None:
        """Note everything known below `folder` as seen: the folder could not be looked into."""
        low, high = _below(folder)
        self.execute("UPDATE sources SET seen = ? WHERE path >= ? AND path < ?", (scan, low, high))

    def todo(self) -> Iterator[Source]:
        """What the scan found to be done, in the order it was found; constant memory."""
        last = 0
        while rows := self.execute(
            "SELECT number, path, size, modified_ns, changed_ns FROM todo WHERE number > ? ORDER BY number LIMIT 500",
            (last,),
        ):
            for _, path, *stamp in rows:
                yield Source(Path(os.fsdecode(path)), *stamp)
            last = rows[-1][0]

    def todo_size(self) -> tuple[int, int]:
        """How many sources are on the to-do list, and their bytes."""
        return self.execute("SELECT count(*), coalesce(sum(size), 0) FROM todo")[0]

    def unseen(self, root: Path, scan: int) -> Iterator[Path]:
        """Known sources at or below `root` that this scan did not see: they are gone."""
        low, high = _below(root)
        last = b""
        while rows := self.execute(
            "SELECT path FROM sources WHERE (path = ? OR (path >= ? AND path < ?)) AND seen != ? AND path > ? "
            "ORDER BY path LIMIT 500",
            (os.fsencode(root), low, high, scan, last),
        ):
            yield from (Path(os.fsdecode(path)) for (path,) in rows)
            last = rows[-1][0]

    # --- contents

    def same_size(self, size: int) -> list[str]:
        """Hashes of contents of exactly this many bytes that are in the store."""
        return [h for (h,) in self.execute("SELECT content FROM contents WHERE size = ? AND state != 'pending'", (size,))]

    def content(self, content_hash: str) -> Content | None:
        """A content that is in the store, or None."""
        rows = self.execute(
            "SELECT content, kind, parts FROM contents WHERE content = ? AND state != 'pending'",
            (content_hash,),
        )
        return _content(rows[0]) if rows else None

    def contents_in(self, state: ContentState) -> list[Content]:
        """Every content in this state, at once for those that are not finished: few, and with an index of their own."""
        unfinished = "" if state == "indexed" else " AND state != 'indexed'"  # as the index says it, or it is not used
        rows = self.execute(f"SELECT content, kind, parts FROM contents WHERE state = ?{unfinished}", (state,))
        return [_content(row) for row in rows]

    def note_pending(self, content: Content, size: int) -> None:
        """Before its points are written."""
        self.execute(
            "INSERT OR REPLACE INTO contents VALUES (?, ?, ?, ?, ?, 'pending')",
            (content.hash, size, content.kind, json.dumps(content.parts), len(content.parts)),
        )

    def set_state(self, content_hashes: Sequence[str], state: ContentState) -> None:
        """Move contents to a state."""
        for content_hash in content_hashes:
            self.execute("UPDATE contents SET state = ? WHERE content = ?", (state, content_hash))

    def forget_everything(self) -> None:
        """All sources and contents; the roots stay."""
        with self.transaction():
            self.execute("DELETE FROM sources")
            self.execute("DELETE FROM contents")

    def forget_content(self, content_hash: str) -> None:
        """After its points are gone: the content and every source that still names it."""
        with self.transaction():
            self.execute("DELETE FROM sources WHERE content = ?", (content_hash,))
            self.execute("DELETE FROM contents WHERE content = ?", (content_hash,))

    # --- sources

    def record(self, source: Source, scan: int, content_hash: str) -> str | None:
        """A source is indexed. Returns the content it held before, if that is another one."""
        before = self.content_of(source.path)
        self._write(source, scan, content_hash, None, False)
        return before if before != content_hash else None

    def record_failure(self, source: Source, scan: int, reason: str, transient: bool) -> str | None:
        """A source failed. Returns the content it held before, if any."""
        before = self.content_of(source.path)
        self._write(source, scan, None, reason, transient)
        return before

    def _write(self, source: Source, scan: int, content: str | None, reason: str | None, transient: bool) -> None:
        stamp = (os.fsencode(source.path), source.size, source.modified_ns, source.changed_ns)
        with self.transaction():
            self.execute(
                "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*stamp, content, reason, transient, time.time(), scan),
            )
            self.execute("DELETE FROM todo WHERE path = ?", stamp[:1])

    def content_of(self, path: Path) -> str | None:
        """Hash of what is indexed from this path."""
        rows = self.execute("SELECT content FROM sources WHERE path = ?", (os.fsencode(path),))
        return rows[0][0] if rows else None

    def paths_of(self, content_hash: str) -> list[Path]:
        """Every path that holds this content, in order."""
        rows = self.execute("SELECT path FROM sources WHERE content = ? ORDER BY path", (content_hash,))
        return [Path(os.fsdecode(path)) for (path,) in rows]

    def forget(self, path: Path) -> None:
        """Forget one source."""
        self.execute("DELETE FROM sources WHERE path = ?", (os.fsencode(path),))

    def below(self, root: Path) -> list[Path]:
        """Every known source at or below `root`."""
        low, high = _below(root)
        rows = self.execute(
            "SELECT path FROM sources WHERE path = ? OR (path >= ? AND path < ?)",
            (os.fsencode(root), low, high),
        )
        return [Path(os.fsdecode(path)) for (path,) in rows]

    def failures(self) -> list[Failure]:
        """Every source that could not be indexed, by path."""
        rows = self.execute("SELECT path, reason, recorded FROM sources WHERE reason IS NOT NULL ORDER BY path")
        return [Failure(Path(os.fsdecode(path)), reason, when) for path, reason, when in rows]

    def state(self) -> tuple[int, int]:
        """Another one after every change, by whichever process; compared within the life of this object."""
        with self._lock:
            ((others,),) = self.execute("PRAGMA data_version")
            return others, self._db.total_changes

    def counts(self) -> Counts:
        """How much the collection holds. Counted anew only after something has changed."""
        with self._lock:
            state = self.state()
            if self._counted is None or self._counted[0] != state or self._db.in_transaction:
                found = self._count()
                self._counted = None if self._db.in_transaction else (state, found)  # it may be rolled back
                return found
            return self._counted[1]

    def _count(self) -> Counts:
        ((sources, failed),) = self.execute("SELECT count(content), count(reason) FROM sources")
        kinds = dict(self.execute("SELECT kind, count(*) FROM contents WHERE state = 'indexed' GROUP BY kind"))
        ((items,),) = self.execute("SELECT coalesce(sum(items), 0) FROM contents WHERE state = 'indexed'")
        return Counts(sources, failed, kinds.get("image", 0), kinds.get("document", 0), items)

    # --- roots

    def add_root(self, root: Path, device: int) -> None:
        """Remember a folder that was asked for, and the disk it lay on."""
        self.execute("INSERT OR REPLACE INTO roots VALUES (?, ?)", (os.fsencode(root), device))

    def roots(self) -> list[tuple[Path, int]]:
        """Folders and files that were asked for, with the device number they were last seen on."""
        return [(Path(os.fsdecode(p)), device) for p, device in self.execute("SELECT path, device FROM roots ORDER BY path")]

    def remove_roots(self, below: Path) -> None:
        """Forget roots at or below a path."""
        low, high = _below(below)
        self.execute("DELETE FROM roots WHERE path = ? OR (path >= ? AND path < ?)", (os.fsencode(below), low, high))

    # --- facts

    def fact(self, name: str) -> str | None:
        """A small text kept with the collection."""
        rows = self.execute("SELECT value FROM facts WHERE name = ?", (name,))
        return rows[0][0] if rows else None

    def set_fact(self, name: str, value: str) -> None:
        """Keep a small text with the collection."""
        self.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; a trigger holds semicolons of its own."""
    begun = ""
    for piece in script.split(";"):
        begun += piece + ";"
        if sqlite3.complete_statement(begun):
            yield begun
            begun = ""


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _content(row: Iterable) -> Content:
    content_hash, kind, parts = row
    return Content(content_hash, kind, tuple(json.loads(parts)))


def _below(folder: Path) -> tuple[bytes, bytes]:
    """The half-open range of byte paths strictly below a folder."""
    prefix = os.fsencode(folder).rstrip(b"/") + b"/"
    return prefix, prefix[:-1] + b"0"  # "0" is the byte after "/"
