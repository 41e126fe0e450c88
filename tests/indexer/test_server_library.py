"""The same library on a Qdrant server: the client's own local engine stands in for one."""

import pytest
from qdrant_client import QdrantClient

from indexer.store.server import ServerStore
from search import open_library


@pytest.fixture
def library(home, encoder):
    client = QdrantClient(":memory:")
    with open_library(home, url="http://localhost:6333", encoder=encoder) as opened:
        opened.__dict__["store"] = ServerStore("main", "http://localhost:6333", client=client)
        yield opened


def test_the_whole_path_on_a_server(library, files, home):
    assert library.add([files], workers=1).indexed == 6
    assert library.search("red", limit=1)[0].path.endswith("red.png")
    assert library.search("harbour", kind="document", limit=1)[0].path.endswith("harbour.txt")
    (files / "pictures" / "red.png").rename(files / "rouge.png")
    (files / "pictures" / "blue.png").unlink()
    report = library.add([files], workers=1)
    assert (report.renamed, report.removed, report.unchanged) == (1, 1, 4)
    assert library.search("red", limit=1)[0].path.endswith("rouge.png")
    assert library.status().items == library.store.count() == 5
    assert not (home / "collections").exists()


def test_another_machine_searches_what_this_one_indexed(library, files, tmp_path, encoder):
    library.add([files], workers=1)
    with open_library(tmp_path / "elsewhere", url="http://localhost:6333", encoder=encoder) as other:
        other.__dict__["store"] = library.store
        hits = other.search("red", limit=1)
        assert hits[0].path.endswith("red.png")
        assert other.item(hits[0].id).payload == hits[0].payload
        other.__dict__.pop("store")  # the first library closes it


def test_a_collection_that_vanished_from_the_server_is_indexed_anew(library, files):
    library.add([files], workers=1)
    library.store.drop()
    report = library.add([files], workers=1)
    assert report.indexed == 6
    assert "gone from the store" in report.notes[0]
    assert library.store.count() == 6
