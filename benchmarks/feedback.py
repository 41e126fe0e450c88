"""What a person gains by judging hits: simulated users on pictures that the model's training held out.

    python -m benchmarks.mixed_corpus --work DIR --recipe-work DIR      # the collection, once
    python -m benchmarks.feedback --work DIR --out benchmarks/results/feedback.json

A user asks with a keyword, looks at the first one, three or five hits and says of each whether it fits: it does where the
picture has the keyword. Then the ranking is made anew, and what was judged is left out of both rankings, since nobody gains by
being shown again what he has judged (residual collection: Salton and Buckley 1990). A second user asks for one thing by its
name, of which there are a few drawings, and so judges mostly what is wrong. Weights are chosen on one half of the queries, and
everything is told of the other half. Nothing of a keyword or name is in the files.
"""

import argparse
import hashlib
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.feedback_ways import Way, Ways
from benchmarks.machine import describe_machine
from encoders.evaluation.bootstrap import difference_interval, interval
from encoders.vectors import Vectors
from search import SearchLibrary, open_library
from search.background import Sample
from search.feedback import ROCCHIO, Rocchio, modality_centre
from search.recalibrate import recalibrate

__all__ = ["Question", "measure", "questions_of", "residual"]

_JUDGED = (1, 3, 5)
_FEWEST, _MOST = 8, 64  # right answers of a keyword
_TOP = 10
_PAIRS = (0.1, 0.25, 0.5)
_WEIGHTS = [Rocchio(likes, dislikes) for likes in (0.25, 0.5, 1.0, 2.0) for dislikes in (0.0, 0.1, 0.25, 0.5)]
_COLLECTION = "starter"
_QUERIES_A_CALL = 64


@dataclass(frozen=True)
class Question:
    """What a user asks, and the places of the right answers."""

    text: str
    user: str  # keyword or name
    right: frozenset[int]

    @property
    def half(self) -> str:
        """Which half it belongs to, by its text alone."""
        return ("fit", "test")[hashlib.sha256(self.text.encode()).digest()[0] & 1]


def questions_of(keywords: Sequence[frozenset[str]], names: Sequence[frozenset[str]]) -> list[Question]:
    """Questions of both users about (n,) pictures, by what each is called."""
    counts = Counter(word for each in keywords for word in each if not word.isdigit())
    found = []
    for user, said, wanted in (
        ("keyword", keywords, {word for word, count in counts.items() if _FEWEST <= count <= _MOST}),
        ("name", names, {name for name, count in Counter(name for each in names for name in each).items() if count > 1}),
    ):
        places: dict[str, set[int]] = {text: set() for text in sorted(wanted)}
        for place, texts in enumerate(said):
            for text in texts & wanted:
                places[text].add(place)
        found += [Question(text, user, frozenset(right)) for text, right in places.items()]
    return found


def residual(ranking: Sequence[int], judged: Sequence[int], right: frozenset[int]) -> tuple[float, float] | None:
    """R@10 and nDCG@10 of what was not judged; None where no right answer is left.

    >>> residual([5, 1, 2], judged=[5], right=frozenset({5, 2}))
    (1.0, 0.6309297535714575)
    """
    left = right - set(judged)
    if not left:
        return None
    top = [place for place in ranking if place not in set(judged)][:_TOP]
    gains = [1 / np.log2(rank + 2) for rank in range(_TOP)]
    gained = sum(gain for place, gain in zip(top, gains, strict=False) if place in left)
    return sum(place in left for place in top) / len(left), float(gained / sum(gains[: len(left)]))


Rows = list[tuple[float, float]]


def _ask(ways: Ways, way: Way, questions: Sequence[Question], vectors: Vectors, count: int) -> Rows:
    rows = []
    for question, vector in zip(questions, vectors, strict=True):
        judged = ways.first(question.text, vector, max(_JUDGED))[:count]
        told = {place: place in question.right for place in judged}
        row = residual(ways.ranking(way, vector, told, _TOP + count), judged, question.right)
        if row is not None:
            rows.append(row)
    return rows


def measure(ways: Ways, questions: Sequence[Question], vectors: Vectors) -> dict[str, Any]:
    """Weights from the half "fit" of the questions, results of every way on the half "test", by user."""

    def part(half: str, user: str) -> tuple[list[Question], Vectors]:
        chosen = [place for place, one in enumerate(questions) if (one.half, one.user) == (half, user)]
        return [questions[place] for place in chosen], vectors[chosen]

    def fitness(way: Way) -> float:
        """Mean nDCG over both users and all numbers of judgements."""
        return float(np.mean([_means(_ask(ways, way, *part("fit", u), n))[1] for u in ("keyword", "name") for n in _JUDGED]))

    weights = max(_WEIGHTS, key=lambda each: fitness(ways.rocchio(each)))
    pair = max(_PAIRS, key=lambda each: fitness(ways.naive(each)))
    compared: Mapping[str, Way] = {
        "none": ways.none,
        "rocchio": ways.rocchio(weights),
        "rocchio_shipped": ways.rocchio(ROCCHIO),
        "rocchio_plain": ways.rocchio(weights, centred=False),
        "naive": ways.naive(pair),
        "best_score": ways.best_score,
        "discovery": ways.discovery,
    }
    told: dict[str, Any] = {"chosen": {"likes": weights.likes, "dislikes": weights.dislikes, "pair": pair}, "users": {}}
    for user in ("keyword", "name"):
        chosen = part("test", user)
        told["users"][user] = {
            name: {str(count): _ask(ways, way, *chosen, count) for count in _JUDGED} for name, way in compared.items()
        }
        told["users"][user] = {name: _against(rows, told["users"][user]["none"]) for name, rows in told["users"][user].items()}
    return told


