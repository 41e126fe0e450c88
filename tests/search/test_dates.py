from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.errors import LibraryError
from search.dates import first_moment, last_moment, span


@pytest.mark.parametrize(
    ("when", "first", "last"),
    [
        ("2023", "2023-01-01T00:00:00Z", "2023-12-31T23:59:59Z"),
        ("2023-12", "2023-12-01T00:00:00Z", "2023-12-31T23:59:59Z"),
        ("2024-02", "2024-02-01T00:00:00Z", "2024-02-29T23:59:59Z"),
        ("2023-5-4", "2023-05-04T00:00:00Z", "2023-05-04T23:59:59Z"),
        (date(2023, 5, 4), "2023-05-04T00:00:00Z", "2023-05-04T23:59:59Z"),
        (" 2023-05-04T10:30:00 ", "2023-05-04T10:30:00Z", "2023-05-04T10:30:00Z"),
        ("2023-05-04T10:30:00+02:00", "2023-05-04T08:30:00Z", "2023-05-04T08:30:00Z"),
        (datetime(2023, 5, 4, 10, 30), "2023-05-04T10:30:00Z", "2023-05-04T10:30:00Z"),
    ],
)
def test_what_people_write_and_the_span_it_means(when, first, last):
    assert (first_moment(when), last_moment(when)) == (first, last)


@pytest.mark.parametrize("when", ["", "soon", "2023-13", "2023-02-30", "20230", "-2023", "9999", "2023-05-04T25:00"])
def test_what_is_no_date_is_named(when):
    with pytest.raises(LibraryError, match="is not a date"):
        last_moment(when)


@given(st.dates(min_value=date(1000, 1, 1), max_value=date(9998, 12, 31)))
def test_a_day_lies_in_its_month_and_its_month_in_its_year(day):
    spans = [day.strftime(pattern) for pattern in ("%Y", "%Y-%m", "%Y-%m-%d")]
    firsts, lasts = [first_moment(one) for one in spans], [last_moment(one) for one in spans]
    assert firsts == sorted(firsts)
    assert lasts == sorted(lasts, reverse=True)
    following = datetime.fromisoformat(lasts[2]) + timedelta(seconds=1)
    assert following == datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


TODAY = date(2026, 3, 18)  # a Wednesday


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2019", "2019-01-01", "2019-12-31"),
        ("2023-05..2023-08", "2023-05-01", "2023-08-31"),
        ("2019 .. 2020-02", "2019-01-01", "2020-02-29"),
        ("2019..", "2019-01-01", None),
        ("..2019", None, "2019-12-31"),
        ("Today", "2026-03-18", "2026-03-18"),
        ("yesterday", "2026-03-17", "2026-03-17"),
        ("this week", "2026-03-16", "2026-03-22"),
        ("last week", "2026-03-09", "2026-03-15"),
        ("this month", "2026-03-01", "2026-03-31"),
        ("last  month", "2026-02-01", "2026-02-28"),
        ("this year", "2026-01-01", "2026-12-31"),
        ("last year", "2025-01-01", "2025-12-31"),
        ("last summer", "2025-06-01", "2025-08-31"),
        ("last winter", "2025-12-01", "2026-02-28"),
        ("last spring", "2025-03-01", "2025-05-31"),
        ("this spring", "2026-03-01", "2026-05-31"),
        ("this summer", "2026-06-01", "2026-08-31"),
        ("summer", "2025-06-01", "2025-08-31"),
        ("last fall", "2025-09-01", "2025-11-30"),
        ("autumn 2019", "2019-09-01", "2019-11-30"),
        ("winter 2019", "2019-12-01", "2020-02-29"),
        ("summer of 2019", "2019-06-01", "2019-08-31"),
        ("2019 summer", "2019-06-01", "2019-08-31"),
        ("may 2023", "2023-05-01", "2023-05-31"),
        ("Sept. 2023", "2023-09-01", "2023-09-30"),
        ("may", "2025-05-01", "2025-05-31"),
        ("march", "2026-03-01", "2026-03-31"),
        ("last march", "2025-03-01", "2025-03-31"),
        ("last may", "2025-05-01", "2025-05-31"),
        ("14 May 2023", "2023-05-14", "2023-05-14"),
        ("may 14, 2023", "2023-05-14", "2023-05-14"),
        ("3 days ago", "2026-03-15", "2026-03-15"),
        ("a week ago", "2026-03-09", "2026-03-15"),
        ("2 months ago", "2026-01-01", "2026-01-31"),
        ("10 years ago", "2016-01-01", "2016-12-31"),
        ("last 30 days", "2026-02-17", "2026-03-18"),
        ("past 2 weeks", "2026-03-05", "2026-03-18"),
        ("last 12 months", "2025-03-19", "2026-03-18"),
        ("the 1990s", "1990-01-01", "1999-12-31"),
        ("last summer..yesterday", "2025-06-01", "2026-03-17"),
    ],
)
def test_spans_as_people_write_them(text, first, last):
    assert span(text, TODAY) == (first and f"{first}T00:00:00Z", last and f"{last}T23:59:59Z")


def test_a_season_that_runs_is_not_the_last_one():
    assert span("last summer", date(2026, 7, 1)) == span("summer 2025")
    assert span("last summer", date(2026, 8, 31)) == span("summer 2025")
    assert span("last summer", date(2026, 9, 1)) == span("summer 2026")
    assert span("this winter", date(2026, 1, 9)) == span("winter 2025")
    assert span("this winter", date(2026, 12, 9)) == span("winter 2026")


def test_a_span_of_moments():
    whole = ("2023-05-01T10:00:00Z", "2023-05-02T09:30:00Z")
    assert span("2023-05-01T10:00..2023-05-02T11:30+02:00") == whole
    assert span(date(2023, 5, 1)) == ("2023-05-01T00:00:00Z", "2023-05-01T23:59:59Z")


def test_since_and_until_take_words_too():
    assert (first_moment("may 2023"), last_moment("may 2023")) == span("2023-05")


@pytest.mark.parametrize("text", ["", "..", "soon", "last", "last 3", "31 february 2023", "99999 years ago", "2023-05...2024"])
def test_the_ways_are_listed_where_none_fits(text):
    with pytest.raises(LibraryError, match="last summer, summer 2019, may 2023"):
        span(text, TODAY)


def test_a_span_the_wrong_way_round_is_refused():
    with pytest.raises(LibraryError, match="ends before it begins"):
        span("2023..2019")


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2200, 12, 31)), st.integers(1, 999))
def test_what_is_past_begins_before_today_and_the_last_n_days_are_n(today, count):
    for unit in ("week", "month", "year", "summer", "winter", "may"):
        first, last = (datetime.fromisoformat(side) for side in span(f"last {unit}", today))
        assert first < last < datetime(today.year, today.month, today.day, tzinfo=UTC)
    first, last = (datetime.fromisoformat(side) for side in span(f"last {count} days", today))
    assert (last - first).days + 1 == count
    assert last.date() == today
