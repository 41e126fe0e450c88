"""Where -> the engine's own filter, in the classes of Qdrant Edge or in those of qdrant-client."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from encoders.errors import StoreError
from indexer.schema import FIELDS
from indexer.store.base import Condition, GeoRadius, HasId, Match, Range, Where, Words
from indexer.store.checks import checked_ids

if TYPE_CHECKING:
    import qdrant_edge
    from qdrant_client import models

__all__ = ["check_facet_key", "edge_filter", "server_filter"]

_TYPES = {field.name: field.type for field in FIELDS}


def check_facet_key(key: str) -> None:
    """Raise StoreError unless `key` is an indexed keyword field; only their values can be counted."""
    known = [field.name for field in FIELDS if field.indexed and field.type == "keyword"]
    if key not in known:
        raise StoreError(f"values of {key!r} cannot be counted; choose one of {', '.join(known)}")


def edge_filter(where: Where | None) -> "qdrant_edge.Filter | None":
    """For Qdrant Edge; None for no filter."""
    if where is None or not (where.must or where.must_not):
        return None
    import qdrant_edge as words

    def ranged(condition: Range) -> Any:
        kind: Any = words.RangeDateTime if _is_time(condition) else words.RangeFloat
        return words.FieldCondition(condition.key, range=kind(gte=condition.gte, lte=condition.lte))

    return words.Filter(**_parts(where, words, ranged, lambda ids: words.HasIdCondition(set(ids))))


def server_filter(where: Where | None) -> "models.Filter | None":
    """For a server; None for no filter."""
    if where is None or not (where.must or where.must_not):
        return None
    from qdrant_client import models as words

    def ranged(condition: Range) -> Any:
        kind: Any = words.DatetimeRange if _is_time(condition) else words.Range
        return words.FieldCondition(key=condition.key, range=kind(gte=condition.gte, lte=condition.lte))

    return words.Filter(**_parts(where, words, ranged, lambda ids: words.HasIdCondition(has_id=ids)))


def _parts(where: Where, words: Any, ranged: Any, these: Any) -> dict[str, Any]:
    def one(condition: Condition) -> Any:
        _check(condition)
        if isinstance(condition, Match):
            return _match(condition, words)
        if isinstance(condition, HasId):
            return these(checked_ids(condition.any_of))
        if isinstance(condition, GeoRadius):
            centre = words.GeoPoint(lon=condition.longitude, lat=condition.latitude)
            circle = words.GeoRadius(center=centre, radius=condition.metres)
            return words.FieldCondition(key=condition.key, geo_radius=circle)
        if isinstance(condition, Words):
            return words.FieldCondition(key=condition.key, match=words.MatchText(text=condition.text))
        return ranged(condition)

    try:
        return {
            "must": [one(condition) for condition in where.must],
            "must_not": [one(condition) for condition in where.must_not],
        }
    except (ValueError, TypeError) as error:  # the engine's own classes refuse what we let pass
        raise StoreError(f"this filter cannot be asked: {error}") from error


def _check(condition: Condition) -> None:
    """Refuse what an engine would quietly take for "matches nothing"."""
    if isinstance(condition, GeoRadius):
        spot = (condition.latitude, condition.longitude, condition.metres)
        inside = abs(condition.latitude) <= 90 and abs(condition.longitude) <= 180 and condition.metres >= 0
        if not (inside and all(map(math.isfinite, spot))):
            raise StoreError(f"{spot} is no circle on earth: degrees north, degrees east, metres")
    if isinstance(condition, Words) and not any(letter.isalnum() for letter in condition.text):
        raise StoreError(f"there are no words in {condition.text!r} to look for in {condition.key!r}")
    if isinstance(condition, Match) and any(isinstance(value, bool) for value in condition.any_of):
        # Qdrant Edge 0.9 takes True for 1, which matches no boolean: better refused than silently empty.
        raise StoreError(f"booleans cannot be matched ({condition.key!r}); keep 0 or 1, or a word")
    if isinstance(condition, Range):
        for edge in (condition.gte, condition.lte):
            if isinstance(edge, float) and math.isnan(edge):
                raise StoreError(f"the range of {condition.key!r} ends at NaN")
            if edge is not None and _is_time(condition):
                _check_time(edge, condition.key)


def _check_time(moment: float | str, key: str) -> None:
    try:
        datetime.fromisoformat(str(moment))
    except ValueError:
        raise StoreError(f"{moment!r} is no date for {key!r}; write 2023-05-01 or 2023-05-01T12:00:00Z") from None


def _match(condition: Match, words: Any) -> Any:
    """One MatchAny where the values have one type, else one of several MatchValue."""
    values = condition.any_of
    for kind in (str, int):
        if all(type(value) is kind for value in values):
            return words.FieldCondition(key=condition.key, match=words.MatchAny(any=list(values)))
    each: Sequence[Any] = [words.FieldCondition(key=condition.key, match=words.MatchValue(value=value)) for value in values]
    return words.Filter(should=list(each))


def _is_time(condition: Range) -> bool:
    return _TYPES.get(condition.key) == "datetime" or isinstance(condition.gte or condition.lte, str)
