"""What the ledger knows of reading the words inside pictures: which were read, which could not be, which are still to be.

A content is noted as read only after its words are flushed in the store, so whoever is killed leaves it to be read again.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from indexer.ledger import Content, Failure, Ledger

__all__ = ["OcrCounts", "OcrLog"]

_DUE = (
    "FROM contents LEFT JOIN ocr USING (content) WHERE kind = 'image' AND state != 'pending' "
    "AND (ocr.content IS NULL OR ocr.transient OR (? AND ocr.reason IS NOT NULL))"
)


@dataclass(frozen=True)
class OcrCounts:
    """Pictures, each content once."""

    read: int
    left: int  # the next run tries them
    failed: int  # not to be tried again unless asked for


class OcrLog:
    """The notes on the pictures of one collection."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def due(self, after: str = "", limit: int = 100, retry: bool = False) -> list[Content]:
        """The next pictures after a hash that are to be read; with `retry` also those that failed for good."""
        rows = self._ledger.execute(
            f"SELECT contents.content {_DUE} AND contents.content > ? ORDER BY contents.content LIMIT ?",
            (retry, after, limit),
        )
        known = [self._ledger.content(content) for (content,) in rows]
        return [content for content in known if content is not None]

    def left(self, retry: bool = False) -> int:
        """How many pictures are to be read."""
        ((count,),) = self._ledger.execute(f"SELECT count(*) {_DUE}", (retry,))
        return int(count)

    def note_read(self, contents: Iterable[str]) -> None:
        """After their words are flushed."""
        self._note((content, None, False) for content in contents)

    def note_failed(self, failures: Iterable[tuple[str, str, bool]]) -> None:
        """Content, reason, and whether it was a passing one, so that the next run tries again."""
        self._note(failures)

    def _note(self, rows: Iterable[tuple[str, str | None, bool]]) -> None:
        with self._ledger.transaction():
            for row in rows:
                self._ledger.execute("INSERT OR REPLACE INTO ocr VALUES (?, ?, ?, ?)", (*row, time.time()))

    def forget(self, contents: Iterable[str]) -> None:
        """Their items were made anew, without words."""
        with self._ledger.transaction():
            for content in contents:
                self._ledger.execute("DELETE FROM ocr WHERE content = ?", (content,))

    def failures(self) -> list[Failure]:
        """Every picture whose words could not be read, with the reason, by path."""
        rows = self._ledger.execute(
            "SELECT path, ocr.reason, ocr.recorded FROM ocr JOIN sources USING (content) "
            "WHERE ocr.reason IS NOT NULL ORDER BY path"
        )
        return [
            Failure(Path(os.fsdecode(path)), f"it is indexed, but the words in it could not be read: {reason}", when)
            for path, reason, when in rows
        ]

    def counts(self) -> OcrCounts | None:
        """None where no picture was ever tried."""
        ((tried, failed),) = self._ledger.execute(
            "SELECT count(*), coalesce(sum(reason IS NOT NULL AND NOT transient), 0) FROM ocr"
        )
        if not tried:
            return None
        ((read,),) = self._ledger.execute("SELECT count(*) FROM ocr WHERE reason IS NULL")
        return OcrCounts(read, self.left(), failed)
