"""The commands that use what a library says of itself: pairs, evaluate."""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.cards import find_card
from encoders.errors import LibraryError
from indexer.console import add_library_options, answer, say

if TYPE_CHECKING:
    from encoders.dual import DualEncoder
    from encoders.training.pairs import PairSet
    from indexer.evaluate import ModelVectors
    from indexer.library import Library

__all__ = ["add_pairs_commands"]

_MOST_SHOWN = 10

Command = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
Opening = Callable[[argparse.Namespace], "Library"]


def add_pairs_commands(command: Command, opening: Opening) -> None:
    """Add `pairs` and `evaluate` to a command line. `command(name, run, about)` adds one; `opening(options)` opens it."""
    pairs = command(
        "pairs",
        partial(_pairs, opening),
        "Write what the files of a collection say of themselves, and what you said of hits, as training data.",
    )
    pairs.add_argument(
        "--out", required=True, type=Path, metavar="FILE.jsonl", help="a table that encoders train and evaluate take"
    )
    add_library_options(pairs)
    evaluate = command(
        "evaluate",
        partial(_evaluate, opening),
        "How well a model finds what is in a collection, by queries made of its titles, descriptions, keywords and file names.",
    )
    evaluate.add_argument("--model", metavar="CARD", help="what to measure; default: the model of the collection")
    evaluate.add_argument("--against", metavar="CARD", help="another model, on the same queries and items")
    evaluate.add_argument("--limit", type=_count, metavar="N", help="ask N queries, drawn at random; all items are searched")
    add_library_options(evaluate)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _pairs(opening: Opening, options: argparse.Namespace) -> int:
    from encoders.training.pair_files import write_pairs

    if options.out.suffix.lower() != ".jsonl":
        raise LibraryError(f"the pairs are written as JSONL, so name a file that ends with .jsonl, not {options.out}")
    with opening(options) as library:
        pairs = _all_pairs(library)
        if not pairs.pairs:
            raise LibraryError(
                f"the collection {library.collection!r} gives no pair: its files have no titles, descriptions, keywords or "
                "readable names, and no hit was judged in the app"
            )
    write_pairs(pairs, options.out)
    refused = [{"where": each.where, "why": each.why} for each in pairs.refused]
    if options.json:
        answer(json.dumps({"pairs": len(pairs.pairs), "items": len(pairs.items), "out": str(options.out), "refused": refused}))
        return 0
    answer(f"{len(pairs.pairs):,} pairs of {len(pairs.items):,} items are in {options.out}.")
    for each in pairs.refused[:_MOST_SHOWN]:
        answer(f"  left out: {each}")
    if len(pairs.refused) > _MOST_SHOWN:
        answer(f"  and {len(pairs.refused) - _MOST_SHOWN:,} more (--json names them all)")
    return 0


def _all_pairs(library: "Library") -> "PairSet":
    """What was judged, then what the files say of themselves: a judged pair knows more, so it comes first."""
    from encoders.training.pair_files import PairGatherer
    from encoders.training.pair_rows import Drawn
    from indexer.feedback import feedback_pairs
    from indexer.pairs import library_pairs

    gatherer = PairGatherer()
    for found in (feedback_pairs(library), library_pairs(library)):
        for pair in found.pairs:
            gatherer.add(Drawn(found.name, pair))
        for refused in found.refused:
            gatherer.add(refused)
        gatherer.add(Drawn(found.name, None, found.others))
    return gatherer.pair_set(f"collection {library.collection}")


def _evaluate(opening: Opening, options: argparse.Namespace) -> int:
    from encoders.evaluation.comparison import compare
    from encoders.evaluation.report import comparison_json, comparison_text, evaluation_json, evaluation_text
    from indexer.evaluate import evaluate_library

    for card in (options.model, options.against):
        if card is not None:
            find_card(card)
    with opening(options) as library:
        library.require_existing()
        models = [_vectors(library, options.model)]
        if options.against is not None:
            models.append(_vectors(library, options.against))
        found = evaluate_library(library, models, limit=options.limit)
    if len(found) == 1:
        answer(json.dumps(evaluation_json(found[0])) if options.json else evaluation_text(found[0]).rstrip())
    else:
        both = compare(found[0], found[1])
        answer(json.dumps(comparison_json(both)) if options.json else comparison_text(both).rstrip())
    return 0


def _vectors(library: "Library", card: str | None) -> "ModelVectors":
    """The stored vectors where this model's candidate towers made them, else new ones from the files."""
    from indexer.evaluate import encode_now, stored_vectors

    manifest = library.store.manifest()
    if manifest is None:
        raise LibraryError(f"the collection {library.collection!r} holds nothing to measure on")
    encoder = library.encoder if card is None else _load(library, card)
    if dict(manifest.candidate_fingerprints) == encoder.candidate_fingerprints:
        return stored_vectors(library.store, encoder)
    say(f"{encoder.card.id}: reading and encoding the collection's items anew; nothing in the library changes ...")
    from tqdm import tqdm

    with tqdm(unit=" items", file=sys.stderr, disable=None, dynamic_ncols=True) as bar:

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        return encode_now(library, encoder, show)


def _load(library: "Library", card: str) -> "DualEncoder":
    from encoders import load_encoder

    return load_encoder(card, cache=library.home.models)
