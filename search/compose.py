"""The vector of a query: terms that are wanted, with their weights, less those that are not."""

from collections import OrderedDict
from threading import Lock

import numpy as np

from encoders.dual import DualEncoder
from encoders.errors import InputError, LibraryError
from encoders.vectors import Vectors, unit_rows
from indexer.spaces import OpenSpace
from search.phrases import unquoted
from search.pictures import query_picture
from search.query import Query, Term

__all__ = ["Composer", "stored_item"]

_NOT_WEIGHT = 0.5  # how hard "not" pushes away, against 1 for what is asked
_CACHED_VECTORS = 256


class Composer:
    """Encodes queries, and remembers the vectors of recent texts."""

    def __init__(self) -> None:
        self._vectors: OrderedDict[tuple[str | None, str], Vectors] = OrderedDict()  # by tower and text
        self._lock = Lock()

    def vector(self, space: OpenSpace, query: Query) -> Vectors:
        """(d,) float32, unit length. Raises what the towers raise, and InputError for terms that cancel each other."""
        wanted = [term.weight * self._term(space, term) for term in query.wanted]
        total = np.sum(wanted, axis=0)
        for term in query.unwanted:
            total = total + _NOT_WEIGHT * term.weight * len(wanted) * self._term(space, term)
        if not np.linalg.norm(total) > 1e-4:
            raise InputError("what is wanted and what is not wanted cancel each other, so nothing is left to look for.")
        return unit_rows(total[None])[0]

    def modality(self, space: OpenSpace, query: Query) -> str:
        """Whose scale the scores are on: words set it where there are any, else the first thing that is asked with."""
        first = query.wanted[0]
        if query.text:
            return "text"
        return str(stored_item(space, first.item)[0]) if first.item else "image"

    def _term(self, space: OpenSpace, term: Term) -> Vectors:
        if term.text is not None:
            return self._text(space.encoder, unquoted(term.text))
        if term.item is not None:
            return stored_item(space, term.item)[1]
        spec = space.encoder.picture_spec
        picture = query_picture(term.image, None if spec is None else spec.size)  # type: ignore[arg-type]  # one of the three
        return space.encoder.encode_query(image=picture)

    def _text(self, encoder: DualEncoder, text: str) -> Vectors:
        key = (encoder.query_fingerprints.get("text"), text)
        with self._lock:
            if key in self._vectors:
                self._vectors.move_to_end(key)
                return self._vectors[key]
        vector = encoder.encode_query(text=text)
        with self._lock:
            self._vectors[key] = vector
            while len(self._vectors) > _CACHED_VECTORS:
                self._vectors.popitem(last=False)
        return vector


def stored_item(space: OpenSpace, item_id: str) -> tuple[str, Vectors]:
    """Modality and vector of an item of the collection. Raises LibraryError if there is none."""
    found = space.store.retrieve([item_id], with_vectors=True)
    if not found or found[0].vector is None:
        raise LibraryError("the item to find similar ones for is no longer in this collection.")
    return str(found[0].payload["modality"]), found[0].vector
