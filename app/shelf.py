"""What the running app keeps between clicks: opened libraries and the indexing processes it started."""

import os
from pathlib import Path

import streamlit as st

from encoders import load_encoder
from encoders.dual import DualEncoder
from indexer.home import DEFAULT_COLLECTION, Home, server_url
from indexer.manifests import check_fingerprints
from search import SearchLibrary, open_library

__all__ = ["SAMPLES", "collections", "first_choice", "home", "library", "put_back", "ready", "warm"]

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


def ready(opened: SearchLibrary) -> bool:
    """The model that the collection asks for now is loaded."""
    return opened.has_encoder


def warm(opened: SearchLibrary) -> None:
    """Load the collection's model, once for all collections that share it. Raises what loading raises."""
    manifest = None if ready(opened) or not opened.exists() else opened.spaces.answering().manifest
    if manifest is not None:
        towers = (*sorted(manifest.query_fingerprints.items()), *sorted(manifest.candidate_fingerprints.items()))
        encoder = _encoder(manifest.card, towers, opened.home.models)
        check_fingerprints(manifest, encoder, opened.collection)
        opened.encoder = encoder


@st.cache_resource(show_spinner=False)
def _encoder(card: str, towers: tuple[tuple[str, str], ...], cache: Path) -> DualEncoder:
    """`towers` are the fingerprints that are asked for: a card that was trained anew in its place is another model."""
    return load_encoder(card, cache=cache)


def put_back(collection: str) -> None:
    """Forget an opened library, after its collection was dropped."""
    _open.clear(home().path, collection)


def collections() -> list[str]:
    """Names of the collections there are, the sample library last."""
    names = home().collections(server_url())
    return sorted(names, key=lambda name: (name == SAMPLES, name != DEFAULT_COLLECTION, name))


def first_choice(names: list[str]) -> str:
    """The collection to begin with: one's own files if there are any, else the samples."""
    for name in names:
        if library(name).status().items:
            return name
    return names[0] if names else DEFAULT_COLLECTION
