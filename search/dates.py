"""Dates as people write them, turned into the first and last moment they mean. UTC throughout, as in the payload."""

import re
from datetime import UTC, date, datetime, time, timedelta

from encoders.errors import LibraryError
from search.date_words import named_span

__all__ = ["WAYS", "When", "first_moment", "last_moment", "span"]

When = str | date | datetime
"""2023, 2023-05, 2023-05-14, 2023-05-14T10:00:00, words ("last week", "may 2023"), or a date or datetime."""

WAYS = (
    "a year, month, day or time (2023, 2023-05, 2023-05-14, 2023-05-14T10:00), a span (2023-05..2023-08, 2019.., ..2019),"
    " or words: today, yesterday, this week, last month, last summer, summer 2019, may 2023, 1990s, 3 days ago, last 30 days"
)
"""How a date can be written, for messages and help."""

_SPAN = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


def span(text: When, today: date | None = None) -> tuple[str | None, str | None]:
    """First and last second of a span as people write it, RFC 3339; None where a side is open, as in "2019..".

    Everything that `WAYS` names; both sides of ".." may be any of it: "last summer..today". What words mean on the day `today`
    (default: this day, by the clock of this machine) is told by `date_words.named_span`; seasons are those of the northern
    hemisphere. Raises LibraryError for what is no date, and for a span that ends before it begins.

    >>> span("2023-05..2023-08")
    ('2023-05-01T00:00:00Z', '2023-08-31T23:59:59Z')
    """
    if not isinstance(text, str) or ".." not in text:
        first, last = _bounds(text, today)
        return _text(first), _text(last)
    left, _, right = (part.strip() for part in text.partition(".."))
    if not left and not right:
        raise _no_date(text)
    begin = _bounds(left, today)[0] if left else None
    end = _bounds(right, today)[1] if right else None
    if begin is not None and end is not None and begin > end:
        raise LibraryError(f"{text!r} ends before it begins: write the earlier side first.")
    return None if begin is None else _text(begin), None if end is None else _text(end)


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


def _bounds(when: When, today: date | None = None) -> tuple[datetime, datetime]:
    if isinstance(when, datetime):
        moment = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
        return moment, moment
    text = when.isoformat() if isinstance(when, date) else when.strip()
    try:
        days = named_span(text, today or date.today())
        return _written(text) if days is None else _seconds(*days)
    except (ValueError, OverflowError) as error:
        raise _no_date(text) from error


def _no_date(text: str) -> LibraryError:
    return LibraryError(f"{text!r} is not a date. Write {WAYS}.")


def _written(text: str) -> tuple[datetime, datetime]:
    found = _SPAN.fullmatch(text)
    if found is None:
        return _bounds(datetime.fromisoformat(text))
    year, month, day = (int(part) if part else None for part in found.groups())
    first = date(year or 0, month or 1, day or 1)
    if day:
        following = first + timedelta(days=1)
    elif month:
        following = first.replace(year=first.year + month // 12, month=month % 12 + 1)
    else:
        following = first.replace(year=first.year + 1)
    return _seconds(first, following - timedelta(days=1))


def _seconds(first: date, last: date) -> tuple[datetime, datetime]:
    """The first second of the one day, and the last of the other."""
    return datetime.combine(first, time(), UTC), datetime.combine(last, time(23, 59, 59), UTC)
