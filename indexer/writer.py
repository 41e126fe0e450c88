"""The one place that changes a collection: store, ledger and thumbnails, always in the order that survives `kill -9`.

New content:  note "pending" in the ledger -> points -> flush -> record the sources.
New paths:    record them and note the content "moved" -> payload, or deletion where no path is left -> flush -> note settled.
Whatever stops half-way is finished or undone by `recover`, with which every run begins: pending content is deleted, moved
content is settled again.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from encoders.vectors import Vectors, check_vectors
from indexer.index_due import note_changed
from indexer.items import LoadedSource, Payload, Source, item_id
from indexer.ledger import Content, Ledger
from indexer.paths import folder_chain, to_text
from indexer.store.base import Store
from indexer.thumbnail_store import ThumbnailStore

__all__ = ["Batch", "Encoded", "Writer", "Written", "item_payloads", "path_fields"]

_POINTS_A_WRITE = 512


@dataclass(frozen=True)
class Encoded:
    """New content with its vectors, and the sources of this batch that hold it."""

    sources: tuple[Source, ...]
    loaded: LoadedSource
    vectors: Vectors  # (len(loaded.items), d)


@dataclass
class Batch:
    """What is committed together."""

    encoded: list[Encoded] = field(default_factory=list)
    known: list[tuple[Source, str]] = field(default_factory=list)  # source, hash of content that is in the store
    failed: list[tuple[Source, str, bool]] = field(default_factory=list)  # source, reason, transient


@dataclass
class Written:
    """What a commit did, counted in sources except for `items`."""

    indexed: int = 0
    renamed: int = 0
    removed: int = 0
    failed: int = 0
    items: int = 0

    def add(self, other: "Written") -> None:
        """Sum in place."""
        for name in self.__dataclass_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Writer:
    """Commits batches to one collection. One writer a collection at a time; the library's run lock sees to it."""

    def __init__(self, ledger: Ledger, store: Store, thumbnails: ThumbnailStore) -> None:
        self._ledger, self._store, self._thumbnails = ledger, store, thumbnails

    def recover(self) -> int:
        """Finish or undo what an earlier run left half-done. Returns how many contents were concerned."""
        pending, moved = self._ledger.contents_in("pending"), self._ledger.contents_in("moved")
        self._delete_points(pending)
        self._settle(moved, delete_orphans=True)
        return len(pending) + len(moved)

    def commit(self, batch: Batch, scan: int) -> Written:
        """Write a batch; when this returns, everything in it survives `kill -9`."""
        written = Written()
        self._write_points(batch.encoded)
        touched: list[str | None] = []
        with self._ledger.transaction():
            for one in batch.encoded:
                self._ledger.set_state([one.loaded.content_hash], "indexed")
                touched += [self._ledger.record(source, scan, one.loaded.content_hash) for source in one.sources]
                written.indexed += len(one.sources)
                written.items += len(one.loaded.items)
            for source, content in batch.known:
                gone = self._vanished(content)
                for path in gone:
                    self._ledger.forget(path)
                touched += [content, self._ledger.record(source, scan, content)]
                written.renamed += bool(gone)
                written.indexed += not gone
            for source, reason, transient in batch.failed:
                touched.append(self._ledger.record_failure(source, scan, reason, transient))
                written.failed += 1
            moved = self._note_moved(touched)
        self._settle(moved, delete_orphans=False)
        return written

    def tidy(self) -> None:
        """Delete content that lost its last path in this run.

        Not sooner: whoever copies a file and then edits the original gives the old bytes a new path, which the run may
        come to later, and then there is nothing to read or encode again.
        """
        self._settle(self._ledger.contents_in("moved"), delete_orphans=True)

    def remove(self, paths: Sequence[Path]) -> int:
        """Take sources out of the index. Returns how many of them were indexed (failed ones are just forgotten)."""
        with self._ledger.transaction():
            contents = [self._ledger.content_of(path) for path in paths]
            for path in paths:
                self._ledger.forget(path)
            moved = self._note_moved(contents)
        self._settle(moved, delete_orphans=True)
        return sum(content is not None for content in contents)

    def _write_points(self, encoded: Sequence[Encoded]) -> None:
        if not encoded:
            return
        with self._ledger.transaction():
            note_changed(self._ledger, sum(len(one.loaded.items) for one in encoded))
            for one in encoded:
                parts = tuple(item.part for item in one.loaded.items)
                content = Content(one.loaded.content_hash, one.loaded.kind, parts)
                self._ledger.note_pending(content, one.sources[0].size)
        thumbnails = {one.loaded.content_hash: one.loaded.thumbnail for one in encoded if one.loaded.thumbnail}
        self._thumbnails.put(thumbnails)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ids = [item_id(one.loaded.content_hash, item.part) for one in encoded for item in one.loaded.items]
        payloads = [
            payload for one in encoded for payload in item_payloads(one.loaded, [source.path for source in one.sources], now)
        ]
        vectors = check_vectors(np.concatenate([one.vectors for one in encoded]))
        for start in range(0, len(ids), _POINTS_A_WRITE):
            part = slice(start, start + _POINTS_A_WRITE)
            self._store.upsert(ids[part], vectors[part], payloads[part])
        self._store.flush()

    def _vanished(self, content: str) -> list[Path]:
        """Paths of this content that no longer exist: a new path for it is then a rename, not a copy."""
        return [path for path in self._ledger.paths_of(content) if not _exists(path)]

    def _note_moved(self, touched: Sequence[str | None]) -> list[Content]:
        """Contents that gained or lost a path."""
        hashes = dict.fromkeys(content for content in touched if content is not None)
        moved = [content for content in map(self._ledger.content, hashes) if content is not None]
        self._ledger.set_state([content.hash for content in moved], "moved")
        return moved

    def _settle(self, moved: Sequence[Content], *, delete_orphans: bool) -> None:
        """Make the store show the paths that the ledger knows; content without any stays "moved" or is deleted."""
        if not moved:
            return
        note_changed(self._ledger, sum(len(content.parts) for content in moved))
        settled: list[Content] = []
        orphans: list[Content] = []
        for content in moved:
            paths = self._ledger.paths_of(content.hash)
            if paths:
                self._store.set_payload(_ids(content), path_fields(paths))
            (settled if paths else orphans).append(content)
        self._store.flush()
        with self._ledger.transaction():
            self._ledger.set_state([content.hash for content in settled], "indexed")
        if delete_orphans:
            self._delete_points(orphans)

    def _delete_points(self, contents: Sequence[Content]) -> None:
        if not contents:
            return
        ids = [one for content in contents for one in _ids(content)]
        for start in range(0, len(ids), _POINTS_A_WRITE):
            self._store.delete(ids[start : start + _POINTS_A_WRITE])
        self._store.flush()
        self._thumbnails.delete(content.hash for content in contents)
        with self._ledger.transaction():
            for content in contents:
                self._ledger.forget_content(content.hash)


