"""The app on a small real library: real store, real files, the tiny encoder of tests/tiny.py in place of the weights."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tiny import CARD, tiny_encoder

APP = Path(__file__).resolve().parents[2] / "app" / "streamlit_app.py"


@pytest.fixture
def shelf(home, monkeypatch):
    """The app's shelf with nothing on it; what a test puts there is closed at its end."""
    import streamlit as st

    from app import shelf

    def load(card, cache=None):
        assert card == CARD.id
        return tiny_encoder()

    monkeypatch.setattr(shelf, "load_encoder", load)
    yield shelf
    for name in {*shelf.collections(), "main", "sample"}:
        shelf.library(name).close()
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def indexed(shelf, home, files):
    """The mixed folder of tests/conftest.py, in the collection main."""
    from indexer.library import Library

    with Library(home, encoder=tiny_encoder()) as library:
        library.add([files], workers=1)
    return shelf.library("main")


@pytest.fixture
def page(shelf):
    """Open a page of the app: `page(q="red")`, `page("library")`."""

    def open_page(name="search", **parameters):
        test = AppTest.from_file(str(APP), default_timeout=60)
        for key, value in parameters.items():
            test.query_params[key] = value
        test.run()
        if name == "library":
            # AppTest reaches pages by file only; ours are functions, so the page is drawn by a script of its own.
            test = AppTest.from_string("from app.views import library\nlibrary.show()", default_timeout=60)
            test.run()
        assert not test.exception
        return test

    return open_page
