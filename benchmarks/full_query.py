"""What a question costs in a large library: the whole pipeline beside a bare vector query.

    python -m benchmarks.full_query --work DIR --out benchmarks/results/full_query.json

Bare: encode the words and ask the store for the ten nearest, behind the same filter where there is one. Whole:
`library.answer(query)`, ten hits with relevance, reasons, stacks and snippets. Each question is asked both ways in turn, the
one or the other first; no question comes twice, so nothing is remembered. Afterwards all are asked once more without the graph
(`exact=True`), to see how much of the true lists was found. The library is made in DIR, unless it is there
(`benchmarks.full_library`).
"""

import argparse
import hashlib
import json
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.full_library import Material, fill_library, read_material
from benchmarks.machine import describe_machine
from encoders import load_encoder
from encoders.dual import DualEncoder
from search import Filters, Query, SearchLibrary, Term

__all__ = ["make_queries", "measure"]

_WARM = 10  # of each kind, not measured
_LIMIT = 10


def main() -> int:
    """Make the library, ask, print, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.full_query", description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="where the library is, or will be")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=100, help="of each kind")
    parser.add_argument("--hits", type=Path, metavar="FILE", help="write down the hits, to compare two versions")
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    options = parser.parse_args()
    encoder = load_encoder("starter", cache=options.work / "models")
    material = read_material(options.work, encoder)
    with SearchLibrary(options.work / "home", f"items-{options.items}", encoder=encoder) as library:
        if library.store.manifest() is None or library.store.count() < options.items:  # or cut short
            fill_library(library, encoder, material, options.items)
        if library.store.info().exact:
            library.store.build_index()
        results, hits = measure(library, encoder, make_queries(material, options.items, options.queries + _WARM))
    about = {"machine": describe_machine(), "items": options.items, "dimension": encoder.dimension}
    about["engine"] = library.store.info().engine
    print(json.dumps(results, indent=1))
    if options.out:
        options.out.write_text(json.dumps({**about, **results}, indent=1) + "\n", encoding="utf-8")
    if options.hits:
        options.hits.write_text(json.dumps(hits, indent=0) + "\n", encoding="utf-8")
    return 0


def make_queries(material: Material, items: int, count: int) -> dict[str, list[Query]]:
    """Kind -> so many different queries of it."""
    dice = random.Random(7)
    picked = dice.sample(range(len(material.nouns)), 4 * count)
    asked = iter(_words(material, place, number) for number, place in enumerate(picked))
    trips, years = list(range(100)), list(range(2002, 2004))

    def phrase(number: int) -> str:
        parts = material.definitions[picked[number]].split()
        return f'"{" ".join(parts[2:5])}" {" ".join(parts[5:8])}'

    def filtered(number: int) -> Query:
        filters = (
            Filters(keyword=f"trip {dice.choice(trips)}"),  # a hundredth of the pictures
            Filters(kind="document", dates=f"{dice.choice(years)}-0{dice.randrange(1, 8)}"),
            Filters(kind=dice.choice(("image", "document"))),
        )
        return _asked(next(asked), filters=filters[number % len(filters)])

    makers: dict[str, Callable[[int], Query]] = {
        "words": lambda _: _asked(next(asked)),
        "name": lambda number: _asked(f"IMG_{dice.randrange(items // 5):05}{'.jpg' if number % 2 else ''}"),
        "phrase": lambda number: _asked(phrase(number)),
        "composed": lambda _: Query((Term(text=next(asked)), Term(text=next(asked), weight=-0.5)), limit=_LIMIT),
        "filter": filtered,
    }
    return {kind: [make(number) for number in range(count)] for kind, make in makers.items()}


def _words(material: Material, place: int, number: int) -> str:
    """A noun, or how somebody would say it who does not know the noun."""
    return material.nouns[place] if number % 2 else " ".join(material.definitions[place].split()[:5])


def _asked(text: str, filters: Filters | None = None) -> Query:
    return Query((Term(text=text),), filters or Filters(), _LIMIT)


def measure(
    library: SearchLibrary, encoder: DualEncoder, queries: Mapping[str, Sequence[Query]]
) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Milliseconds by kind and way, and the hits of the whole pipeline."""
    store = library.store

    def bare(query: Query) -> None:
        rows = [encoder.encode_query(text=term.text) * term.weight for term in query.terms]
        vector = np.sum(rows, axis=0)
        where = query.where
        store.search((vector / np.linalg.norm(vector)).astype(np.float32), _LIMIT, where if where.must else None)

    took: dict[str, dict[str, list[float]]] = {kind: {"bare": [], "whole": []} for kind in queries}
    hits: dict[str, list[Any]] = {kind: [] for kind in queries}
    rounds = list(zip(*queries.values(), strict=True))
    for number, together in enumerate(rounds):
        for kind, query in zip(queries, together, strict=True):
            answers: list[Any] = []
            ways: list[tuple[str, Callable[[], None]]] = [
                ("bare", lambda query=query: bare(query)),
                ("whole", lambda query=query, answers=answers: answers.append(library.answer(query))),
            ]
            for way, ask in ways if number % 2 else reversed(ways):
                began = time.perf_counter()
                ask()
                if number >= _WARM:
                    took[kind][way].append((time.perf_counter() - began) * 1000)
            told = [(hit.id, round(hit.relevance, 3), len(hit.under)) for hit in answers[0].hits]
            hits[kind].append({"query": [term.text for term in query.terms], "found": answers[0].found, "hits": told})
    found = {
        kind: [_found(library, query, hit) for query, hit in zip(queries[kind], hits[kind], strict=True)] for kind in queries
    }
    rows = {kind: {**_row(each["bare"], each["whole"]), "found": float(np.mean(found[kind]))} for kind, each in took.items()}
    everything = {way: [one for each in took.values() for one in each[way]] for way in ("bare", "whole")}
    all_found = float(np.mean([one for each in found.values() for one in each]))
    rows["all"] = {**_row(everything["bare"], everything["whole"]), "found": all_found}
    digest = hashlib.sha256(json.dumps(hits).encode()).hexdigest()[:16]
    return {"queries": len(rounds) - _WARM, "kinds": rows, "hits_digest": digest}, hits


def _found(library: SearchLibrary, query: Query, answered: Mapping[str, Any]) -> float:
    """Share of the hits that comparing with every item gives which are among those that the graph gave; 1 without any."""
    true = {hit.id for hit in library.answer(query, exact=True).hits}
    return len(true & {name for name, *_ in answered["hits"]}) / len(true) if true else 1.0


def _row(bare: Sequence[float], whole: Sequence[float]) -> dict[str, Any]:
    """Medians, 95th and 99th percentiles, and how many times as long the whole takes."""
    row: dict[str, Any] = {}
    for part in (50, 95, 99):
        one, other = float(np.percentile(bare, part)), float(np.percentile(whole, part))
        row[f"p{part}"] = {"bare_ms": round(one, 2), "whole_ms": round(other, 2), "times": round(other / one, 2)}
    return row


if __name__ == "__main__":
    sys.exit(main())