def path_fields(paths: Sequence[Path]) -> Payload:
    """The payload fields that say where a content lies. Names are composed Unicode, as people type; paths are as they are.

    >>> path_fields([Path("/a/x.jpg")])
    {'paths': ['/a/x.jpg'], 'names': ['x.jpg'], 'folders': ['/', '/a']}
    """
    unique = list(dict.fromkeys(paths))
    folders = dict.fromkeys(folder for path in unique for folder in folder_chain(path))
    return {
        "paths": [to_text(path) for path in unique],
        "names": [unicodedata.normalize("NFC", to_text(path.name)) for path in unique],
        "folders": list(folders),
    }


def item_payloads(loaded: LoadedSource, paths: Sequence[Path], now: str) -> list[Payload]:
    """The payload of every item of a file that lies at `paths`; `now` is RFC 3339."""
    shared = {
        **loaded.payload,
        **path_fields(paths),
        "kind": loaded.kind,
        "content": loaded.content_hash,
        "indexed_at": now,
    }
    return [{**shared, **item.payload, "part": item.part, "modality": item.modality} for item in loaded.items]


def _ids(content: Content) -> list[str]:
    return [item_id(content.hash, part) for part in content.parts]


def _exists(path: Path) -> bool:
    """False only if the path is certainly gone; a disk that does not answer counts as there."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True
