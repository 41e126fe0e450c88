"""What is kept of a collection between questions."""

from types import SimpleNamespace

import numpy as np

from indexer.store.base import Match, Where
from search.background import Samples


class Store:
    def __init__(self):
        self.counted, self.scanned = [], 0

    def count(self, where):
        self.counted.append(where)
        return 40 + len(self.counted)

    def scan(self, where, with_vectors, page):
        self.scanned += 1
        yield from (SimpleNamespace(vector=np.eye(3, dtype=np.float32)[place % 3]) for place in range(page + 5))


def test_items_behind_a_filter_are_counted_once_until_the_collection_changes():
    store, samples = Store(), Samples()
    pictures = Where((Match("folders", ("/a",)),))
    counts = [samples.count(store, "image", pictures, version) for version in ((1,), (1,), (2,), (1,))]
    assert counts == [41, 41, 42, 41]
    assert store.counted[0] == Where((Match("modality", ("image",)), Match("folders", ("/a",))))
    assert samples.count(store, "text", pictures, (1,)) == 43
    assert samples.count(store, "image", Where(), (1,)) == 44
    assert samples.count(Store(), "image", pictures, (1,)) == 41, "another collection has its own"


def test_the_oldest_counts_give_way():
    store, samples = Store(), Samples()
    for place in range(2000):
        samples.count(store, "image", Where((Match("page", (place,)),)), (1,))
    before = len(store.counted)
    samples.count(store, "image", Where((Match("page", (1999,)),)), (1,))
    assert len(store.counted) == before
    samples.count(store, "image", Where((Match("page", (0,)),)), (1,))
    assert len(store.counted) == before + 1


def test_a_sample_is_taken_once_and_is_bounded():
    store, samples = Store(), Samples()
    first = samples.of(store, "image", (1,))
    assert len(first.vectors) == 1024
    assert samples.of(store, "image", (1,)) is first
    assert samples.of(store, "image", (2,)) is not first
    assert store.scanned == 2
