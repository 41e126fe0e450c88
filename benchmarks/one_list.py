"""One list of pictures and passages, and what its relevance is worth, measured beside what others do.

    python -m benchmarks.one_list features --work DIR --out FILE.npz       what constants are fitted on: half of the queries
    python -m benchmarks.one_list measure --work DIR --out FILE.json       what is published: the other half
    python -m benchmarks.one_list draw --results FILE.json --out FILE.png  the reliability diagram

DIR holds what `python -m benchmarks.mixed_corpus` built; it is indexed there once for each model, and every smaller
collection is cut out of that, so that all are of the same vectors.
"""

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.list_features import save_features
from benchmarks.list_quality import ask_library, ask_plainly, first_right, score_list, took
from benchmarks.machine import describe_machine
from benchmarks.mixed_corpus import Corpus, read_corpus
from benchmarks.part_library import hold, load
from benchmarks.parts import PARTS, Part, cut
from benchmarks.relevance_quality import Judged, compare, join, judge
from benchmarks.reliability_diagram import draw_reliability
from benchmarks.stored import index_corpus
from search import SearchLibrary

CARDS = ("starter", "starter-multilingual")
_NAMED_PART = "both, all"


def main() -> int:
    """One of the commands."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.one_list", description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("features", "measure"):
        command = commands.add_parser(name)
        command.add_argument("--work", type=Path, required=True, help="the folder of python -m benchmarks.mixed_corpus --work")
        command.add_argument("--cards", nargs="+", default=CARDS)
        command.add_argument("--parts", nargs="+", default=tuple(PARTS), choices=tuple(PARTS))
        command.add_argument("--most", type=int, default=100_000, help="queries with, and without, a match of each collection")
        command.add_argument("--out", type=Path, required=True)
    drawing = commands.add_parser("draw")
    drawing.add_argument("--results", type=Path, required=True)
    drawing.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "draw":
        draw_reliability(json.loads(options.results.read_text(encoding="utf-8")), options.out)
        return 0
    corpus = read_corpus(options.work)
    if options.command == "features":
        parts = [cut(index_corpus(options.work, corpus, card), name) for card in options.cards for name in options.parts]
        print(f"{save_features(parts, options.out):,} rows written to {options.out}")
        return 0
    for results in measure(options.work, corpus, options.cards, options.parts, options.most):
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(work: Path, corpus: Corpus, cards: Sequence[str], names: Sequence[str], most: int) -> Iterator[dict[str, Any]]:
    """Everything, for every model and part, as far as it has come; the last entry of `relevance` is of all of them together."""
    lists: list[dict[str, Any]] = []
    told: list[dict[str, Any]] = []
    everything: list[Judged] = []
    about = {"machine": describe_machine(), "corpus": count(corpus), "most": most}
    for card in cards:
        stored, encoder = index_corpus(work, corpus, card), load(work, card)
        for name in names:
            part = cut(stored, name)
            for with_names in (False, True) if name == _NAMED_PART else (False,):
                with hold(work, part, encoder, with_names) as library:
                    where = {"card": card, "part": name, "names": with_names, **sizes(part)}
                    scored, judged = measure_part(part, library, most)
                lists.append({**where, **scored})
                told.append({**where, **compare(judged)})
                everything += [] if with_names else [judged]
                print(json.dumps({**where, "ways": _short(scored["ways"])}), flush=True)
                print(json.dumps({key: value for key, value in told[-1].items() if key != "calibration"}), flush=True)
                whole = {"card": "all", "part": "all", "names": False, **compare(join(everything or [judged]))}
                yield {**about, "lists": lists, "relevance": [*told, whole]}


def measure_part(part: Part, library: SearchLibrary, most: int) -> tuple[dict[str, Any], Judged]:
    """R@k of every way on the test half, and what the relevance of the library's own list says.

    Queries with a match are of both halves, since a threshold is chosen on one; those without are of the test half.
    """
    asked = part.stored.corpus.queries
    matches = draw(list(part.right), most)
    others = draw([place for place in part.absent if asked[place].half == "test"], most)
    rights = [part.right[place] for place in matches]
    answers, told = ask_library(part, library, matches)
    nothing, _ = ask_library(part, library, others)
    ways = {**ask_plainly(part, matches), "this library": answers.lists, "this library, told the kind": told.lists}
    test = np.array([asked[place].half == "test" for place in matches])
    sets = np.array([asked[place].set for place in matches])
    groups = np.array([asked[place].group for place in matches])
    scored: dict[str, Any] = {}
    for name, lists in ways.items():
        ranks = first_right(lists, rights)
        chosen = {"all": test, **{str(each): test & (sets == each) for each in np.unique(sets)}}
        scored[name] = {key: score_list(ranks[some], groups[some].tolist()) for key, some in chosen.items() if some.any()}
    everyone = [*matches, *others]
    cosine = (part.stored.asked[np.array(everyone)] @ part.stored.vectors[part.points].T).max(axis=1).astype(np.float64)
    about = {
        "fit": np.array([asked[place].half == "fit" for place in everyone]),
        "strict": np.array([part.absent.get(place, False) for place in everyone]),
        "nonsense": np.array([asked[place].set == "nonsense" for place in everyone]),
    }
    lists = np.concatenate([answers.lists, nothing.lists])
    judged = judge(lists, np.concatenate([answers.relevance, nothing.relevance]), cosine, rights, about)
    counts = {str(each): int((test & (sets == each)).sum()) for each in np.unique(sets)}
    return {"queries": counts, "milliseconds": took(part, library, matches), "ways": scored}, judged


def draw(queries: list[int], most: int) -> list[int]:
    """So many of them at random, always the same, or all."""
    return queries if len(queries) <= most else random.Random(0).sample(queries, most)


def sizes(part: Part) -> dict[str, int]:
    """How many items of each kind a part holds."""
    return {"pictures": int(part.is_picture.sum()), "passages": int((~part.is_picture).sum())}


def count(corpus: Corpus) -> dict[str, dict[str, int]]:
    """Files by source, queries by set."""
    return {
        "files": dict(Counter(item.source for item in corpus.items)),
        "queries": dict(Counter(query.set for query in corpus.queries)),
    }


def _short(ways: dict[str, Any]) -> dict[str, float]:
    return {name: sets["all"]["R@10"]["value"] for name, sets in ways.items()}


if __name__ == "__main__":
    sys.exit(main())
