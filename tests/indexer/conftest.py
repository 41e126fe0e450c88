import os
import shutil
import uuid

import pytest
from qdrant_client import QdrantClient
from store_cases import MANIFEST

from encoders.errors import ModelError
from indexer.store import open_store
from indexer.store.server import ServerStore
from indexer.store.swap import copy_sparse
from search import open_library

from tiny import tiny_models


@pytest.fixture(scope="session")
def _made_collection(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "shared"
    store = open_store(folder, "shared")
    store.create(MANIFEST)
    store.close()
    return folder


@pytest.fixture
def make_collection(_made_collection):
    """Make a folder an empty Edge collection: by copying one, which takes less of the disk's time than creating it."""

    def make(folder):
        shutil.copytree(_made_collection, folder, copy_function=copy_sparse)

    return make


@pytest.fixture(params=["edge", "local", "server"])
def empty_store(request, tmp_path):
    """A store without a collection, one engine after the other."""
    if request.param == "edge":
        store = open_store(tmp_path / "holiday", "holiday", wait=5.0)
    elif request.param == "local":
        client = QdrantClient(":memory:")
        request.addfinalizer(client.close)
        store = ServerStore("holiday", client=client)
    else:
        url = os.environ.get("SKYBRIDGE_QDRANT_URL")
        if not url:
            pytest.skip("SKYBRIDGE_QDRANT_URL names no running server")
        store = open_store(tmp_path, f"skybridge-test-{uuid.uuid4().hex}", url)
    yield store
    store.drop()
    store.close()


@pytest.fixture
def models(monkeypatch):
    """The cards of tests/tiny.py in the place of the real ones; "tiny" is the default. Returns which were loaded."""
    known, loaded = tiny_models(), []

    def load(card, cache=None, late=False):
        if card not in known:
            raise ModelError(f"there is no model {card!r}")
        loaded.append(card)
        return known[card]

    monkeypatch.setattr("indexer.library.load_encoder", load)
    monkeypatch.setattr("indexer.library.DEFAULT_MODEL", "tiny")
    return loaded


@pytest.fixture(params=["edge", "server"])
def open_main(request, home, models):
    """Open the collection main, as often as one likes, in the folder or on one server (the client's own local engine)."""
    client = QdrantClient(":memory:") if request.param == "server" else None
    opened = []

    def open_it(**options):
        url = None if client is None else "http://localhost:6333"
        library = open_library(home, url=url, **options)
        if client is not None:
            library.__dict__["store"] = ServerStore("main", url, client=client)
        opened.append(library)
        return library

    yield open_it
    for library in opened:
        library.close()
    if client is not None:
        client.close()
