"""How many items there are of each kind, folder, year, camera ...: the counts that stand beside the results."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from indexer.schema import FIELDS
from indexer.store.base import Range, Store, Where
from search.filters import Filters

__all__ = ["Facet", "Value", "count_facets", "narrowed"]

_MOST_VALUES = 50  # of a facet
_MOST_FOLDERS = 1000  # looked at, the fullest first, to find those below the common root
_FIRST_YEAR = 1820  # no photograph is older
_KB, _MB = 1000, 1_000_000
_SIZES: tuple[tuple[str, int | None, int | None], ...] = (
    ("up to 100 kB", None, 100 * _KB),
    ("100 kB to 1 MB", 100 * _KB + 1, _MB),
    ("1 to 10 MB", _MB + 1, 10 * _MB),
    ("10 to 100 MB", 10 * _MB + 1, 100 * _MB),
    ("over 100 MB", 100 * _MB + 1, None),
)
_KINDS = {"image": "pictures", "document": "documents"}
_VALUES = (  # name, label, field of the payload
    ("kind", "Kind", "kind"),
    ("extension", "File type", "extension"),
    ("orientation", "Orientation", "orientation"),
    ("camera", "Camera", "camera"),
    ("town", "Town", "town"),
    ("keyword", "Keyword", "keywords"),
)


@dataclass(frozen=True)
class Value:
    """One value of a facet."""

    value: str  # as `narrowed` takes it
    label: str  # for people
    count: int  # of items, exact


@dataclass(frozen=True)
class Facet:
    """One property of items with the values it has, most frequent first; years the latest first, sizes the smallest first."""

    name: str  # "year"
    label: str  # "Year"
    values: tuple[Value, ...]  # at most 50

    def to_dict(self) -> dict[str, Any]:
        """The keys that `python -m search --facets --json` prints."""
        values = [{"value": each.value, "label": each.label, "count": each.count} for each in self.values]
        return {"name": self.name, "label": self.label, "values": values}


def count_facets(store: Store, where: Where | None = None) -> tuple[Facet, ...]:
    """Count what passes the filter, exactly.

    All of it, not only the hits of a query: by meaning every item answers, more or less. Kind, file type, orientation, camera,
    town, keyword, folder (one level below the folder that all have in common), year (by the date: taken where known, else
    modified) and size. A facet that has no value is left out.
    """
    where = where or Where()
    known = {field.name for field in FIELDS}
    facets = [Facet(name, label, tuple(_values(store, key, where))) for name, label, key in _VALUES if key in known]
    facets.append(Facet("folder", "Folder", tuple(_folders(store, where))))
    facets.append(Facet("year", "Year", tuple(_years(store, where))))
    facets.append(Facet("size", "Size", tuple(_sizes(store, where))))
    return tuple(facet for facet in facets if facet.values)


def narrowed(filters: Filters, name: str, value: str) -> Filters:
    """The filters with one value of a facet, in place of what the same filter said before."""
    changes: dict[str, Any] = {{"folder": "under", "year": "dates"}.get(name, name): value}
    if name == "size":
        _, least, most = next(size for size in _SIZES if size[0] == value)
        changes = {"min_bytes": least, "max_bytes": most}
    return replace(filters, **changes)


def _values(store: Store, key: str, where: Where) -> Iterator[Value]:
    for value, count in store.facet(key, where, _MOST_VALUES):
        yield Value(value, _KINDS.get(value, value) if key == "kind" else value, count)


def _folders(store: Store, where: Where) -> Iterator[Value]:
    counted = store.facet("folders", where, _MOST_FOLDERS)
    most = max((count for _, count in counted), default=0)
    root = max(
        (PurePosixPath(folder) for folder, count in counted if count == most), key=lambda path: len(path.parts), default=None
    )
    below = [(PurePosixPath(folder), count) for folder, count in counted if PurePosixPath(folder).parent == root]
    for path, count in below[:_MOST_VALUES]:
        if path != root:
            yield Value(str(path), path.name, count)


def _years(store: Store, where: Where) -> Iterator[Value]:
    """Decades first, so that an empty one costs one count and not ten."""
    last = datetime.now(UTC).year // 10 * 10 + 10
    for decade in range(last, _FIRST_YEAR - 1, -10):
        if not _dated(store, where, decade, decade + 9):
            continue
        for year in range(decade + 9, decade - 1, -1):
            if count := _dated(store, where, year, year):
                yield Value(str(year), str(year), count)


def _dated(store: Store, where: Where, first: int, last: int) -> int:
    within = Range("date", f"{first}-01-01T00:00:00Z", f"{last}-12-31T23:59:59Z")
    return store.count(replace(where, must=(*where.must, within)))


def _sizes(store: Store, where: Where) -> Iterator[Value]:
    for label, least, most in _SIZES:
        if count := store.count(replace(where, must=(*where.must, Range("bytes", least, most)))):
            yield Value(label, label, count)
