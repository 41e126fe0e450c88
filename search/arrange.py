"""The order in which a pool of answers is shown: what lies under what, what stands together, what comes first.

Pure functions: items in, items out, nothing lost. `search.listing` decides which items there are to arrange.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal, get_args

import numpy as np

from encoders.errors import InputError
from encoders.vectors import Vectors
from indexer.items import Payload
from indexer.phash import ALIKE, SAME_TINT
from indexer.store.base import FusedItem
from search.copies import SameTexts, cosine_of

__all__ = ["Arrangement", "Group", "Placed", "Sort", "arrange", "diversify", "group_label", "sort_by_date", "stack"]

Group = Literal["document", "folder", "day"]
"""What hits may stand together by."""

Sort = Literal["relevance", "newest", "oldest"]

Rows = Callable[[Sequence[str]], Mapping[str, Vectors | None]]
"""Item ids -> id -> (d,) unit vector, of those that are still there."""

COPY_BITS = ALIKE
"""Perceptual hashes of copies differ by so many of their 64 bits at most."""

_HASHES = 256  # compared with all others at once
_DIVERSE = 100  # heads that are weighed against each other; the rest follow as they are


@dataclass(frozen=True)
class Arrangement:
    """How a person wants the list."""

    stack: bool = True  # copies of a picture and passages of a document lie under the best of them
    group: Group | None = None  # hits of one document, folder or day stand together
    diversity: float = 0.0  # 0: the best first; 1: each as unlike those before it as can be
    sort: Sort = "relevance"  # "newest", "oldest": what fits by date, then the rest

    def __post_init__(self) -> None:
        """Refuse what makes no sense, in one sentence."""
        if self.group is not None and self.group not in get_args(Group):
            raise InputError(f"hits are grouped by {', '.join(get_args(Group))}; not by {self.group!r}.")
        if self.sort not in get_args(Sort):
            raise InputError(f"hits are sorted by {', '.join(get_args(Sort))}; not by {self.sort!r}.")
        if not 0 <= self.diversity <= 1:
            raise InputError(f"diversity is a number from 0 to 1; not {self.diversity}.")


@dataclass(frozen=True)
class Placed:
    """One hit of the list, with what lies under it."""

    item: FusedItem
    held: tuple[str, ...] = ()  # phrases in quotes that it holds
    under: tuple["Placed", ...] = ()  # the best first
    group: str | None = None  # label, where hits are grouped


def arrange(placed: Sequence[Placed], wanted: Arrangement, rows: Rows, cosines: Mapping[str, float]) -> list[Placed]:
    """Best first -> as it is shown. Every item that comes in comes out, as a hit or under one.

    Hits that hold more of the phrases stand before others whatever the order among them, and groups stand as their first.
    """
    heads = stack(placed, rows, cosines) if wanted.stack else list(placed)
    if wanted.diversity:
        first = heads[:_DIVERSE]
        vectors = rows([head.item.id for head in first])
        known = [head for head in first if vectors.get(head.item.id) is not None]
        missing = [head for head in first if vectors.get(head.item.id) is None]  # deleted meanwhile
        order = diversify(
            np.array([head.item.score for head in known], np.float64),
            np.array([vectors[head.item.id] for head in known], np.float32),
            wanted.diversity,
        )
        heads = [known[place] for place in order] + missing + heads[_DIVERSE:]
    if wanted.sort != "relevance":
        heads = sort_by_date(heads, newest=wanted.sort == "newest")
    heads.sort(key=lambda head: -len(head.held))
    return _together(heads, wanted.group) if wanted.group else heads


def stack(placed: Sequence[Placed], rows: Rows, cosines: Mapping[str, float]) -> list[Placed]:
    """Put passages under the best passage of their document, and copies under the best of them. Calls `rows` once at most.

    Copies of a picture have hashes close to the head's own, so a chain of small changes does not end in one stack; copies of a
    document say the same (`search.copies`). The vectors of both are near as well, by `cosines` of their kind: hashes of plain
    pictures agree by chance, their vectors do not.
    """
    close = _close_hashes([each.item.payload for each in placed])
    same = SameTexts((each.item.id, each.item.payload) for each in placed if _is_document(each))
    involved = sorted({each for place in close for each in (place, *close[place])})
    ids = [*(placed[place].item.id for place in involved), *same.passages]
    vectors = rows(ids) if ids else {}
    heads: dict[int, list[Placed]] = {}
    documents: dict[str, int] = {}  # content -> its head
    for place, each in enumerate(placed):
        if _is_document(each):
            content = _content(each)
            if content not in documents:
                known = (one for one in same.before(content) if _content(placed[documents[one]]) == one)  # is a head itself
                copies = (documents[one] for one in known if same.cosine(vectors, content, one) >= cosines["document"])
                documents[content] = next(copies, place)
            head = documents[content]
        else:
            near = (other for other in close.get(place, ()) if other in heads)
            head = next((one for one in near if _alike(vectors, each, placed[one]) >= cosines["image"]), place)
        heads.setdefault(head, [])
        if head != place:
            heads[head].append(each)
    return [replace(placed[place], under=tuple(under)) if under else placed[place] for place, under in heads.items()]


def diversify(scores: np.ndarray, vectors: Vectors, diversity: float) -> list[int]:
    """Order of (n,) scores and (n, d) unit vectors by maximal marginal relevance (Carbonell and Goldstein 1998).

    Each next one has the highest (1 - diversity) * relevance - diversity * similarity to the nearest of those before it,
    where relevance is the score brought to 0..1. Qdrant has this as a query of its own, but for a vector alone: here
    what is weighed is the evidence of words and meaning together, so it is done on the pool.

    >>> diversify(np.array([3.0, 2.9, 1.0]), np.array([[1, 0], [1, 0], [0, 1]]), 0.5)
    [0, 2, 1]
    """
    if not len(scores):
        return []
    spread = float(scores.max() - scores.min())
    relevance = (scores - scores.min()) / spread if spread > 0 else np.zeros(len(scores))
    nearest = np.zeros(len(scores))
    left = np.ones(len(scores), dtype=bool)
    order: list[int] = []
    while left.any():
        worth = np.where(left, (1 - diversity) * relevance - diversity * nearest, -np.inf)
        best = int(np.argmax(worth)) if order else int(np.argmax(scores))
        order.append(best)
        left[best] = False
        nearest = np.maximum(nearest, vectors @ vectors[best])
    return order


def sort_by_date(placed: Sequence[Placed], newest: bool) -> list[Placed]:
    """What fits, by its date, those without one last; then the rest as it stood. If nothing fits, nothing moves."""
    fitting = [each for each in placed if each.item.score >= 0]
    dated = sorted((each for each in fitting if _date(each)), key=_date, reverse=newest)
    undated = [each for each in fitting if not _date(each)]
    return [*dated, *undated, *(each for each in placed if each.item.score < 0)]


def group_label(payload: Payload, group: Group) -> str:
    """What a hit stands together with others by, for people; the same for all that do.

    >>> group_label({"paths": ["/photos/may/a.jpg"], "date": "2023-05-01T12:00:00Z"}, "day")
    '2023-05-01'
    """
    if group == "day":
        return str(payload.get("date") or "")[:10] or "without a date"
    return str(PurePosixPath(payload["paths"][0]).parent) if group == "folder" else str(payload["paths"][0])


def _together(heads: Sequence[Placed], group: Group) -> list[Placed]:
    groups: dict[str, list[Placed]] = {}
    for head in heads:
        label = group_label(head.item.payload, group)
        groups.setdefault(label, []).append(replace(head, group=label))
    return [head for members in groups.values() for head in members]


def _date(placed: Placed) -> str:
    return str(placed.item.payload.get("date") or "")  # RFC 3339 in UTC: text sorts like time


def _close_hashes(payloads: Sequence[Payload]) -> dict[int, list[int]]:
    """Place -> places before it of the same tint whose hash differs by few bits, in order; only of those that have any."""
    known = [(place, value) for place, payload in enumerate(payloads) if (value := _hash(payload)) is not None]
    places = [place for place, _ in known]
    hashes = np.array([value for _, value in known], dtype=np.uint64)
    close: dict[int, list[int]] = {}
    for start in range(0, len(hashes), _HASHES):
        rows, others = np.nonzero(np.bitwise_count(hashes[start : start + _HASHES, None] ^ hashes) <= COPY_BITS)
        for row, other in zip((rows + start).tolist(), others.tolist(), strict=True):
            if other < row and _same_tint(payloads[places[row]], payloads[places[other]]):
                close.setdefault(places[row], []).append(places[other])
    return close


def _same_tint(one: Payload, other: Payload) -> bool:
    """The hash sees brightness alone. Items from before there was a tint are judged without it."""
    first, second = one.get("tint"), other.get("tint")
    return not first or not second or all(abs(a - b) <= SAME_TINT for a, b in zip(first, second, strict=True))


def _hash(payload: Payload) -> int | None:
    try:
        return int(payload["phash"], 16) & 0xFFFF_FFFF_FFFF_FFFF
    except (KeyError, ValueError, TypeError):
        return None


def _alike(vectors: Mapping[str, Vectors | None], one: Placed, other: Placed) -> float:
    """Cosine of two items; -1 where one of them was deleted meanwhile."""
    return cosine_of(vectors, one.item.id, other.item.id)


def _is_document(placed: Placed) -> bool:
    return placed.item.payload.get("kind") == "document"


def _content(placed: Placed) -> str:
    return str(placed.item.payload.get("content", placed.item.id))
