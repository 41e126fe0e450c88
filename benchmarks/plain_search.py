"""What others do, on the same vectors: one list by cosine, lists merged by rank, words by BM25. Exact, in numpy."""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.absence import content_words, list_words

__all__ = ["WordScores", "best_first", "fuse_ranks"]

_Floats = NDArray[np.float32]
_Places = NDArray[np.int64]


def best_first(scores: _Floats, limit: int) -> _Places:
    """(n, m) scores -> (n, limit) columns, best first, of equal ones the lower; columns of -inf become -1."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :limit]
    order[np.take_along_axis(scores, order, axis=1) == -np.inf] = -1
    return order


def fuse_ranks(lists: Sequence[_Floats], k: int = 60) -> _Floats:
    """Reciprocal rank fusion (Cormack et al. 2009) of (n, m) scores each: (n, m) sums of 1 / (k + rank), -inf where in no list.

    >>> fuse_ranks([np.array([[3.0, 2.0, -np.inf]]), np.array([[-np.inf, 5.0, -np.inf]])], k=1).tolist()
    [[0.5, 0.8333333134651184, -inf]]
    """
    total = np.zeros(lists[0].shape, np.float32)
    for scores in lists:
        ranks = np.empty(scores.shape, np.float32)
        order = np.argsort(-scores, axis=1, kind="stable")
        np.put_along_axis(ranks, order, np.arange(1, scores.shape[1] + 1, dtype=np.float32)[None], axis=1)
        total += np.where(scores > -np.inf, 1 / (k + ranks), 0)
    return np.where(total > 0, total, -np.inf).astype(np.float32)


class WordScores:
    """BM25 of content words (Robertson and Zaragoza 2009), k1 1.2 and b 0.75."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._places: dict[str, list[int]] = defaultdict(list)
        self._counts: dict[str, list[int]] = defaultdict(list)
        lengths = np.zeros(len(texts), np.float32)
        for place, text in enumerate(texts):
            counts = Counter(list_words(text))
            lengths[place] = sum(counts.values())
            for word, count in counts.items():
                self._places[word].append(place)
                self._counts[word].append(count)
        self._penalty = 1.2 * (0.25 + 0.75 * lengths / max(1.0, float(lengths.mean())))

    def scores(self, queries: Sequence[str]) -> _Floats:
        """(n, m) float32; -inf where no word is shared."""
        total = np.zeros((len(queries), len(self._penalty)), np.float32)
        for row, query in enumerate(queries):
            for word in content_words(query):
                if word in self._places:
                    places, counts = np.array(self._places[word]), np.array(self._counts[word], np.float32)
                    rarity = np.log1p((len(self._penalty) - len(places) + 0.5) / (len(places) + 0.5))
                    total[row, places] += rarity * counts * 2.2 / (counts + self._penalty[places])
        return np.where(total > 0, total, -np.inf).astype(np.float32)
