"""The filters of the address: read into `Filters`, set by a facet or a line of the panel, taken away by their chip.

`kind`, `under`, `since` and `until` have widgets of their own (`app.filters`); all others are read from the address alone.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import PurePosixPath
from typing import Any, get_args

import streamlit as st

from indexer.items import Kind
from search.facets import narrowed as narrowed_by
from search.filters import Filters

__all__ = ["ALONE", "KINDS", "drop_filter", "name_filters", "put_filter", "read_filters", "take_facet", "widen_all"]

KINDS = {"image": "Pictures", "document": "Documents"}

ALONE: dict[str, str] = {  # name in the address -> name in Filters
    "dates": "dates",
    "taken": "taken",
    "modified": "modified",
    "extension": "extension",
    "min_bytes": "min_bytes",
    "max_bytes": "max_bytes",
    "orientation": "orientation",
    "camera": "camera",
    "near": "near",
    "radius": "radius_km",
    "town": "town",
    "title": "title",
    "keyword": "keyword",
    "not_kind": "without_kind",
    "not_under": "without_under",
    "not_word": "without_words",
    "not_dates": "without_dates",
    "not_extension": "without_extension",
    "not_keyword": "without_keyword",
}
_SEVERAL = {"extension", "camera", "town", "keyword", "not_word", "not_extension", "not_keyword"}
_NUMBERS = {"min_bytes": int, "max_bytes": int, "radius": float}
_WIDGETS = ("under", "since", "until")  # bound to the address by Streamlit
_SAYS = {
    "taken": "taken {}",
    "modified": "changed {}",
    "min_bytes": "at least {} bytes",
    "max_bytes": "at most {} bytes",
    "near": "near {}",
    "town": "near {}",
    "title": "title: {}",
    "keyword": "keyword {}",
    "not_under": "not in {}",
    "not_word": "without the word {}",
    "not_dates": "not from {}",
    "not_extension": "no {}",
    "not_keyword": "without the keyword {}",
}


def read_filters() -> dict[str, Any]:
    """Name in the address -> value, for all but kind, under, since and until. Wrong numbers are left out."""
    found: dict[str, Any] = {}
    for name in ALONE:
        given = tuple(dict.fromkeys(text.strip() for text in st.query_params.get_all(name) if text.strip()))
        if not given:
            continue
        if name in _NUMBERS:
            try:
                found[name] = _NUMBERS[name](given[0])
            except ValueError:
                continue
        else:
            found[name] = given if name in _SEVERAL else given[0]
    return found


def put_filter(name: str, value: object) -> None:
    """Set one filter of the address; an empty one takes it away."""
    if value not in (None, "", ()):
        st.query_params[name] = [str(each) for each in value] if isinstance(value, tuple) else str(value)
    elif name in st.query_params:
        del st.query_params[name]


def take_facet(name: str, value: str) -> None:
    """Narrow by one value of a facet."""
    names = {field: name for name, field in ALONE.items()}
    for field, each in narrowed_by(Filters(), name, value).given.items():
        if field in _WIDGETS:
            st.session_state[field] = each
        else:
            put_filter(names.get(field, field), each)


def drop_filter(name: str) -> None:
    """Take one filter away; the two ends of a size are one."""
    if name in _WIDGETS:
        st.session_state[name] = None
        return
    names = ("min_bytes", "max_bytes") if name in ("min_bytes", "max_bytes") else (name,)
    for each in (*names, *(["radius"] if name == "near" else [])):
        if each in st.query_params:
            del st.query_params[each]


def widen_all() -> None:
    """Take all filters away."""
    for name in ("kind", *_WIDGETS, *ALONE):
        drop_filter(name)


def name_filters(
    kind: str | None, under: str | None, since: date | None, until: date | None, others: Mapping[str, Any]
) -> dict[str, str]:
    """Name in the address -> the filter in words, for those that are set."""
    said = {name: text for name, value in others.items() if (text := _told(name, value, others))}
    if kind in get_args(Kind):
        said["kind"] = "pictures only" if kind == "image" else "documents only"
    if under:
        said["under"] = f"in {PurePosixPath(under).name or under}"
    if since:
        said["since"] = f"since {since:%Y-%m-%d}"
    if until:
        said["until"] = f"until {until:%Y-%m-%d}"
    return said


def _told(name: str, value: object, others: Mapping[str, Any]) -> str | None:
    """One filter in words; None for one that another one says, too."""
    if name in ("min_bytes", "max_bytes"):
        return _size(others.get("min_bytes"), others.get("max_bytes")) if name == next(iter(_sizes(others))) else None
    if name == "radius":
        return None
    if name == "near" and "radius" in others:
        return f"within {others['radius']:g} km of {value}"
    if name == "not_kind":
        return f"no {KINDS.get(str(value), str(value)).lower()}"
    return _SAYS.get(name, "{}").format(" or ".join(value) if isinstance(value, tuple) else value)


def _sizes(others: Mapping[str, Any]) -> list[str]:
    return [name for name in ("min_bytes", "max_bytes") if name in others]


def _size(least: int | None, most: int | None) -> str:
    """As the facet names it: 1 MB are a million bytes; its ranges begin one byte behind the one before."""
    if least is None:
        return f"up to {_bytes(most or 0)}"
    return f"over {_bytes(least)}" if most is None else f"{_bytes(least)} to {_bytes(most)}"


def _bytes(count: int) -> str:
    count = count - 1 if count % 1000 == 1 else count
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (1000, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}"
    return f"{count} bytes"
