"""`python -m encoders`: look at the models there are, train one, measure them."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from encoders.cards import ModelCard, list_cards
from encoders.console import guarded
from encoders.evaluation.command import add_command as add_evaluate
from encoders.training.command import add_train_command
from encoders.training.reranker_command import add_reranker_command

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 1 an error with a message, 130 stopped. Wrong usage exits with 2."""
    parser = argparse.ArgumentParser(prog="python -m encoders", description="Models that make vectors.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    cards = commands.add_parser("cards", help="list the models that --model takes")
    cards.add_argument("--json", action="store_true", help="print one JSON list")
    cards.set_defaults(run=_cards)
    add_train_command(commands)
    add_reranker_command(commands)
    add_evaluate(commands)
    chosen = parser.parse_args(arguments)
    return guarded(lambda: chosen.run(chosen) or 0)


def _cards(chosen: argparse.Namespace) -> None:
    cards = list_cards()
    if chosen.json:
        print(json.dumps([_as_json(card) for card in cards], indent=2, ensure_ascii=False))
        return
    rows = [("MODEL", "TAKES", "DIMENSION", "SIZE", "LICENCE")]
    for card in cards:
        size = f"{card.size_mb} MB" if card.size_mb else "-"
        rows.append((card.id, ", ".join(card.modalities), str(card.dimension or "-"), size, card.licence))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for card in cards:
        print(f"\n{card.id}\n  {card.about}\n  Weights: {card.weights}.")


def _as_json(card: ModelCard) -> dict[str, Any]:
    """Plain JSON types; the pairs that score ranges go by become "query to candidate"."""
    ranges = {f"{query} to {candidate}": span for (query, candidate), span in card.score_ranges.items()}
    return {**asdict(card), "score_ranges": ranges}


if __name__ == "__main__":
    sys.exit(main())
