"""What the one list's relevance is fitted on: for queries of the fit half, their candidates and what is known of each."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.parts import Part
from benchmarks.plain_search import WordScores, best_first

__all__ = ["QUANTILES", "candidate_features", "save_features"]

QUANTILES = (0.02, 0.16, 0.5, 0.84, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
_COLUMNS = ("query", "item", "cosine", "quantiles", "size", "right", "level", "bm25")
_CANDIDATES = 50  # of each modality, and by words


def candidate_features(part: Part, half: str = "fit") -> dict[str, NDArray[Any]]:
    """Columns, (r,) each but `quantiles` (r, 10): a row for each query of that half and each of its candidates.

    Candidates are the best 50 by cosine of either modality and the best 50 by words. `bm25` is -inf where no word is
    shared. `level` is 0 for a query with a match, 1 for one that nothing fits, 2 for one that shares no word either.
    """
    stored = part.stored
    queries = [*part.right, *part.absent]
    asked = np.array([place for place in queries if stored.corpus.queries[place].half == half])
    cosines = (stored.asked[asked] @ stored.vectors[part.points].T).astype(np.float32)
    words = WordScores([stored.words[point] for point in part.points.tolist()])
    by_words = words.scores([stored.corpus.queries[place].text for place in asked.tolist()])
    sides = [side for side in (part.is_picture, ~part.is_picture) if side.any()]
    quantiles = [np.quantile(cosines[:, side], QUANTILES, axis=1).T.astype(np.float32) for side in sides]
    sizes = [int(side.sum()) for side in sides]
    side_of = np.array([next(n for n, side in enumerate(sides) if side[place]) for place in range(len(part.points))])
    chosen = [best_first(np.where(side, cosines, -np.inf), _CANDIDATES) for side in sides]
    chosen.append(best_first(by_words, _CANDIDATES))
    rows: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
    for row, query in enumerate(asked.tolist()):
        places = np.unique(np.concatenate([one[row] for one in chosen]))
        places = places[places >= 0]
        right = part.right.get(query, frozenset())
        level = 0 if right else 1 + part.absent[query]
        rows["query"].append(np.full(len(places), query))
        rows["item"].append(part.points[places])
        rows["cosine"].append(cosines[row, places])
        rows["quantiles"].append(np.stack([quantiles[side_of[place]][row] for place in places.tolist()]))
        rows["size"].append(np.array(sizes)[side_of[places]])
        rows["right"].append(np.array([place in right for place in places.tolist()]))
        rows["level"].append(np.full(len(places), level))
        rows["bm25"].append(by_words[row, places])
    columns = {name: np.concatenate(parts) for name, parts in rows.items()}
    columns["picture"] = stored.is_picture[columns["item"]]
    return columns


def save_features(parts: list[Part], out: Path) -> int:
    """Write one .npz with the rows of all parts: `part` and `card` say which, `parts`, `cards` and `queries` name them."""
    cards, names = sorted({part.stored.card for part in parts}), sorted({part.name for part in parts})
    columns: dict[str, list[NDArray[Any]]] = {}
    for part in parts:
        found = candidate_features(part)
        found["part"] = np.full(len(found["query"]), names.index(part.name))
        found["card"] = np.full(len(found["query"]), cards.index(part.stored.card))
        for name, values in found.items():
            columns.setdefault(name, []).append(values)
    queries = parts[0].stored.corpus.queries
    about = {
        "parts": np.array(names),
        "cards": np.array(cards),
        "quantile_levels": np.array(QUANTILES),
        "query_text": np.array([query.text for query in queries]),
        "query_set": np.array([query.set for query in queries]),
        "query_group": np.array([query.group for query in queries]),
        "query_kind": np.array([query.kind for query in queries]),
    }
    whole = {name: np.concatenate(values) for name, values in columns.items()}
    np.savez_compressed(out, **whole, **about)  # type: ignore[arg-type]  # arrays by name
    return len(whole["query"])
