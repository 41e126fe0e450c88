import os
import shutil
import uuid

import pytest
from qdrant_client import QdrantClient
from store_cases import MANIFEST

from indexer.store import open_store
from indexer.store.server import ServerStore
from indexer.store.swap import copy_sparse


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