def _means(rows: Rows) -> tuple[float, float]:
    recall, gain = np.mean(rows, axis=0)
    return float(recall), float(gain)


def _against(by_count: Mapping[str, Rows], none: Mapping[str, Rows]) -> dict[str, Any]:
    told = {}
    for count, rows in by_count.items():
        (recall, gain), base = _means(rows), np.array(none[count])
        first, second = np.array(rows).T
        told[count] = {
            "queries": len(rows),
            "recall": round(recall, 4),
            "recall_interval": _rounded(interval(first)),
            "recall_gain": _rounded(difference_interval(first, base[:, 0])),
            "ndcg": round(gain, 4),
            "ndcg_gain": _rounded(difference_interval(second, base[:, 1])),
        }
    return told


def _rounded(numbers: Sequence[float]) -> list[float]:
    return [round(number, 4) for number in numbers]


def measure_library(library: SearchLibrary, ids: Sequence[str], questions: Sequence[Question]) -> dict[str, Any]:
    """The whole search, documents and all, through `search(like=, unlike=)`; and its relevance before and after judgements."""
    place_of = {name: place for place, name in enumerate(ids)}
    rows: dict[str, dict[str, Rows]] = {way: {str(count): [] for count in _JUDGED} for way in ("none", "judged")}
    told: dict[str, list[tuple[float, bool]]] = {"fit": [], "test": []}
    for question in questions:
        before = library.search(question.text, limit=_TOP + max(_JUDGED))
        ranked = [place_of.get(hit.id, -1) for hit in before]
        for hit, place in list(zip(before, ranked, strict=True))[: 5 if question.half == "fit" else _TOP]:
            told[question.half].append((float(np.log(hit.relevance / (1 - hit.relevance))), place in question.right))
        if question.half == "fit":
            continue
        for count in _JUDGED:
            likes = [hit.id for hit, place in zip(before[:count], ranked, strict=False) if place in question.right]
            unlikes = [hit.id for hit in before[:count] if hit.id not in likes]
            after = library.search(question.text, limit=_TOP + count, like=likes, unlike=unlikes)
            unseen = [place_of.get(hit.id, -1) for hit in after if hit.id not in {*likes, *unlikes}]
            seen = [place for place in ranked[:count] if place >= 0]
            for way, ranking in (("none", ranked[count:]), ("judged", unseen)):
                row = residual(ranking, seen, question.right)
                if row is not None:
                    rows[way][str(count)].append(row)
    return {"ways": {way: _against(each, rows["none"]) for way, each in rows.items()}, "relevance": _relevance(told)}


def _relevance(told: Mapping[str, Sequence[tuple[float, bool]]]) -> list[dict[str, Any]]:
    """How well relevance says what fits, on the half "test", after some judgements of the half "fit"."""
    dice = np.random.default_rng(0)
    shuffled = [told["fit"][place] for place in dice.permutation(len(told["fit"]))]
    scores, fits = (np.array(column, float) for column in zip(*told["test"], strict=True))
    found = []
    for count in (0, 10, 50, 200):
        line = recalibrate(*zip(*shuffled[:count], strict=True)) if count else recalibrate([], [])
        chance = 1 / (1 + np.exp(-(line.shift + line.slope * scores)))
        loss = -np.mean(np.log(np.where(fits > 0, chance, 1 - chance)))
        found.append(
            {
                "judgements": count,
                "shift": round(line.shift, 3),
                "slope": round(line.slope, 3),
                "log_loss": round(float(loss), 4),
                "said": round(float(chance.mean()), 4),
                "true": round(float(fits.mean()), 4),
                "hits": len(fits),
            }
        )
    return found


def main() -> int:
    """Measure, print, and write to --out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feedback", description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="the folder of python -m benchmarks.mixed_corpus --work")
    parser.add_argument("--out", type=Path, help="JSON of the results")
    options = parser.parse_args()
    corpus = options.work / "corpus"
    items = json.loads((corpus / "corpus.json").read_text(encoding="utf-8"))["items"]
    with open_library(options.work / "home", _COLLECTION) as library, tempfile.TemporaryDirectory() as folder:
        library.add([corpus / "pictures", corpus / "documents"], model=_COLLECTION)
        stored = [item for item in library.store.scan(with_vectors=True) if item.payload["modality"] == "image"]
        called = {(corpus / item["file"]).absolute().as_posix(): item for item in items}
        keywords = [_said(item.payload["paths"], called, lambda one: one["keywords"]) for item in stored]
        names = [_said(item.payload["paths"], called, lambda one: [one["name"]]) for item in stored]
        questions = questions_of(keywords, names)
        texts = [question.text for question in questions]
        starts = range(0, len(texts), _QUERIES_A_CALL)
        asked = np.concatenate([library.encoder.encode_queries("text", texts[at : at + _QUERIES_A_CALL]) for at in starts])
        vectors = np.array([item.vector for item in stored], np.float32)
        ways = Ways(Path(folder) / "shard", vectors, modality_centre(Sample(vectors, len(vectors))))
        told = measure(ways, questions, asked)
        whole = measure_library(library, [item.id for item in stored], [one for one in questions if one.user == "keyword"])
        counted = library.store.count()
    results = {"items": counted, "pictures": len(stored), **told, "library": whole, "machine": describe_machine()}
    text = json.dumps(results, indent=1) + "\n"
    print(text)
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    return 0


def _said(paths: Sequence[str], called: Mapping[str, Any], what: Callable[[Any], Sequence[str]]) -> frozenset[str]:
    return frozenset(text.casefold() for path in paths if path in called for text in what(called[path]) if text)


if __name__ == "__main__":
    sys.exit(main())
