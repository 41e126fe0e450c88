"""`python -m encoders evaluate`: its options, its progress, its output."""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoders.cards import find_card
from encoders.errors import InputError

if TYPE_CHECKING:
    from tqdm import tqdm

    from encoders.evaluation.measure import Evaluation
    from encoders.training.pairs import PairSet

__all__ = ["add_command"]

_ABOUT = """How well a model finds what belongs together: R@1/5/10, MRR, nDCG, MAP and median rank in both directions, with
95% bootstrap intervals; coverage, Gini and tail share of what it retrieves. DATA: a folder of pictures with captions,
or a .csv, .jsonl or .parquet of pairs."""
_EPILOG = """examples:
  python -m encoders evaluate captions.csv                        the default model
  python -m encoders evaluate photos/ --model trained:runs/birds --against starter --plot birds.png
  python -m encoders evaluate pairs.jsonl --worst 20              the queries it answers worst
"""


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Put `evaluate` among the commands of `python -m encoders`."""
    parser = commands.add_parser(
        "evaluate",
        help="measure a model on pairs, or two models side by side",
        description=_ABOUT,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", nargs="+", type=Path, metavar="DATA", help="folder or file of pairs")
    parser.add_argument("--model", default="starter", metavar="CARD", help="what to measure; default: starter")
    parser.add_argument("--against", metavar="CARD", help="another model, on the same pairs")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write recall curves and ranks as a PNG picture")
    parser.add_argument("--worst", type=_count, default=0, metavar="N", help="list the N queries with the lowest ranks")
    parser.add_argument(
        "--limit",
        type=_count,
        metavar="N",
        help="N pairs drawn at random: quick, but fewer candidates make every number higher",
    )
    parser.add_argument(
        "--trained-on",
        nargs="+",
        type=Path,
        metavar="DATA",
        help="training pairs: how popular each item is, for the tail share",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of --limit and the intervals; default: 0")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="where exported networks are kept")
    parser.set_defaults(run=_run)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _run(chosen: argparse.Namespace) -> None:
    from encoders.evaluation.comparison import compare
    from encoders.evaluation.plot import check_plot, draw
    from encoders.evaluation.report import comparison_json, comparison_text, evaluation_json, evaluation_text
    from encoders.training.pair_files import read_pairs

    cards = [chosen.model] if chosen.against is None else [chosen.model, chosen.against]
    for card in cards:
        find_card(card)
    if chosen.plot is not None:
        check_plot(chosen.plot)
    if chosen.seed < 0:
        raise InputError(f"--seed must be 0 or more, got {chosen.seed}")
    pairs = _limited(read_pairs(chosen.data), chosen.limit, chosen.seed)
    popularity = None
    if chosen.trained_on:
        popularity = dict(Counter(pair.item_id for pair in read_pairs(chosen.trained_on).pairs))
    found = [_evaluate(card, pairs, popularity, chosen) for card in cards]
    as_json: dict[str, Any]
    if chosen.against is None:
        as_json, text = evaluation_json(found[0], chosen.worst), evaluation_text(found[0], chosen.worst)
    else:
        both = compare(found[0], found[1], seed=chosen.seed)
        as_json, text = comparison_json(both, chosen.worst), comparison_text(both, chosen.worst)
    if chosen.plot is not None:
        draw(found, chosen.plot)
    sys.stdout.write(json.dumps(as_json, indent=2, ensure_ascii=False) + "\n" if chosen.json else text)


def _evaluate(card: str, pairs: "PairSet", popularity: dict[str, int] | None, chosen: argparse.Namespace) -> "Evaluation":
    from encoders.evaluation.run import evaluate
    from encoders.loading import load_encoder

    with _ProgressBars(card) as bars:
        bars.say("loading")
        encoder = load_encoder(card, chosen.cache)
        return evaluate(encoder, pairs, popularity=popularity, seed=chosen.seed, on_progress=bars.show)


def _limited(pairs: "PairSet", limit: int | None, seed: int) -> "PairSet":
    """At most `limit` pairs, drawn at random, in their order; the name says so."""
    if limit is None or limit >= len(pairs.pairs):
        return pairs
    from dataclasses import replace

    import numpy as np

    drawn = np.sort(np.random.default_rng(seed).choice(len(pairs.pairs), limit, replace=False))
    name = f"{pairs.name} ({limit:,} of {len(pairs.pairs):,} pairs, seed {seed})"
    return replace(pairs, name=name, pairs=tuple(pairs.pairs[place] for place in drawn))


class _ProgressBars:
    """A bar for each list of contents where stderr is a terminal; elsewhere a line when one begins."""

    def __init__(self, card: str) -> None:
        self._card = card
        self._bar: tqdm[Any] | None = None
        self._what = ""

    def __enter__(self) -> "_ProgressBars":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def say(self, what: str) -> None:
        """One line to stderr."""
        sys.stderr.write(f"{self._card}: {what} ...\n")
        sys.stderr.flush()

    def show(self, what: str, done: int, total: int) -> None:
        """Take note of progress."""
        if what != self._what:
            self._what = what
            self._begin(what, total)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def _begin(self, what: str, total: int) -> None:
        if not sys.stderr.isatty():
            self.say(f"{total:,} {what}")
            return
        from tqdm import tqdm

        if self._bar is not None:
            self._bar.close()
        self._bar = tqdm(total=total, desc=f"{self._card}, {what}", dynamic_ncols=True)
