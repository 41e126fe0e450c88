from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.errors import LibraryError
from search.dates import first_moment, last_moment


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
