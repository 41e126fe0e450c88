"""What a query scores on items that have nothing to do with it: its background in this collection.

A sample of stored vectors stands for the collection. Item ids are hashes, so the first by id are a random draw that is the
same for everybody. The centre is their median and the spread what lies below it, since items that do fit sit above:
neither moves as long as fewer than half of the collection answers the query. A collection too small to have a background
borrows the model card's.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.vectors import Vectors
from indexer.store.base import Store, Where
from search.kept import Kept

__all__ = ["Background", "Sample", "Samples", "measure_background"]

_SAMPLE = 1024  # vectors of each modality: the median is then known to a twentieth of a deviation
_BORROWED = 40  # items of the card's background that the collection's own is mixed with
_LOW = 0.159  # quantile one deviation below the centre, for what is bell-shaped below it
_HIGHEST = 0.5  # a background does not lie nearer to a clear match than this, however much fits
_SAMPLES, _COUNTS = 8, 512  # that are kept


@dataclass(frozen=True)
class Sample:
    """Some items of one modality."""

    vectors: Vectors  # (s, d) float32, unit rows
    items: int  # of that modality in the whole collection


@dataclass(frozen=True)
class Background:
    """Cosines of one query with what does not fit it."""

    centre: float
    spread: float  # one deviation, above 0
    items: int  # that compete
    unrelated: float  # cosine that the card states for unrelated pairs of this kind
    span: float  # from there to a clear match, above 0


def measure_background(vector: Vectors, sample: Sample, unrelated: float, clear: float) -> Background:
    """Background of a query, (d,) unit vector. `unrelated`, `clear`: cosines that the card states for this kind of pair."""
    span = max(4e-3, clear - unrelated)
    borrowed_spread = span / 4
    count = len(sample.vectors)
    if not count:
        return Background(unrelated, borrowed_spread, sample.items, unrelated, span)
    scores = sample.vectors @ vector
    low, centre = (float(number) for number in np.quantile(scores, (_LOW, 0.5)))
    own = count / (count + _BORROWED)
    centre = own * centre + (1 - own) * unrelated
    spread = own * max(1e-3, centre - low) + (1 - own) * borrowed_spread
    centre = min(centre, unrelated + _HIGHEST * (clear - unrelated))
    return Background(centre, spread, sample.items, unrelated, span)


class Samples:
    """Samples of the collections that were asked lately. Taken anew when the number of items has changed."""

    def __init__(self) -> None:
        self._samples = Kept[Sample](_SAMPLES)
        self._counts = Kept[int](_COUNTS)

    def of(self, store: Store, modality: str, version: Sequence[object]) -> Sample:
        """The sample of one modality. `version`: whatever changes when the collection does."""
        return self._samples.get((id(store), modality, *version), lambda: _take(store, modality))

    def count(self, store: Store, modality: str, where: Where, moment: Hashable) -> int:
        """How many items of one modality pass a filter. `moment`: changes with every change of the collection."""
        these = where.of_modality(modality)
        return self._counts.get((store, these, moment), lambda: store.count(these))


def _take(store: Store, modality: str) -> Sample:
    where = Where().of_modality(modality)
    rows = []
    for item in store.scan(where, with_vectors=True, page=_SAMPLE):
        rows.append(item.vector)
        if len(rows) == _SAMPLE:
            break
    vectors = np.array(rows, dtype=np.float32) if rows else np.zeros((0, 0), np.float32)
    return Sample(vectors, store.count(where))
