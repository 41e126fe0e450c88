"""What is checked before anything reaches an engine: both refuse the same things in the same words."""

import json
import math
import uuid
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from encoders.errors import InputError, SpaceMismatch, StoreError
from encoders.vectors import Vectors, check_vectors
from indexer.items import Payload
from indexer.store.base import Manifest, Plan

__all__ = [
    "check_items",
    "check_page",
    "check_payload",
    "check_plan",
    "check_query",
    "check_scan",
    "checked_ids",
    "merge_manifests",
    "no_collection",
]


def checked_ids(ids: Sequence[str]) -> list[str]:
    """UUIDs in their canonical form; StoreError names the first that is none."""
    try:
        return [str(uuid.UUID(each)) for each in ids]
    except (ValueError, AttributeError, TypeError):
        bad = next(each for each in ids if not _is_uuid(each))
        raise StoreError(f"item ids are UUIDs, got {bad!r}; make them with indexer.items.item_id") from None


def check_items(ids: Sequence[str], vectors: Vectors, payloads: Sequence[Payload], dimension: int) -> None:
    """(n,) ids, (n, d) float32 unit rows, (n,) payloads. Raises StoreError where they do not fit together."""
    if not len(ids) == len(vectors) == len(payloads):
        raise StoreError(f"got {len(ids)} ids, {len(vectors)} vectors and {len(payloads)} payloads; they go together")
    try:
        check_vectors(vectors, dimension)
    except InputError as error:
        raise StoreError(f"refused to store: {error}") from error
    for name, payload in zip(ids, payloads, strict=True):
        check_payload(payload, f"item {name}")


def check_payload(payload: Payload, about: str) -> None:
    """Raise StoreError unless the payload is JSON that comes back as it was (UTF-8 text, finite numbers)."""
    try:
        json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError) as error:
        raise StoreError(f"the payload of {about} cannot be stored: {error}") from error


def check_query(vector: Vectors, dimension: int) -> None:
    """(d,) float32, unit length. Raises StoreError otherwise."""
    try:
        check_vectors(np.ascontiguousarray(vector)[None], dimension)
    except InputError as error:
        raise StoreError(f"cannot search with this vector: {error}") from error


def check_page(limit: int, offset: int) -> None:
    """Raise StoreError for a page that starts or ends before the first item."""
    if limit < 0 or offset < 0:
        raise StoreError(f"limit and offset start at 0, got limit {limit} and offset {offset}")


def check_scan(page: int) -> None:
    """Raise StoreError for pages that hold nothing: a scan would never end."""
    if page < 1:
        raise StoreError(f"a page of a scan holds at least one item, got {page}")


def merge_manifests(collection: str, stored: Manifest, wanted: Manifest) -> Manifest:
    """Return what the collection should remember: `stored`, with the query side of `wanted`.

    A query tower may be retrained on its own without touching one stored vector. Raises SpaceMismatch when
    the candidate side or the dimension differ: the stored vectors mean something else then.
    """
    same = dict(stored.candidate_fingerprints) == dict(wanted.candidate_fingerprints)
    if stored.dimension != wanted.dimension or not same:
        raise SpaceMismatch(
            f"collection {collection!r} was filled by {_described(stored)}, but this is {_described(wanted)}."
            f" Use the first model, build a space for the other one (python -m indexer upgrade --model {wanted.card}),"
            f" or start over: python -m indexer drop {collection}, then add again."
        )
    fingerprints = dict(wanted.query_fingerprints)
    return replace(stored, card=wanted.card, query_fingerprints=fingerprints, version=max(stored.version, wanted.version))


def check_plan(plan: Plan, dimension: int) -> None:
    """Raise StoreError for a plan that no engine can answer."""
    check_query(plan.vector, dimension)
    numbers = [number for leg in plan.legs for number in (leg.slope, leg.offset)]
    if not plan.legs or not all(map(math.isfinite, [*numbers, plan.words_slope])):
        raise StoreError("a plan needs at least one leg, and slopes and offsets that are finite")


def no_collection(collection: str, place: object) -> StoreError:
    """Make the error of a call that needs a collection where there is none."""
    return StoreError(f"there is no collection {collection!r} in {place}. Add a folder to it first.")


def _described(manifest: Manifest) -> str:
    prints = ", ".join(f"{kind} {print_}" for kind, print_ in sorted(manifest.candidate_fingerprints.items()))
    return f"{manifest.card} ({manifest.dimension} dimensions; {prints})"


def _is_uuid(value: object) -> bool:
    try:
        uuid.UUID(value)  # type: ignore[arg-type]  # whatever it is: that is the question
    except (ValueError, AttributeError, TypeError):
        return False
    return True
