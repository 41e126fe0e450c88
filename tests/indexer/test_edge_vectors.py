"""Codes in the local engine: found by codes, scored by the vectors; shards without any go on until they are built again."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from store_cases import MANIFEST, make_ids

from encoders.vectors import unit_rows
from indexer.store import build as building
from indexer.store import edge, open_store
from indexer.store.base import Leg, Match, Plan, Where
from indexer.store.build import build

COUNT, WIDE = 2700, 1024  # 11 MB of vectors: just enough for the engine to build a graph, and codes with it
LEGS = tuple(Leg(kind, Where(), 10.0, -3.0) for kind in ("image", "text"))


def built(folder):
    """A store whose graph is built, and its rows."""
    store = open_store(folder, "shared", wait=20.0)
    store.create(replace(MANIFEST, dimension=WIDE))
    chance = np.random.default_rng(0)
    centres = np.repeat(chance.normal(size=(COUNT // 100, WIDE)), 100, axis=0)
    rows = unit_rows(centres + 0.5 * chance.normal(size=centres.shape))
    payloads = [
        {"modality": "text" if place % 2 else "image", "text": "a red car" if place % 300 else "a black cat"}
        for place in range(COUNT)
    ]
    store.upsert(make_ids(COUNT), rows, payloads)
    store.close()
    build(folder, "shared", 20.0)
    assert store.info().indexed_vectors == COUNT
    return store, rows


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    store, rows = built(tmp_path_factory.mktemp("coded") / "shared")
    yield SimpleNamespace(store=store, rows=rows, cosine={name: row for name, row in zip(make_ids(COUNT), rows, strict=True)})
    store.close()


def queries(rows):
    """Near some rows, equal to none."""
    return unit_rows(rows[::300] + 0.01 * np.random.default_rng(1).normal(size=rows[::300].shape))


def test_the_engine_itself_would_score_by_codes(coded):
    """Otherwise the tests below could not fail."""
    from qdrant_edge import Query, QueryRequest

    query = queries(coded.rows)[0]
    with coded.store._using() as (shard, space):
        hits = shard.query(QueryRequest(10, query=Query.Nearest(query, using=space)))
    assert max(abs(hit.score - float(coded.cosine[str(hit.id)] @ query)) for hit in hits) > 1e-4


@pytest.mark.parametrize("where", [None, Where((Match("modality", ("image",)),))])
def test_scores_are_cosines_of_the_vectors(coded, where):
    same = 0
    for query in queries(coded.rows):
        hits = coded.store.search(query, 10, where)
        assert [hit.score for hit in hits] == pytest.approx([float(coded.cosine[hit.id] @ query) for hit in hits], abs=1e-5)
        same += len({hit.id for hit in hits} & {hit.id for hit in coded.store.search(query, 10, where, exact=True)})
    assert same / (10 * len(queries(coded.rows))) > 0.95


def test_exact_compares_the_vectors(coded):
    for query in queries(coded.rows):
        best = np.argsort(-(coded.rows @ query))[:10]
        assert [hit.id for hit in coded.store.search(query, 10, exact=True)] == [make_ids(COUNT)[place] for place in best]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("words", [(), ("cat",)])
def test_evidence_of_a_plan_is_of_the_vectors(coded, words, exact):
    for query in queries(coded.rows):
        for item in coded.store.fuse(Plan(query, LEGS, words, 2.0, exact=exact), 10):
            true = float(coded.cosine[item.id] @ query)
            assert item.cosine == pytest.approx(true, abs=1e-5)
            assert item.score == pytest.approx(10 * true - 3 + 2 * item.words, abs=1e-4)


def test_a_shard_without_codes_is_asked_as_before_and_gets_them_when_it_is_built_again(tmp_path, monkeypatch):
    from qdrant_edge import Distance, EdgeVectorParams, Memory

    for module in (edge, building):
        monkeypatch.setattr(module, "vector_params", lambda size: EdgeVectorParams(size, Distance.Cosine, memory=Memory.Cold))
    store, rows = built(tmp_path / "shared")
    monkeypatch.undo()
    store.create(store.manifest())
    for codes in (False, True):
        assert any((tmp_path / "shared" / "shard").rglob("*quantized*")) == codes
        for query in queries(rows):
            hits, exact = (store.search(query, 10, exact=exact) for exact in (False, True))
            assert len({hit.id for hit in hits} & {hit.id for hit in exact}) >= 9
        store.close()
        build(tmp_path / "shared", "shared", 20.0)
        assert store.info().indexed_vectors == COUNT
    store.close()


def test_a_new_shard_has_codes_once_it_is_built(coded):
    assert list((coded.store._folder / "shard").rglob("*quantized*"))
