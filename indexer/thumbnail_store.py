"""Thumbnails of one collection, by content hash: one SQLite file instead of a hundred thousand small ones."""

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = ["ThumbnailStore"]


class ThumbnailStore:
    """Encoded pictures by content hash. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=30, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        with self._db:
            # the column's name is older than JPEG thumbnails
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS thumbnails (content TEXT PRIMARY KEY, webp BLOB NOT NULL) WITHOUT ROWID"
            )

    def get(self, content_hash: str) -> bytes | None:
        """The thumbnail, or None."""
        with self._lock:
            row = self._db.execute("SELECT webp FROM thumbnails WHERE content = ?", (content_hash,)).fetchone()
        return row[0] if row else None

    def put(self, thumbnails: Mapping[str, bytes]) -> None:
        """Write or replace many at once."""
        with self._lock, self._db:
            self._db.executemany("INSERT OR REPLACE INTO thumbnails VALUES (?, ?)", thumbnails.items())

    def delete(self, content_hashes: Iterable[str]) -> None:
        """Remove; unknown ones are ignored."""
        with self._lock, self._db:
            self._db.executemany("DELETE FROM thumbnails WHERE content = ?", ((one,) for one in content_hashes))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()
