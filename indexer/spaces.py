"""The spaces of a collection as stores: the first, those beside it, and which of them answers.

The manifest of the first says which space answers, so that every process and every machine knows it, and one write of that
manifest switches all of them at once.
"""

from dataclasses import dataclass
from threading import Lock

from encoders.dual import DualEncoder
from indexer.store.base import Manifest, Store

__all__ = ["OpenSpace", "Space", "Spaces"]


@dataclass(frozen=True)
class Space:
    """One space: its store, and the manifest as it was when somebody looked."""

    name: str  # "" is the first
    store: Store
    manifest: Manifest | None  # None: it is not there


@dataclass(frozen=True)
class OpenSpace:
    """A space with its model, as one thing: what a query is encoded with and what it is compared with go together."""

    store: Store
    manifest: Manifest
    encoder: DualEncoder


class Spaces:
    """All spaces of one collection. Stores are made when first asked for, and kept."""

    def __init__(self, root: Store) -> None:
        self._root = root
        self._beside: dict[str, Store] = {}
        self._lock = Lock()

    def answering(self) -> Space:
        """The space that answers now."""
        manifest = self._root.manifest()
        if manifest is None or not manifest.answered_by:
            return Space("", self._root, manifest)
        store = self.at(manifest.answered_by)
        return Space(manifest.answered_by, store, store.manifest())

    def at(self, name: str) -> Store:
        """The store of a space, there or not."""
        if not name:
            return self._root
        with self._lock:
            if name not in self._beside:
                self._beside[name] = self._root.beside(name)
            return self._beside[name]

    def switch(self, name: str) -> None:
        """Let the space `name` answer from now on: one atomic write."""
        self._root.hand_over(name)

    def delete(self, name: str) -> None:
        """Delete a space that does not answer. The first keeps its manifest, which says who does."""
        if name:
            self.at(name).drop()
        else:
            self._root.vacate()

    def drop(self, others: list[str]) -> None:
        """Delete the whole collection: the spaces beside the first, by name, then the first."""
        for name in others:
            if name:
                self.at(name).drop()
        self._root.drop()

    def close(self) -> None:
        """Release every store; they may be used again afterwards."""
        with self._lock:
            for store in (*self._beside.values(), self._root):
                store.close()
