"""The list that pages are cut from: the same for every page of a query, as far as anybody has looked.

The engine's best are taken in blocks that grow fourfold. Each block is arranged on its own and stands after the one before
it, so looking deeper adds to the list and never changes what was shown. A page asks for as many blocks as it needs.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from indexer.store.base import FusedItem
from search.arrange import Arrangement, Placed, Rows, arrange
from search.evidence import EVIDENCE
from search.feedback import Judged
from search.phrases import held_phrases

__all__ = ["BLOCK", "WIDE_BLOCK", "Listing", "list_hits"]

BLOCK = 64
"""Items of the first block."""

WIDE_BLOCK = 256
"""The same where the order is not that of relevance, or phrases are looked for."""

_GROWTH = 4
_LARGEST = 1 << 15  # items that are looked at for one query
_MOST_BY_DATE = 1 << 13
_NOTHING_JUDGED = Judged()


@dataclass(frozen=True)
class Listing:
    """The beginning of the list of a query."""

    placed: tuple[Placed, ...]
    more: bool  # there are further ones
    best: float  # log odds of the best hit of all; -inf without any


def list_hits(
    fetch: Callable[[int], Sequence[FusedItem]],
    rows: Rows,
    wanted: Arrangement,
    needed: int,
    cosines: Mapping[str, float],
    phrases: Sequence[str] = (),
    left_out: Collection[str] = (),
    judged: Judged = _NOTHING_JUDGED,
) -> Listing:
    """At least `needed` hits if there are as many. `fetch(n)`: the engine's best n; `left_out`: ids that are no answers.

    `cosines`: kind -> from which on two vectors are those of copies.
    What was judged to fit stands in the first block whatever the engine says of it, and what was judged not to behind the last.

    A document that stands in the list already does not come again, however many of its passages a deeper look brings.
    """
    plain = wanted == Arrangement(stack=wanted.stack) and not phrases
    size = BLOCK if plain else WIDE_BLOCK
    seen, placed, liked = {*left_out, *judged.ids}, list[Placed](), judged.liked
    documents: set[str] = set()
    while True:
        pool = fetch(size)
        complete = len(pool) < size
        if not placed and wanted.sort != "relevance" and not complete and pool[-1].score >= 0 and size < _MOST_BY_DATE:
            size *= _GROWTH  # all that fit are sorted, so the first block holds them all
            continue
        fresh = [item for item in pool if item.id not in seen and item.payload.get("content") not in documents]
        placed += arrange(_judge([*liked, *fresh], phrases), wanted, rows, cosines)
        liked = ()
        if complete:
            placed += arrange(_judge(judged.sunk, phrases), wanted, rows, cosines)
        if len(placed) > needed or complete or size >= _LARGEST:
            best = max((each.item.score for each in placed), default=-math.inf)
            return Listing(tuple(placed[:needed]), len(placed) > needed, best)
        seen.update(item.id for item in fresh)
        if wanted.stack:
            documents.update(item.payload["content"] for item in fresh if _is_passage(item))
        size *= _GROWTH


def _judge(items: Sequence[FusedItem], phrases: Sequence[str]) -> list[Placed]:
    """Best first, with what the phrases add: each one that an item holds is evidence."""
    if not phrases:
        return [Placed(item) for item in sorted(items, key=lambda each: (-each.score, each.id))]
    placed = []
    for item in items:
        held = held_phrases(item.payload, phrases)
        placed.append(Placed(replace(item, score=item.score + EVIDENCE.phrase * len(held)), held) if held else Placed(item))
    return sorted(placed, key=lambda each: (-len(each.held), -each.item.score, each.item.id))


def _is_passage(item: FusedItem) -> bool:
    return item.payload.get("kind") == "document" and "content" in item.payload
