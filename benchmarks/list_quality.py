"""Rankings of the same queries over the same vectors: as others make one list, as the library does, and told which kind."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts import Part
from benchmarks.plain_search import WordScores, best_first, fuse_ranks
from encoders.evaluation.bootstrap import interval
from search import Hit, SearchLibrary

__all__ = ["DEPTH", "Answers", "ask_library", "ask_plainly", "first_right", "score_list", "took"]

DEPTH = 20
"""How far down a list the right answer is looked for."""

_RANKS = (1, 5, 10)
_TIMED = 200

_Places = NDArray[np.int64]


@dataclass(frozen=True)
class Answers:
    """What a library answered to q queries."""

    lists: _Places  # (q, DEPTH) places of the part's points, best first; -1 where there are no more
    relevance: NDArray[np.float64]  # (q, DEPTH), 0 where there are no more


def ask_plainly(part: Part, queries: Sequence[int]) -> dict[str, _Places]:
    """Name of a way -> (q, DEPTH) places of points. The told ways know the kind of the right answer, if there is one."""
    stored = part.stored
    texts = [stored.corpus.queries[place].text for place in queries]
    kinds = np.array([stored.corpus.queries[place].kind == "image" for place in queries])
    cosines = (stored.asked[np.array(queries)] @ stored.vectors[part.points].T).astype(np.float32)
    pictures, passages = (np.where(side, cosines, -np.inf).astype(np.float32) for side in (part.is_picture, ~part.is_picture))
    by_words = WordScores([_indexed_words(part, point) for point in part.points.tolist()]).scores(texts)
    ways = {
        "plain cosine": cosines,
        "RRF of pictures and passages": fuse_ranks([pictures, passages]) + 1e-6 * cosines,
        "RRF of vectors and words": fuse_ranks([cosines, by_words]) + 1e-6 * cosines,
        "told the kind, by cosine": np.where(kinds[:, None], pictures, passages),
    }
    return {name: _padded(best_first(scores, DEPTH)) for name, scores in ways.items()}


def ask_library(part: Part, library: SearchLibrary, queries: Sequence[int]) -> tuple[Answers, Answers]:
    """`library.search` as anybody calls it, of a library that holds this part; and the same, narrowed to the right kind."""
    plain, told = (Answers(np.full((len(queries), DEPTH), -1), np.zeros((len(queries), DEPTH))) for _ in range(2))
    for row, place in enumerate(queries):
        query = part.stored.corpus.queries[place]
        for answers, kind in ((plain, None), (told, query.kind or None)):
            if answers is plain or place in part.right:
                hits = library.search(query.text, limit=DEPTH, kind=kind)
                right = part.right.get(place, frozenset())
                answers.lists[row, : len(hits)] = [_shown(part, hit, right) for hit in hits]
                answers.relevance[row, : len(hits)] = [hit.relevance for hit in hits]
    return plain, told


def _shown(part: Part, hit: Hit, right: frozenset[int]) -> int:
    """Place of what a hit shows: of a stack of copies, the one that is right, if any is: they say or show the same."""
    copies = [hit.id, *(under.id for under in hit.under if under.is_copy_of(hit))]
    return next((part.places[one] for one in copies if part.places[one] in right), part.places[hit.id])


def took(part: Part, library: SearchLibrary, queries: Sequence[int]) -> dict[str, float]:
    """Milliseconds of a query with ten hits, its text never asked before."""
    texts = [f"{part.stored.corpus.queries[place].text} {place}" for place in queries[:_TIMED]]
    library.search("warm up")
    times = []
    for text in texts:
        started = time.perf_counter()
        library.search(text)
        times.append(1000 * (time.perf_counter() - started))
    return {"p50": round(float(np.median(times)), 2), "p95": round(float(np.quantile(times, 0.95)), 2)}


def first_right(lists: _Places, right: Sequence[frozenset[int]]) -> NDArray[np.float64]:
    """(q, k) places, right places of each query -> (q,) rank of the first right one, 1 is best; inf where there is none.

    >>> first_right(np.array([[4, 7, 2], [5, 6, -1]]), [frozenset({2, 7}), frozenset({9})]).tolist()
    [2.0, inf]
    """
    ranks = np.full(len(lists), np.inf)
    for row, (found, wanted) in enumerate(zip(lists.tolist(), right, strict=True)):
        ranks[row] = next((rank for rank, place in enumerate(found, start=1) if place in wanted), np.inf)
    return ranks


def score_list(ranks: NDArray[np.float64], groups: Sequence[str]) -> Mapping[str, Any]:
    """(q,) ranks of the first right answers -> R@1, 5, 10 and MRR, each with its interval; queries of a group go together."""
    columns = {f"R@{k}": (ranks <= k).astype(float) for k in _RANKS} | {"MRR": 1 / ranks}
    scores = {}
    for name, values in columns.items():
        low, high = interval(values, groups)
        scores[name] = {"value": round(float(values.mean()), 4), "from": round(low, 4), "to": round(high, 4)}
    return scores


def _indexed_words(part: Part, point: int) -> str:
    """What words of a point the index has: those of a passage; a picture's file says nothing."""
    return str(part.stored.payloads[point].get("text", ""))


def _padded(lists: _Places) -> _Places:
    return np.pad(lists, ((0, 0), (0, DEPTH - lists.shape[1])), constant_values=-1)
