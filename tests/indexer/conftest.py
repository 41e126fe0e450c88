import os
import uuid

import pytest
from qdrant_client import QdrantClient

from indexer.store import open_store
from indexer.store.server import ServerStore


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
