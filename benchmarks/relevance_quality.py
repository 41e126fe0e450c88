"""What a relevance says of each hit and of the best one, against what is true; and the flat cosine threshold beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.found import Bin, calibration_error, false_found, kept, reliability, separation, threshold_that_keeps

__all__ = ["FOUND", "KEPT", "Judged", "compare", "join", "judge"]

FOUND = 0.5
"""Relevance of the best hit from which a query is answered, and not told "no good match"."""

KEPT = 0.9
"""Share of queries with a match that a threshold must keep to be compared."""

_LIST = 10

_Floats = NDArray[np.float64]
_Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """Queries of one collection with the first hits of their lists; m queries with a match come before those without."""

    matches: int
    fit: _Flags  # (q,) of the fit half
    strict: _Flags  # (q,) shares no word with anything in the collection; of queries without a match
    nonsense: _Flags  # (q,)
    cosine: _Floats  # (q,) the best cosine of all
    relevance: _Floats  # (q, 10) as the library says
    right: _Flags  # (q, 10)


def judge(
    lists: NDArray[np.int64], relevance: _Floats, cosine: _Floats, right: Sequence[frozenset[int]], about: Mapping[str, _Flags]
) -> Judged:
    """(q, k) lists of places with their relevance -> what is right in their first ten; `right` is of queries with a match."""
    top = lists[:, :_LIST]
    truth = np.zeros(top.shape, bool)
    for row, wanted in enumerate(right):
        truth[row] = [place in wanted for place in top[row].tolist()]
    return Judged(len(right), about["fit"], about["strict"], about["nonsense"], cosine, relevance[:, :_LIST], truth)


def join(parts: Sequence[Judged]) -> Judged:
    """Several collections as one: their queries with a match, then those without."""

    def column(name: str) -> NDArray[Any]:
        first = [getattr(part, name)[: part.matches] for part in parts]
        return np.concatenate([*first, *(getattr(part, name)[part.matches :] for part in parts)])

    names = ("fit", "strict", "nonsense", "cosine", "relevance", "right")
    return Judged(sum(part.matches for part in parts), *(column(name) for name in names))


def compare(judged: Judged) -> dict[str, Any]:
    """Numbers of the test half; thresholds that are chosen are chosen on the fit half."""
    match = np.arange(len(judged.fit)) < judged.matches
    test = ~judged.fit
    best = judged.relevance[:, 0]
    return {
        "matches": int((match & test).sum()),
        "others": int((~match & test).sum()),
        "strict": int((judged.strict & test).sum()),
        "nonsense": int((judged.nonsense & test).sum()),
        "relevance": _at(judged, best, FOUND),
        "relevance, threshold chosen": _at(judged, best, threshold_that_keeps(best[match & judged.fit], KEPT)),
        "cosine, threshold chosen": _at(judged, judged.cosine, threshold_that_keeps(judged.cosine[match & judged.fit], KEPT)),
        "calibration": {
            "best hit": _calibration(best[test], judged.right[test, 0]),
            "first ten hits": _calibration(judged.relevance[test].ravel(), judged.right[test].ravel()),
        },
    }


def _at(judged: Judged, scores: _Floats, threshold: float) -> dict[str, float]:
    match, test = np.arange(len(scores)) < judged.matches, ~judged.fit
    seen = match & test & judged.right.any(axis=1)
    found = {
        "threshold": threshold,
        "kept": kept(scores[match & test], threshold),
        "kept of those found": kept(scores[seen], threshold),
        "false found": false_found(scores[~match & test], threshold),
        "false found, no word shared": false_found(scores[judged.strict & test], threshold),
        "false found, nonsense": false_found(scores[judged.nonsense & test], threshold),
        "false found at 90% kept": false_found(scores[~match & test], threshold_that_keeps(scores[match & test], KEPT)),
        "separation": separation(scores[match & test], scores[~match & test]),
    }
    return {name: round(value, 4) for name, value in found.items()}


def _calibration(relevance: _Floats, right: _Flags) -> dict[str, Any]:
    bins: list[Bin] = reliability(relevance, right)
    return {"error": round(calibration_error(relevance, right), 4), "bins": [part.to_dict() for part in bins]}
