"""Every measured number in a page stands in a results file, and is the same there."""

import pytest

from benchmarks.publish import PAGES, filled, tables_of


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_the_page_shows_what_was_measured(path):
    page = path.read_text(encoding="utf-8")
    assert tables_of(page)
    assert filled(page) == page, "run: python -m benchmarks.publish"
