"""What the store answered, told to people: items become hits, and an answer without any that fits says why."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.items import Payload
from indexer.store.base import FusedItem, Plan, StoredItem
from search.arrange import Placed
from search.background import Background
from search.evidence import EVIDENCE, relevance
from search.explain import Asked, give_reasons, highlight
from search.hits import Hit, Reason, snippet
from search.recalibrate import Recalibration

__all__ = ["PAGES", "Teller", "give_advice", "tell_item"]

PAGES = 5
"""Passages of its own document that are shown under the best one."""

_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Teller:
    """Tells the hits of one query."""

    backgrounds: Mapping[str, Background]  # by candidate modality
    plan: Plan
    asked: Asked
    line: Recalibration
    gains: Mapping[str, float]  # of a second look, by item id

    def hit(self, rank: int, placed: Placed) -> Hit:
        """A hit with its reasons, and with what lies under it, which shares its rank."""
        item = placed.item
        modality = item.payload["modality"]
        surprise = EVIDENCE.surprise(self.backgrounds[modality], modality, item.cosine)
        reasons = give_reasons(
            item, surprise, self.plan.words_slope, self.asked, placed.held, EVIDENCE.phrase, self.gains.get(item.id, 0.0)
        )
        pages, copies = _parted(placed)
        shown = (*sorted(pages[:PAGES], key=lambda each: _place(each.item.payload)), *copies)
        under = tuple(self.hit(rank, each) for each in shown)
        return _told(
            rank,
            item,
            relevance(self.line.corrected(item.score)),
            reasons,
            self.asked,
            under,
            len(pages) + len(copies),
            placed.group,
        )


def tell_item(item: StoredItem) -> Hit:
    """An item that nobody asked for in words, as a hit of rank 0."""
    return _told(0, FusedItem(item.id, 0.0, item.payload, 1.0, 0.0), 1.0, (), Asked((), (), ()))


def _told(
    rank: int,
    item: FusedItem,
    value: float,
    reasons: tuple[Reason, ...],
    asked: Asked,
    under: tuple[Hit, ...] = (),
    under_total: int = 0,
    group: str | None = None,
) -> Hit:
    payload = item.payload
    text = payload.get("text") or payload.get("ocr")
    shown = snippet(text, " ".join(asked.words)) if text else None
    return Hit(
        id=item.id,
        rank=rank,
        path=payload["paths"][0],
        kind=payload["kind"],
        page=payload.get("page"),
        score=item.cosine,
        relevance=value,
        reasons=reasons,
        snippet=shown,
        payload=payload,
        marks=highlight(shown, asked) if shown else (),
        under=under,
        under_total=under_total,
        group=group,
    )


def give_advice(hits: Sequence[Hit], asked: Asked) -> str | None:
    """For people: why nothing fits."""
    missing = [f"“{word}”" for word, peak in zip(asked.words, asked.peaks, strict=True) if not peak]
    said = f" No item holds {', '.join(missing)}." if missing else ""
    if not hits:
        return f"Nothing passes the filters.{said}" if said else None
    best = hits[0]
    return (
        f"What comes closest is {best.path.rpartition('/')[2]}, but items that have nothing to do with the query come"
        f" about as close.{said}"
    )


def _parted(placed: Placed) -> tuple[list[Placed], list[Placed]]:
    """Further parts of the same file, and copies: the best part of each other file; the best first."""
    own = str(placed.item.payload.get("content"))
    pages = [each for each in placed.under if str(each.item.payload.get("content")) == own]
    others: dict[str, Placed] = {}
    for each in placed.under:
        if (content := str(each.item.payload.get("content"))) != own:
            others.setdefault(content, each)
    return pages, list(others.values())


def _place(payload: Payload) -> tuple[int, int]:
    """Where a passage stands in its document: its page, then which of the passages it is."""
    number = _DIGITS.search(str(payload.get("part", "")))
    return int(payload.get("page") or 0), int(number[0]) if number else 0
