"""Dates as people write them, turned into the first and last moment they mean. UTC throughout, as in the payload."""

import re
from datetime import UTC, date, datetime, timedelta

from encoders.errors import LibraryError

__all__ = ["When", "first_moment", "last_moment"]

When = str | date | datetime
"""2023, 2023-05, 2023-05-14, 2023-05-14T10:00:00, or a date or datetime."""

_SPAN = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def first_moment(when: When) -> str:
    """RFC 3339 time at which a span begins.

    >>> first_moment("2023"), first_moment("2023-05")
    ('2023-01-01T00:00:00Z', '2023-05-01T00:00:00Z')
    """
    return _text(_bounds(when)[0])


def last_moment(when: When) -> str:
    """RFC 3339 time of the last second of a span: "until 2023" includes all of 2023.

    >>> last_moment("2023"), last_moment("2024-02")
    ('2023-12-31T23:59:59Z', '2024-02-29T23:59:59Z')
    """
    return _text(_bounds(when)[1])


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment.year >= 1000 else moment.isoformat()


def _bounds(when: When) -> tuple[datetime, datetime]:
    if isinstance(when, datetime):
        moment = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
        return moment, moment
    text = when.isoformat() if isinstance(when, date) else when.strip()
    try:
        return _span(text)
    except (ValueError, OverflowError) as error:
        raise LibraryError(
            f"{text!r} is not a date. Write a year, a month, a day or a time: 2023, 2023-05, 2023-05-14 or 2023-05-14T10:00."
        ) from error


def _span(text: str) -> tuple[datetime, datetime]:
    found = _SPAN.fullmatch(text)
    if found is None:
        return _bounds(datetime.fromisoformat(text))
    year, month, day = (int(part) if part else None for part in found.groups())
    first = datetime(year or 0, month or 1, day or 1, tzinfo=UTC)
    if day:
        following = first + timedelta(days=1)
    elif month:
        following = first.replace(year=first.year + month // 12, month=month % 12 + 1)
    else:
        following = first.replace(year=first.year + 1)
    return first, following - timedelta(seconds=1)
