"""Whether the search index is built anew after a change: on the real engine, with a collection large enough for a graph."""

from dataclasses import replace

import pytest
from store_cases import MANIFEST, make_ids, make_payloads, make_rows

from indexer.index_due import build_if_worth, changed_items, is_due, note_changed, note_due, set_due
from indexer.ledger import Ledger
from indexer.spaces import Space
from indexer.store import open_store
from indexer.store_note import note_store

_DIMENSION = 1024
_GRAPH = 3000  # items of it that the engine builds a graph for
_MUCH = 1024  # items that are worth building for


@pytest.fixture
def ledger(tmp_path):
    ledger = Ledger(tmp_path / "ledger.sqlite")
    yield ledger
    ledger.close()


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    store = open_store(tmp_path_factory.mktemp("due") / "due", "due")
    store.create(replace(MANIFEST, dimension=_DIMENSION))
    store.upsert(make_ids(_GRAPH), make_rows(_GRAPH, dimension=_DIMENSION), make_payloads(_GRAPH))
    store.flush()
    assert store.build_index().indexed_vectors == _GRAPH
    yield store
    store.close()


def built_anew(ledger, store):
    """What the index holds now, and how often it was said that building begins."""
    note_store(ledger, Space("due", store, store.manifest()))
    begun = []
    info = build_if_worth(ledger, store, lambda: begun.append(1))
    return info, len(begun)


def test_nothing_is_built_where_nothing_changed(ledger, built):
    assert not is_due(ledger)
    assert built_anew(ledger, built) == (None, 0)


def test_few_changes_wait_and_add_up_until_they_are_many(ledger, built):
    note_changed(ledger, 1000)
    assert built_anew(ledger, built) == (None, 0)
    assert is_due(ledger)
    note_changed(ledger, 23)
    assert built_anew(ledger, built) == (None, 0)
    assert changed_items(ledger) == _MUCH - 1
    note_changed(ledger, 1)
    info, begun = built_anew(ledger, built)
    assert (info.indexed_vectors, begun) == (_GRAPH, 1)
    assert not is_due(ledger)
    assert changed_items(ledger) == 0


def test_many_changes_wait_where_they_are_few_beside_the_collection(ledger, built, monkeypatch):
    monkeypatch.setattr("indexer.index_due._SHARE", 0.5)
    note_changed(ledger, _GRAPH // 2 - 1)
    assert built_anew(ledger, built) == (None, 0)
    note_changed(ledger, 1)
    assert built_anew(ledger, built)[1] == 1


def test_what_is_due_is_built_however_little_changed(ledger, built):
    note_changed(ledger, 1)
    note_due(ledger)
    note_changed(ledger, 1)
    assert built_anew(ledger, built)[1] == 1
    assert built_anew(ledger, built)[1] == 0


def test_a_collection_without_a_graph_is_built_after_every_change(ledger, tmp_path):
    store = open_store(tmp_path / "few", "few")
    store.create(replace(MANIFEST, dimension=_DIMENSION))
    store.upsert(make_ids(3), make_rows(3, dimension=_DIMENSION), make_payloads(3))
    note_changed(ledger, 3)
    info, begun = built_anew(ledger, store)
    assert (info.exact, begun) == (True, 1)
    assert not is_due(ledger)
    store.close()


def test_another_space_brings_its_own_need(ledger, built):
    note_changed(ledger, 5)
    set_due(ledger, due=False)
    assert not is_due(ledger)
    set_due(ledger, due=True)
    assert built_anew(ledger, built)[1] == 1


def test_items_that_wait_are_found(built):
    extra = make_ids(2, start=_GRAPH)
    rows = make_rows(2, seed=9, dimension=_DIMENSION)
    built.upsert(extra, rows, make_payloads(2))
    assert built.search(rows[1], 1)[0].id == extra[1]
