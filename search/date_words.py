"""Spans of days said in English words: "last summer", "may 2023", "3 days ago".

A table of our own, on purpose: packages that parse dates give one moment, and what a person means here is a span.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta

__all__ = ["named_span"]

Span = tuple[date, date]  # the first and the last day

_MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
           "december")  # fmt: skip
_MONTH_OF = {name: number for number, name in enumerate(_MONTHS, 1)}
_MONTH_OF |= {name[:3]: number for name, number in _MONTH_OF.items()} | {"sept": 9}
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}  # first month, northern hemisphere
_DAY = timedelta(days=1)

_MONTH = rf"(?P<month>{'|'.join(_MONTH_OF)})\.?"
_SEASON = rf"(?P<season>{'|'.join(_SEASONS)})"
_YEAR = r"(?P<year>\d{4})"
_UNIT = r"(?P<unit>day|week|month|year)"
_OF = r"(?:,? | of )"


def named_span(text: str, today: date) -> Span | None:
    """First and last day of what these words mean on the day `today`, None for words that are no date.

    Weeks begin on Monday. Seasons are whole months of the northern hemisphere: spring from March, summer from June, autumn from
    September, winter from December into the next year, so "winter 2019" ends in February 2020. "last" is the latest that was
    over before today, so in July "last summer" is that of the year before; a month without a year is the latest that has begun.
    "2 months ago" is all of that month, "last 2 months" the days from there until today.

    Raises ValueError and OverflowError for days that no calendar holds.

    >>> named_span("last summer", date(2024, 7, 9))
    (datetime.date(2023, 6, 1), datetime.date(2023, 8, 31))
    """
    words = " ".join(text.lower().split())
    for pattern, meaning in _TABLE:
        if found := re.fullmatch(pattern, words):
            return meaning(found, today)
    return None


def _of_unit(day: date, unit: str) -> Span:
    """The day, week, month or year that holds the day."""
    if unit == "week":
        monday = day - day.weekday() * _DAY
        return monday, monday + 6 * _DAY
    if unit == "month":
        return _months(day.year, day.month, 1)
    return _months(day.year, 1, 12) if unit == "year" else (day, day)


def _months(year: int, month: int, count: int) -> Span:
    """`count` whole months; a month over 12 lies in the next year, one below 1 in the year before."""
    year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
    after = month - 1 + count
    return date(year, month, 1), date(year + after // 12, after % 12 + 1, 1) - _DAY


def _back(day: date, count: int, unit: str) -> date:
    """The same day so many units before, or the last of its month where that is shorter."""
    if unit in ("day", "week"):
        return day - count * (7 if unit == "week" else 1) * _DAY
    first, last = _months(day.year, day.month - count * (12 if unit == "year" else 1), 1)
    return first.replace(day=min(day.day, last.day))


def _calendar(found: re.Match[str], today: date) -> Span:
    day = _back(today, 0 if found["which"] == "this" else 1, found["unit"])
    return _of_unit(day, found["unit"])


def _latest(spans: Callable[[int], Span], which: str | None, today: date) -> Span:
    """Of one span a year, the one that "this" and "last" mean, or none of both."""
    candidates = [spans(today.year - back) for back in range(3)]
    if which == "last":
        return next(span for span in candidates if span[1] < today)
    if which == "this":
        return next((span for span in candidates if span[0] <= today <= span[1]), candidates[0])
    return next(span for span in candidates if span[0] <= today)


def _season(found: re.Match[str], today: date) -> Span:
    parts = found.groupdict()
    month = _SEASONS[found["season"]]
    if parts.get("year"):
        return _months(int(found["year"]), month, 3)
    return _latest(lambda year: _months(year, month, 3), parts.get("which"), today)


def _month(found: re.Match[str], today: date) -> Span:
    parts = found.groupdict()
    month = _MONTH_OF[found["month"]]
    if parts.get("day"):
        day = date(int(found["year"]), month, int(found["day"]))
        return day, day
    if parts.get("year"):
        return _months(int(found["year"]), month, 1)
    return _latest(lambda year: _months(year, month, 1), parts.get("which"), today)


def _ago(found: re.Match[str], today: date) -> Span:
    return _of_unit(_back(today, _count(found), found["unit"]), found["unit"])


def _recent(found: re.Match[str], today: date) -> Span:
    return _back(today, _count(found), found["unit"]) + _DAY, today


def _count(found: re.Match[str]) -> int:
    return 1 if found["count"] in ("a", "one") else int(found["count"])


def _days_back(count: int) -> Callable[[re.Match[str], date], Span]:
    return lambda _, today: (today - count * _DAY, today - count * _DAY)


_TABLE: tuple[tuple[str, Callable[[re.Match[str], date], Span]], ...] = (
    (r"today", _days_back(0)),
    (r"yesterday", _days_back(1)),
    (rf"(?P<which>this|last) {_UNIT}", _calendar),
    (rf"(?P<count>\d{{1,5}}|a|one) {_UNIT}s? ago", _ago),
    (rf"(?:the )?(?:last|past) (?P<count>\d{{1,5}}) {_UNIT}s?", _recent),
    (rf"(?:(?P<which>this|last) )?{_SEASON}", _season),
    (rf"{_SEASON}{_OF}{_YEAR}", _season),
    (rf"{_YEAR} {_SEASON}", _season),
    (rf"(?:(?P<which>this|last) )?{_MONTH}", _month),
    (rf"{_MONTH}{_OF}{_YEAR}", _month),
    (rf"{_YEAR} {_MONTH}", _month),
    (rf"(?P<day>\d{{1,2}})\.? {_MONTH},? {_YEAR}", _month),
    (rf"{_MONTH} (?P<day>\d{{1,2}}),? {_YEAR}", _month),
    (r"(?:the )?(?P<year>\d{3}0)s", lambda found, _: _months(int(found["year"]), 1, 120)),
)
"""What people write -> what it means; the first that fits."""
