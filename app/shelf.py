"""What the running app keeps between clicks: opened libraries and the indexing processes it started."""

import os
from pathlib import Path

import streamlit as st

from indexer.home import DEFAULT_COLLECTION, Home
from search import SearchLibrary, open_library

__all__ = ["SAMPLES", "collections", "first_choice", "home", "library", "put_back"]

SAMPLES = "sample"
"""The collection that holds the sample library."""


def home() -> Home:
    """The home folder that the environment names."""
    return Home(os.environ.get("SKYBRIDGE_HOME"))


def library(collection: str) -> SearchLibrary:
    """The collection, opened once for all tabs; its model is loaded once, by the first search."""
    return _open(home().path, collection)


@st.cache_resource(show_spinner=False)
def _open(path: Path, collection: str) -> SearchLibrary:
    return open_library(path, collection)


def put_back(collection: str) -> None:
    """Forget an opened library, after its collection was dropped."""
    _open.clear(home().path, collection)


def collections() -> list[str]:
    """Names of the collections there are, the sample library last."""
    names = home().collections()
    return sorted(names, key=lambda name: (name == SAMPLES, name != DEFAULT_COLLECTION, name))


def first_choice(names: list[str]) -> str:
    """The collection to begin with: one's own files if there are any, else the samples."""
    for name in names:
        if library(name).status().items:
            return name
    return names[0] if names else DEFAULT_COLLECTION
