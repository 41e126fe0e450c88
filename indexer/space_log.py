"""What the ledger knows of the spaces of a collection: which there are, which answers, and what each is behind with.

Nothing is noted of a collection that has one space only. From the moment a second one is begun, triggers of the ledger note
every content that changes as "behind" for the space that does not answer. A content is taken from that list only when the
points of the space agree with the ledger on it and are flushed; so whoever is killed leaves the rest of the list.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from indexer.index_due import is_due, set_due
from indexer.ledger import Failure, Ledger
from indexer.store.base import Manifest

__all__ = ["Behind", "SpaceLog", "SpaceNote", "SpaceState"]

SpaceState = Literal["building", "ready", "discarding"]
"""Never complete so far | complete once, perhaps behind by now | its points are being deleted."""

_COLUMNS = "name, answers, manifest, state, total, index_due, cut"


@dataclass(frozen=True)
class SpaceNote:
    """One space of a collection that has two."""

    name: str  # "" is the first, the collection itself
    answers: bool
    manifest: Manifest
    state: SpaceState
    total: int  # contents it had to take when it was begun
    index_due: bool  # its points changed since its search index was built
    cut: int  # passages whose end its text tower does not read

    @property
    def number(self) -> int:
        """Spaces are numbered in the order they were begun; the first has no name."""
        return int(self.name or 1)


@dataclass(frozen=True)
class Behind:
    """A content on which a space does not agree with the ledger."""

    content: str  # hash
    parts: tuple[str, ...]  # of it that the space may hold beyond those that the ledger names
    reason: str | None  # why it could not be brought there


class SpaceLog:
    """The notes on the spaces of one collection."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    # --- spaces

    def all(self) -> list[SpaceNote]:
        """Both spaces, or none where there is but one."""
        return [_note(row) for row in self._ledger.execute(f"SELECT {_COLUMNS} FROM spaces ORDER BY name")]

    def answering(self) -> SpaceNote | None:
        """The space that answers, where there are two."""
        return next((note for note in self.all() if note.answers), None)

    def other(self) -> SpaceNote | None:
        """The space that does not answer, where there are two."""
        return next((note for note in self.all() if not note.answers), None)

    def begin(self, answering: str, manifest: Manifest, name: str, other: Manifest) -> None:
        """Note that the space `name` is begun beside the one that answers: it is behind with every content."""
        with self._ledger.transaction():
            ((total,),) = self._ledger.execute("SELECT count(*) FROM contents")
            for row in ((answering, 1, manifest, "ready"), (name, 0, other, "building")):
                self._ledger.execute(
                    f"INSERT INTO spaces ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, 0, 0)",
                    (row[0], row[1], json.dumps(row[2].to_dict()), row[3], total),
                )
            self._ledger.execute("INSERT INTO behind (space, content) SELECT ?, content FROM contents", (name,))

    def change(self, name: str, **values: object) -> None:
        """Set columns of a space: state, index_due, cut, manifest."""
        if "manifest" in values:
            values["manifest"] = json.dumps(values["manifest"].to_dict())  # type: ignore[attr-defined]  # a Manifest
        settings = ", ".join(f"{column} = ?" for column in values)
        self._ledger.execute(f"UPDATE spaces SET {settings} WHERE name = ?", (*values.values(), name))

    def add_cut(self, name: str, passages: int) -> None:
        """Count passages whose end goes unread."""
        self._ledger.execute("UPDATE spaces SET cut = cut + ? WHERE name = ?", (passages, name))

    def let_answer(self, name: str) -> None:
        """Note that the space `name` answers now, and which space's index is due."""
        with self._ledger.transaction():
            self._ledger.execute("UPDATE spaces SET index_due = ? WHERE answers", (is_due(self._ledger),))
            self._ledger.execute("UPDATE spaces SET answers = (name = ?)", (name,))
            ((now_due,),) = self._ledger.execute("SELECT index_due FROM spaces WHERE answers")
            set_due(self._ledger, bool(now_due))

    def forget(self) -> None:
        """One space is left: note nothing any more."""
        with self._ledger.transaction():
            self._ledger.execute("DELETE FROM behind")
            self._ledger.execute("DELETE FROM spaces")

    # --- what a space is behind with

    def behind(self, name: str, after: str = "", limit: int = 100) -> list[Behind]:
        """The next contents after a hash, in order, that nothing is known to stand in the way of."""
        rows = self._ledger.execute(
            "SELECT content, parts, reason FROM behind WHERE space = ? AND content > ? AND reason IS NULL "
            "ORDER BY content LIMIT ?",
            (name, after, limit),
        )
        return [Behind(content, tuple(json.loads(parts or "[]")), reason) for content, parts, reason in rows]

    def count(self, name: str) -> int:
        """How many contents a space is behind with."""
        ((count,),) = self._ledger.execute("SELECT count(*) FROM behind WHERE space = ?", (name,))
        return int(count)

    def note_writing(self, name: str, parts: Mapping[str, Iterable[str]]) -> None:
        """Before points are written: content -> every part of it that the space may hold from now on."""
        with self._ledger.transaction():
            for content, held in parts.items():
                self._ledger.execute(
                    "UPDATE behind SET parts = ? WHERE space = ? AND content = ?", (json.dumps(sorted(held)), name, content)
                )

    def settle(self, name: str, contents: Iterable[str]) -> None:
        """After points are flushed: the space agrees with the ledger on these."""
        with self._ledger.transaction():
            for content in contents:
                self._ledger.execute("DELETE FROM behind WHERE space = ? AND content = ?", (name, content))

    def fail(self, name: str, content: str, reason: str) -> None:
        """Note why a content cannot be brought to the space."""
        self._ledger.execute(
            "UPDATE behind SET reason = ?, recorded = ? WHERE space = ? AND content = ?", (reason, time.time(), name, content)
        )

    def try_again(self, name: str) -> None:
        """Forget the reasons: files that were away may be back."""
        self._ledger.execute("UPDATE behind SET reason = NULL WHERE space = ? AND reason IS NOT NULL", (name,))

    def failures(self, name: str) -> list[Failure]:
        """Every file whose content the space lacks, with the reason, by path."""
        rows = self._ledger.execute(
            "SELECT path, behind.reason, behind.recorded FROM behind JOIN sources USING (content) "
            "WHERE space = ? ORDER BY path",
            (name,),
        )
        return [
            Failure(Path(os.fsdecode(path)), reason or "it was not tried again yet", when or 0.0) for path, reason, when in rows
        ]

    def give_up(self, name: str) -> list[str]:
        """What the space is behind with has failed, as a file fails that is away when it is added: the next run tries it.

        Returns the hashes of those contents.
        """
        with self._ledger.transaction():
            rows = self._ledger.execute("SELECT content, reason FROM behind WHERE space = ?", (name,))
            for content, reason in rows:
                self._ledger.execute(
                    "UPDATE sources SET content = NULL, reason = ?, transient = 1, recorded = ? WHERE content = ?",
                    (reason or "it was not tried again yet", time.time(), content),
                )
                self._ledger.execute("DELETE FROM contents WHERE content = ?", (content,))
        return [content for content, _ in rows]


def _note(row: Sequence[Any]) -> SpaceNote:
    name, answers, manifest, state, total, index_due, cut = row
    return SpaceNote(name, bool(answers), Manifest.from_dict(json.loads(manifest)), state, total, bool(index_due), cut)
