"""What narrows an answer, as a person says it, and the same as the store takes it."""

import math
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal, get_args

from encoders.errors import LibraryError
from indexer.items import Kind
from indexer.paths import absolute, to_text
from indexer.schema import FIELDS
from indexer.store.base import Condition, GeoRadius, Match, Range, Where, Words
from search.dates import When, first_moment, last_moment, span

__all__ = ["Filters", "Orientation", "joined", "place_of"]

Orientation = Literal["landscape", "portrait", "square"]
Several = str | Sequence[str] | None
"""One value or several; any of several will do."""

_TEXT_FIELDS = tuple(field.name for field in FIELDS if field.indexed and field.type == "text")
_SEVERAL = ("extension", "camera", "town", "keyword", "without_words", "without_extension", "without_keyword")
_VALUE_FIELDS = {"extension": "extension", "camera": "camera", "town": "town", "keyword": "keywords"}
_DATE_FIELDS = {"dates": "date", "taken": "taken", "modified": "modified"}  # name of the filter -> field of the payload


@dataclass(frozen=True)
class Filters:
    """Every filter of one question. All of them must pass; None and () let everything pass.

    Camera, town and keywords are compared as a whole here; `SearchLibrary` first completes them from what the collection
    holds ("nikon" -> "NIKON D750").
    """

    kind: Kind | None = None
    under: Path | str | None = None  # a folder
    since: When | None = None  # on the date: taken where known, else modified
    until: When | None = None
    dates: When | None = None  # a span, as `dates.span` reads it: "2019", "last summer", "2023-05..2023-08"
    taken: When | None = None  # the same, on the time of the camera alone
    modified: When | None = None  # the same, on the time of the file alone
    extension: Several = None  # "jpg"
    min_bytes: int | None = None
    max_bytes: int | None = None
    orientation: Orientation | None = None
    camera: Several = None
    near: str | None = None  # "48.85,2.35", or the name of a town
    radius_km: float = 25.0  # around `near`
    town: Several = None  # the nearest one, as the index has it
    title: str | None = None  # words that the title holds, all of them
    keyword: Several = None
    without_kind: Kind | None = None
    without_under: Path | str | None = None
    without_words: Several = None  # none of them in title, file name and keywords; all of them where one entry has several
    without_dates: When | None = None
    without_extension: Several = None
    without_keyword: Several = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense, in one sentence, before any model is loaded."""
        for name in _SEVERAL:
            object.__setattr__(self, name, _several(getattr(self, name), name))
        self.where()

    def where(self) -> Where:
        """The filter as it runs inside the engine's search. Raises LibraryError for what makes no sense."""
        _check(self)
        return Where(tuple(_must(self)), tuple(_must_not(self)))

    @property
    def given(self) -> dict[str, object]:
        """The filters that are set: name -> value."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) != field.default}


def joined(one: Filters, other: Filters) -> Filters:
    """What passes both. Raises LibraryError where both set a filter to something else.

    >>> joined(Filters(kind="image"), Filters(since="2019")).given
    {'kind': 'image', 'since': '2019'}
    """
    for name, value in other.given.items():
        if one.given.get(name, value) != value:
            raise LibraryError(f"the filter {name} is given twice: {one.given[name]} and {value}.")
    return replace(one, **other.given)  # type: ignore[arg-type]  # its own values


def place_of(near: str) -> tuple[float, float, str]:
    """Latitude, longitude and name of "48.85,2.35" or of a town. Raises LibraryError for what is neither."""
    try:
        latitude, longitude = (float(part) for part in near.split(","))
    except ValueError:
        return _town(near)
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise LibraryError(f"{near!r} is no place on earth: write degrees north, then degrees east, as in 48.85,2.35.")
    return latitude, longitude, near


def _town(name: str) -> tuple[float, float, str]:
    from indexer.towns import find_town, similar_towns

    found = find_town(name)
    if found is None:
        alike = similar_towns(name)
        hint = f" Did you mean {' or '.join(alike)}?" if alike else ""
        raise LibraryError(f"no town is called {name!r}.{hint} Or write its place in degrees, as in 48.85,2.35.")
    return found


def _composed(words: str) -> str:
    """Accents as part of their letters, as the index has them, also in what macOS gives to be pasted."""
    return unicodedata.normalize("NFC", words)


def _must(asked: Filters) -> Iterator[Condition]:
    if asked.kind is not None:
        yield Match("kind", (asked.kind,))
    if asked.under is not None:
        yield Match("folders", (_folder(asked.under),))
    if asked.since is not None or asked.until is not None:
        yield _between(asked.since, asked.until)
    for name, key in _DATE_FIELDS.items():
        if (when := getattr(asked, name)) is not None:
            yield Range(key, *span(when))
    if asked.min_bytes is not None or asked.max_bytes is not None:
        yield Range("bytes", asked.min_bytes, asked.max_bytes)
    if asked.near is not None:
        latitude, longitude, _ = place_of(asked.near)
        yield GeoRadius("place", latitude, longitude, asked.radius_km * 1000)
    if asked.title is not None:
        yield Words("title", _composed(asked.title))
    yield from _values(asked)


def _values(asked: Filters) -> Iterator[Condition]:
    if asked.orientation is not None:
        yield Match("orientation", (asked.orientation,))
    for name, key in _VALUE_FIELDS.items():
        if values := getattr(asked, name):
            yield Match(key, tuple(values))


def _must_not(asked: Filters) -> Iterator[Condition]:
    if asked.without_kind is not None:
        yield Match("kind", (asked.without_kind,))
    if asked.without_under is not None:
        yield Match("folders", (_folder(asked.without_under),))
    if asked.without_dates is not None:
        yield Range("date", *span(asked.without_dates))
    if asked.without_extension:
        yield Match("extension", tuple(asked.without_extension))
    if asked.without_keyword:
        yield Match("keywords", tuple(asked.without_keyword))
    for words in asked.without_words or ():
        yield from (Words(key, _composed(words)) for key in _TEXT_FIELDS)
        yield Match("keywords", (words,))


def _folder(path: Path | str) -> str:
    return to_text(absolute(path))


def _between(since: When | None, until: When | None) -> Range:
    first = None if since is None else first_moment(since)
    last = None if until is None else last_moment(until)
    if first is not None and last is not None and first > last:
        raise LibraryError(f"nothing lies since {since} and until {until}: the first is the later one.")
    return Range("date", first, last)


def _several(values: Several, name: str) -> tuple[str, ...] | None:
    """One or several values as a tuple, without repetitions; None for none."""
    if values is None:
        return None
    listed = [values] if isinstance(values, str) else list(values)
    if name.endswith("extension"):
        listed = [each.strip().lower().removeprefix("*").removeprefix(".") for each in listed]
    else:
        listed = [" ".join(each.split()) for each in listed]
    if not all(any(letter.isalnum() for letter in each) for each in listed):
        raise LibraryError(f"the filter {name} needs a word or several, not {values!r}.")
    return tuple(dict.fromkeys(listed)) or None


def _check(asked: Filters) -> None:
    """Refuse what no item can pass, and what is not the name of anything."""
    for kind in (asked.kind, asked.without_kind):
        if kind is not None and kind not in get_args(Kind):
            raise LibraryError(f"{kind!r} is not a kind of file. Kinds are: {', '.join(get_args(Kind))}.")
    if asked.orientation is not None and asked.orientation not in get_args(Orientation):
        ways = ", ".join(get_args(Orientation))
        raise LibraryError(f"{asked.orientation!r} is not how a picture can lie. Choose one of {ways}.")
    if asked.title is not None and not any(letter.isalnum() for letter in asked.title):
        raise LibraryError("there are no words in the title to look for.")
    if not (math.isfinite(asked.radius_km) and 0 < asked.radius_km <= 20_100):
        raise LibraryError(f"a radius is more than 0 and at most 20,100 km, half way round the earth; not {asked.radius_km}.")
    _check_sizes(asked)
    _check_contradictions(asked)


def _check_sizes(asked: Filters) -> None:
    least, most = asked.min_bytes, asked.max_bytes
    if any(size is not None and size < 0 for size in (least, most)):
        raise LibraryError("a file has no size below 0 bytes.")
    if least is not None and most is not None and least > most:
        raise LibraryError(f"nothing has at least {least:,} and at most {most:,} bytes: the first is the larger one.")


def _check_contradictions(asked: Filters) -> None:
    if asked.kind is not None and asked.kind == asked.without_kind:
        raise LibraryError(f"nothing is of the kind {asked.kind} and not of the kind {asked.without_kind}.")
    if asked.under is not None and asked.without_under is not None:
        inner, outer = Path(_folder(asked.under)), Path(_folder(asked.without_under))
        if inner.is_relative_to(outer):
            raise LibraryError(f"nothing lies below {inner} and not below {outer}.")
    for name in ("extension", "keyword"):
        wanted, unwanted = getattr(asked, name) or (), getattr(asked, f"without_{name}") or ()
        if wanted and set(wanted) <= set(unwanted):
            raise LibraryError(f"nothing has the {name} {' or '.join(wanted)} and has not.")
    if asked.dates is not None and asked.without_dates is not None:
        (first, last), (other_first, other_last) = span(asked.dates), span(asked.without_dates)
        begins = other_first is None or (first is not None and first >= other_first)
        if begins and (other_last is None or (last is not None and last <= other_last)):
            raise LibraryError(f"nothing is dated {asked.dates} and not {asked.without_dates}.")
