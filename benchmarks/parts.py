"""Collections of several sizes and kinds, cut out of one; what is right in each, and which queries have no answer there."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks.absence import WordTable, content_words
from benchmarks.stored import Stored

__all__ = ["PARTS", "Part", "cut"]

PARTS = {
    "pictures, 500": (500, 0),
    "pictures, all": (None, 0),
    "documents, 500": (0, 500),
    "documents, all": (0, None),
    "both, 1,000": (500, 500),
    "both, all": (None, None),
}
"""Name -> how many pictures and how many documents (files); None: all there are."""

_SHARED = 0.5  # of a query's content words in one passage: from here on the passage may be about it


@dataclass(frozen=True)
class Part:
    """Some points of a collection. Queries are places in the corpus's list."""

    name: str
    stored: Stored
    points: NDArray[np.int64]  # (n,) places in `stored`, in order

    @cached_property
    def is_picture(self) -> NDArray[np.bool_]:
        """(n,) by modality."""
        chosen: NDArray[np.bool_] = self.stored.is_picture[self.points]
        return chosen

    @cached_property
    def places(self) -> dict[str, int]:
        """Id of a point -> its place in `points`."""
        return {self.stored.ids[point]: place for place, point in enumerate(self.points.tolist())}

    @cached_property
    def right(self) -> dict[int, frozenset[int]]:
        """Query with a match here -> places in `points` of its right answers."""
        by_group: dict[str, set[int]] = {}
        for place, point in enumerate(self.points.tolist()):
            for group in self.stored.groups[point]:
                by_group.setdefault(group, set()).add(place)
        queries = enumerate(self.stored.corpus.queries)
        return {place: frozenset(by_group[query.group]) for place, query in queries if query.group in by_group}

    @cached_property
    def absent(self) -> dict[int, bool]:
        """Query that nothing here fits -> whether it shares no content word with anything.

        Nothing fits when no picture's name or keywords have any of its content words, and no passage has half of them.
        """
        pictures = WordTable([self.stored.words[point] for point in self.points[self.is_picture].tolist()])
        passages = WordTable([self.stored.words[point] for point in self.points[~self.is_picture].tolist()])
        found = {}
        for place, query in enumerate(self.stored.corpus.queries):
            if place not in self.right and content_words(query.text):
                seen, read = pictures.largest_share(query.text), passages.largest_share(query.text)
                if not seen and read < _SHARED:
                    found[place] = not read
        return found


def cut(stored: Stored, name: str) -> Part:
    """The part of `PARTS` of this name: whole groups, by the hash of their names, until there are enough files."""
    pictures, documents = PARTS[name]
    wanted = _first(stored, "image", pictures) | _first(stored, "document", documents)
    points = [place for place, groups in enumerate(stored.groups) if groups & wanted]
    return Part(name, stored, np.array(points))


def _first(stored: Stored, kind: str, count: int | None) -> frozenset[str]:
    files: dict[str, int] = {}
    for item in stored.corpus.items:
        if item.kind == kind:
            files[item.group] = files.get(item.group, 0) + 1
    chosen, total = [], 0
    for group in sorted(files, key=lambda group: hashlib.sha256(f"part {group}".encode()).digest()):
        if count is not None and total >= count:
            break
        chosen.append(group)
        total += files[group]
    return frozenset(chosen)
