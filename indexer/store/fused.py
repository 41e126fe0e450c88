"""What the chosen items of a plan are worth: the same sum for every engine."""

from collections.abc import Mapping

from indexer.items import Payload
from indexer.store.base import FusedItem, Plan

__all__ = ["fused"]


def fused(
    plan: Plan, payloads: Mapping[str, Payload], cosines: Mapping[str, float], words: Mapping[str, float]
) -> list[FusedItem]:
    """Items by id, each with its cosine and its BM25 (none: 0) -> best first by all evidence, ties by id."""
    legs = {leg.modality: leg for leg in plan.legs}
    items = []
    for item, payload in payloads.items():
        leg, cosine, said = legs[payload["modality"]], min(1.0, max(-1.0, cosines[item])), words.get(item, 0.0)
        evidence = leg.offset + leg.slope * cosine + plan.words_slope * said
        items.append(FusedItem(item, evidence, payload, cosine, said))
    return sorted(items, key=lambda each: (-each.score, each.id))
