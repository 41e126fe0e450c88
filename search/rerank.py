"""A second look at the best of what a search brought, by models that see query and item together. Off unless asked for.

Two kinds: an interaction layer over the two towers' vectors (`encoders.interaction`), and a cross-encoder for passages
(`encoders.cross_encoder`). What they say joins the log odds that the search came to, so that one list stays one list:

- The layer corrects cosines, and a cosine's correction counts as much as the cosine does: slope of its leg * correction.
- The cross-encoder gives log odds of its own. Both are taken for opinions of equal weight: the mean of the two logarithms
  (logarithmic opinion pool, Genest and Zidek 1986).

Only the first 50 are looked at, whatever page is asked for, and what stood below stays below: pages stay parts of one list.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from indexer.store.base import FusedItem

if TYPE_CHECKING:
    from encoders.cross_encoder import CrossReader
    from encoders.interaction import Interaction
    from encoders.vectors import Vectors
    from indexer.spaces import OpenSpace
    from search.query import Query

__all__ = ["DEPTH", "Asking", "Rerank", "Reranker", "SecondLook", "asked_as", "look_again", "open_rerankers"]

DEPTH = 50
"""So many of the best are looked at again."""

_SHARE = 0.5  # of a cross-encoder's opinion

Rerank = str | Path | Sequence[str | Path] | None
"""Folders of rerankers, or names of cross-encoders; where two of them know an item, the first one speaks."""


@dataclass(frozen=True)
class Asking:
    """A query, as rerankers see it."""

    space: "OpenSpace"
    vector: "Vectors"  # (d,) float32, unit length
    modality: str | None  # "text" or "image"; None: made of several kinds, or of what is not wanted, which none was trained on
    text: str
    slopes: dict[str, float]  # candidate modality -> log odds of one unit of cosine


class Reranker(Protocol):
    """Anything that can say more of some items."""

    def gains(self, question: Asking, items: Sequence[FusedItem]) -> dict[str, float]:
        """Id -> what is added to an item's log odds, for the items it knows something of."""


class _Layer:
    def __init__(self, layer: "Interaction") -> None:
        self._layer = layer

    def gains(self, question: Asking, items: Sequence[FusedItem]) -> dict[str, float]:
        """Corrections of cosines, in log odds. Raises ModelError for a space it was not trained for."""
        import numpy as np

        layer, manifest = self._layer, question.space.manifest
        if question.modality is None or question.modality not in layer.query_fingerprints:
            return {}
        asked = question.space.encoder.query_fingerprints.get(question.modality)
        layer.check("query", question.modality, asked)
        found: dict[str, float] = {}
        for modality in sorted(layer.candidate_fingerprints):
            if modality not in question.slopes:
                continue
            layer.check("candidate", modality, manifest.candidate_fingerprints.get(modality))
            ids = [item.id for item in items if item.payload["modality"] == modality]
            stored = question.space.store.retrieve(ids, with_vectors=True) if ids else []
            held = [(one.id, one.vector) for one in stored if one.vector is not None]
            if held:
                rows = np.stack([vector for _, vector in held])
                corrections = layer.corrections(question.vector, rows) * question.slopes[modality]
                found.update(zip((name for name, _ in held), corrections.tolist(), strict=True))
        return found


class _Reader:
    def __init__(self, reader: "CrossReader") -> None:
        self._reader = reader

    def gains(self, question: Asking, items: Sequence[FusedItem]) -> dict[str, float]:
        """Half the way from the search's log odds to the reader's, for items that hold a text."""
        texts = {item.id: (item.score, str(item.payload["text"])) for item in items if item.payload.get("text")}
        if question.modality != "text" or not texts:
            return {}
        opinions = self._reader.log_odds(question.text, [text for _, text in texts.values()]).tolist()
        pairs = zip(texts.items(), opinions, strict=True)
        return {name: _SHARE * (opinion - score) for (name, (score, _)), opinion in pairs}


def open_rerankers(rerank: Rerank) -> tuple[Reranker, ...]:
    """Open what was asked for, once; what a folder holds says which kind it is. Raises ModelError and MissingDependency."""
    asked: list[str | Path] = [rerank] if isinstance(rerank, str | os.PathLike) else list(rerank or ())
    return tuple(_open(str(one)) for one in asked)


@lru_cache(maxsize=4)
def _open(name: str) -> Reranker:
    from encoders.interaction import INTERACTION, load_interaction

    path = Path(name).expanduser() / INTERACTION
    if path.is_file():
        return _Layer(load_interaction(path))
    from encoders.cross_encoder import load_cross_encoder

    return _Reader(load_cross_encoder(name))


def asked_as(query: "Query") -> str | None:
    """Return what kind of query this is to a reranker: "text", one "image", or None.

    >>> from search.query import Query, Term
    >>> asked_as(Query((Term(text="a cat"),))), asked_as(Query((Term(text="a cat"), Term(text="a dog", weight=-1))))
    ('text', None)
    """
    if all(term.text is not None and term.weight > 0 for term in query.terms):
        return "text"
    return "image" if len(query.terms) == 1 and query.terms[0].image is not None else None


def look_again(
    pool: Sequence[FusedItem], rerankers: Sequence[Reranker], question: Asking
) -> tuple[list[FusedItem], dict[str, float]]:
    """Hits of a search, best first -> the same in their new order with new scores, and what each of the first 50 gained.

    No score falls below that of the best item that was not looked at.
    """
    top, rest = pool[:DEPTH], pool[DEPTH:]
    gains: dict[str, float] = {}
    for reranker in rerankers:
        gains.update(reranker.gains(question, [item for item in top if item.id not in gains]))
    scores = {item.id: item.score + gains.get(item.id, 0.0) for item in top}
    floor = rest[0].score if rest else min(scores.values(), default=0.0)
    order = sorted(top, key=lambda item: (-scores[item.id], item.id))
    return [*(replace(item, score=max(floor, scores[item.id])) for item in order), *rest], gains


class SecondLook:
    """What the rerankers say of one query, however deep its list is looked at."""

    def __init__(self, rerankers: Sequence[Reranker], asking: Asking) -> None:
        self._rerankers, self._asking = rerankers, asking
        self.gains: dict[str, float] = {}  # id -> what an item gained

    def again(self, pool: Sequence[FusedItem]) -> Sequence[FusedItem]:
        """Best first -> the same after a second look; the pool itself where nobody looks."""
        if not self._rerankers:
            return pool
        looked, self.gains = look_again(pool, self._rerankers, self._asking)
        return looked
