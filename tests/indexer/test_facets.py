import pytest
from qdrant_client import QdrantClient
from store_cases import MANIFEST, make_ids, make_rows

from indexer.store import open_store
from indexer.store.base import Match, Where
from indexer.store.server import ServerStore
from search import Filters
from search.facets import count_facets, narrowed

PAYLOADS = [
    {"kind": "image", "extension": "jpg", "bytes": 50_000, "date": "2019-12-31T23:59:59Z", "camera": "NIKON D750",
     "folders": ["/", "/me", "/me/a", "/me/a/deep"], "keywords": ["zoo", "cat"]},
    {"kind": "image", "extension": "png", "bytes": 2_000_000, "date": "2020-01-01T00:00:00Z",
     "folders": ["/", "/me", "/me/a"], "keywords": ["zoo"]},
    {"kind": "document", "extension": "pdf", "bytes": 100_000, "date": "1987-05-01T00:00:00Z",
     "folders": ["/", "/me", "/me/b"]},
    {"kind": "document", "extension": "pdf", "bytes": 100_001, "date": "2020-06-01T00:00:00Z",
     "folders": ["/", "/me", "/me/b", "/me/a"]},
]  # fmt: skip


@pytest.fixture(params=["edge", "server"])
def store(request, tmp_path):
    if request.param == "edge":
        opened = open_store(tmp_path / "holiday", "holiday")
    else:
        client = QdrantClient(":memory:")
        request.addfinalizer(client.close)
        opened = ServerStore("holiday", client=client)
    opened.create(MANIFEST)
    opened.upsert(make_ids(4), make_rows(4), PAYLOADS)
    yield opened
    opened.close()


def counted(store, where=None):
    return {facet.name: {value.label: value.count for value in facet.values} for facet in count_facets(store, where)}


def test_every_value_with_its_exact_count(store):
    assert counted(store) == {
        "kind": {"documents": 2, "pictures": 2},
        "extension": {"pdf": 2, "jpg": 1, "png": 1},
        "camera": {"NIKON D750": 1},
        "keyword": {"zoo": 2, "cat": 1},
        "folder": {"a": 3, "b": 2},
        "year": {"2020": 2, "2019": 1, "1987": 1},
        "size": {"up to 100 kB": 2, "100 kB to 1 MB": 1, "1 to 10 MB": 1},
    }


def test_only_what_passes_the_filter_is_counted(store):
    got = counted(store, Where((Match("kind", ("image",)),)))
    assert got["extension"] == {"jpg": 1, "png": 1}
    assert got["folder"] == {"deep": 1}, "one level below the folder that all have in common"
    assert got["year"] == {"2020": 1, "2019": 1}
    assert counted(store, Where((Match("kind", ("nothing",)),))) == {}


def test_every_count_is_what_its_filter_lets_pass(store):
    for facet in count_facets(store):
        for value in facet.values:
            assert store.count(narrowed(Filters(), facet.name, value.value).where()) == value.count, (facet.name, value)
