"""Fit the constants of `search.evidence` on the fit half of the mixed corpus's queries.

    python -m benchmarks.fit_evidence --work DIR

DIR is that of `benchmarks.one_list`. For each query its best candidates are looked at as a search sees them: how far its
cosine stands above the query's background, where it lies between what the card calls unrelated and a clear match, how many
items compete, and which share of the words' best BM25 it reaches. A logistic regression of "is right" on these gives the
order of the list; a second one, of "the collection holds an answer" on the best candidate of each query, brings it onto a
scale where 0.5 is as likely found as not.
"""

import argparse
import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.mixed_corpus import read_corpus
from benchmarks.part_library import hold, load
from benchmarks.parts import PARTS, Part, cut
from benchmarks.stored import index_corpus
from indexer.store.base import Leg, Plan, Where
from search import SearchLibrary
from search.background import measure_background
from search.evidence import EVIDENCE
from search.explain import read_words

_CANDIDATES = 20
_TAIL = (0.98, 0.999)  # quantiles that the tail is drawn through
_RIDGE = 1.0
_COLUMNS = ("deviations", "level", "crowd", "words", "picture", "right", "query", "held")


def main() -> int:
    """Print the constants."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fit_evidence", description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--cards", nargs="+", default=("starter",))
    parser.add_argument("--most", type=int, default=300, help="queries of each collection")
    parser.add_argument("--keep", type=Path, metavar="FILE.npz", help="keep what was looked at")
    options = parser.parse_args()
    corpus = read_corpus(options.work)
    rows: dict[str, list[NDArray[Any]]] = {name: [] for name in _COLUMNS}
    drawn = []
    for card in options.cards:
        stored, encoder = index_corpus(options.work, corpus, card), load(options.work, card)
        for number, name in enumerate(PARTS):
            part = cut(stored, name)
            drawn.append(tail_of(part))
            for with_names in (False, True):
                with hold(options.work, part, encoder, with_names) as library:
                    looked = look(part, library, options.most)
                looked["query"] = looked["query"] + 1_000_000 * (2 * number + with_names)  # one query in each collection
                for column, values in looked.items():
                    rows[column].append(values)
                print(card, name, with_names, file=sys.stderr, flush=True)
    columns = {name: np.concatenate(parts) for name, parts in rows.items()}
    tails = {
        modality: tuple(np.median([one[modality] for one in drawn if modality in one], axis=0).round(3).tolist())
        for modality in ("image", "text")
    }
    print(json.dumps({"tails": tails, "weight": round(-math.log(1 - _TAIL[0]), 3), **fit(columns, tails)}, indent=1))
    if options.keep is not None:
        np.savez_compressed(options.keep, **columns)  # type: ignore[arg-type]  # arrays by name
    return 0


def tail_of(part: Part) -> dict[str, tuple[float, float]]:
    """Modality -> where the tail begins, and its mean excess, in deviations: medians over the queries that nothing fits."""
    asked = part.stored.asked[np.array(list(part.absent))]
    found = {}
    for modality, side in (("image", part.is_picture), ("text", ~part.is_picture)):
        if side.any():
            cosines = asked @ part.stored.vectors[part.points][side].T
            low, centre, *high = np.quantile(cosines, (0.159, 0.5, *_TAIL), axis=1)
            above = (np.array(high) - centre) / (centre - low)
            excess = (above[1] - above[0]) / math.log((1 - _TAIL[0]) / (1 - _TAIL[1]))
            found[modality] = (float(np.median(above[0])), float(np.median(excess)))
    return found


def look(part: Part, library: SearchLibrary, most: int) -> dict[str, NDArray[Any]]:
    """Columns of `fit` for the candidates of up to `most` queries of the fit half."""
    asked = part.stored.corpus.queries
    places = [place for place in (*part.right, *part.absent) if asked[place].half == "fit"]
    places = [places[n] for n in np.random.default_rng(0).permutation(len(places))[:most].tolist()]
    space = library.space()
    assert space is not None
    samples = {kind: library._samples.of(space.store, kind, (part.name,)) for kind in ("image", "text")}
    items = sum(sample.items for sample in samples.values())
    rows = []
    for place in places:
        vector = part.stored.asked[place]
        ranges = space.encoder.card.score_ranges
        grounds = {kind: measure_background(vector, sample, *ranges["text", kind]) for kind, sample in samples.items()}
        words, _ = read_words(asked[place].text)
        peaks = space.store.word_peaks(words)
        legs = tuple(Leg(kind, Where(), *EVIDENCE.line(ground, kind)) for kind, ground in grounds.items())
        share = EVIDENCE.words_line(words, peaks, items) / (EVIDENCE.meaning * math.log(max(2, items)) + EVIDENCE.words)
        right = part.right.get(place, frozenset())
        plan = Plan(vector, legs, words, EVIDENCE.words_line(words, peaks, items))
        for hit in space.store.fuse(plan, _CANDIDATES):
            ground = grounds[hit.payload["modality"]]
            deviations = (hit.cosine - ground.centre) / ground.spread
            picture = hit.payload["modality"] == "image"
            low, high = ranges["text", hit.payload["modality"]]
            level = (hit.cosine - low) / (high - low)
            row = (deviations, level, math.log(max(2, ground.items)), hit.words * share, picture, part.places[hit.id] in right)
            rows.append((*row, place, bool(right)))
    return dict(zip(_COLUMNS, np.array(rows, dtype=np.float64).T, strict=True))


def fit(columns: dict[str, NDArray[Any]], tails: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    """Both regressions, as constants of `search.evidence.Evidence`.

    log odds = meaning * (t - crowd) + level * place on the card's scale + (meaning * crowd + words) * share + bias of the
    modality: linear in the constants.
    """
    begins, scale = (np.where(columns["picture"] > 0, tails["image"][n], tails["text"][n]) for n in (0, 1))
    surprise = -math.log(1 - _TAIL[0]) + (columns["deviations"] - begins) / scale
    share, crowd, picture = columns["words"], columns["crowd"], columns["picture"]
    design = np.column_stack([surprise - crowd * (1 - share), columns["level"], share, picture, 1 - picture])
    order = regress(design, columns["right"])
    odds = design @ order
    queries, place = np.unique(columns["query"], return_inverse=True)
    best = np.full(len(queries), -np.inf)
    np.maximum.at(best, place, odds)
    held = np.zeros(len(queries))
    np.maximum.at(held, place, columns["held"])
    slope, shift = regress(np.column_stack([best, np.ones(len(best))]), held)
    meaning, level, words, image, text = (slope * order).tolist()
    bias = {"image": round(image + shift, 3), "text": round(text + shift, 3)}
    found = {"meaning": round(meaning, 3), "level": round(level, 3), "words": round(words, 3)}
    return {**found, "bias": bias, "queries": len(queries)}


def regress(design: NDArray[Any], right: NDArray[Any]) -> NDArray[Any]:
    """Logistic regression by Newton's method, with a little ridge: (n, k) and (n,) 0 or 1 -> (k,)."""
    theta = np.zeros(design.shape[1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(design @ theta, -30, 30)))
        gradient = design.T @ (right - chance) - _RIDGE * theta
        curvature = (design * (chance * (1 - chance))[:, None]).T @ design + _RIDGE * np.eye(len(theta))
        step = np.linalg.solve(curvature, gradient)
        theta += step
        if np.abs(step).max() < 1e-9:
            break
    return theta


if __name__ == "__main__":
    sys.exit(main())
