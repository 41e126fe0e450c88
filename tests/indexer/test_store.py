"""Every promise of the store protocol, on every engine."""

import dataclasses
import math
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_cases import DIMENSION, MANIFEST, make_ids, make_payloads, make_rows

from encoders.errors import SpaceMismatch, StoreError
from encoders.vectors import unit_rows
from indexer.schema import FIELDS, Field
from indexer.store.base import GeoRadius, Match, Range, Where, Words


@pytest.fixture
def store(request, empty_store, tmp_path, make_collection):
    if "edge" in request.node.callspec.id:
        make_collection(tmp_path / "holiday")
    empty_store.create(MANIFEST)
    return empty_store


def filled(store, count=50, seed=0):
    ids, rows, payloads = make_ids(count), make_rows(count, seed), make_payloads(count)
    store.upsert(ids, rows, payloads)
    store.flush()
    return ids, rows, payloads


def test_import_is_instant():
    code = "import sys, indexer.store; print([m for m in ('qdrant_edge', 'qdrant_client') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_collection_yet(empty_store):
    assert empty_store.manifest() is None
    assert empty_store.info().items == 0
    empty_store.flush()
    empty_store.drop()
    calls = [
        lambda: empty_store.upsert(make_ids(1), make_rows(1), [{}]),
        lambda: empty_store.search(make_rows(1)[0], 1),
        lambda: empty_store.retrieve(make_ids(1)),
        lambda: list(empty_store.scan()),
        lambda: empty_store.set_payload(make_ids(1), {"kind": "image"}),
        lambda: empty_store.delete(make_ids(1)),
        lambda: empty_store.facet("kind"),
        empty_store.count,
        empty_store.build_index,
    ]
    for call in calls:
        with pytest.raises(StoreError, match="there is no collection"):
            call()


def test_empty_collection(store):
    assert store.search(make_rows(1)[0], 5) == []
    assert store.count() == 0
    assert store.facet("kind") == []
    assert store.retrieve(make_ids(2)) == []
    assert store.retrieve([]) == []
    assert list(store.scan()) == []
    store.upsert([], make_rows(0), [])
    store.delete([])
    store.set_payload([], {"kind": "image"})
    assert store.build_index().items == 0


def test_manifest_is_kept(store):
    assert store.manifest() == MANIFEST
    store.create(MANIFEST)
    store.close()
    assert store.manifest() == MANIFEST


def test_new_query_tower_leaves_vectors(store):
    ids, _, _ = filled(store)
    before = [item.vector.tobytes() for item in store.retrieve(ids, with_vectors=True)]
    renewed = dataclasses.replace(MANIFEST, query_fingerprints={"text": "q2"}, card="trained:x")
    store.create(renewed)
    assert store.manifest() == renewed
    assert [item.vector.tobytes() for item in store.retrieve(ids, with_vectors=True)] == before


@pytest.mark.parametrize("change", [{"candidate_fingerprints": {"image": "i2", "text": "t1"}}, {"dimension": DIMENSION + 1}])
def test_other_candidates_are_refused(store, change):
    filled(store, 3)
    other = dataclasses.replace(MANIFEST, **change)
    with pytest.raises(SpaceMismatch, match="i1") as caught:
        store.create(other)
    assert "drop" in str(caught.value)
    assert store.manifest() == MANIFEST
    assert store.count() == 3


def test_roundtrip(store):
    ids, rows, payloads = filled(store)
    asked = [ids[3], make_ids(1, start=999)[0], ids[1], ids[3]]
    items = store.retrieve(asked, with_vectors=True)
    assert [item.id for item in items] == [ids[3], ids[1], ids[3]]
    assert [item.payload for item in items] == [payloads[3], payloads[1], payloads[3]]
    assert items[0].vector.dtype == np.float32
    np.testing.assert_allclose(items[1].vector, rows[1], atol=1e-6)
    assert store.retrieve(ids[:1])[0].vector is None


@pytest.mark.parametrize("page", [1, 7, 50, 999])
def test_scan_gives_every_item_once(store, page):
    ids, rows, payloads = filled(store)
    found = list(store.scan(page=page, with_vectors=True))
    assert [item.id for item in found] == sorted(ids)
    assert [item.payload for item in found] == [payloads[ids.index(item.id)] for item in found]
    np.testing.assert_allclose([item.vector for item in found], [rows[ids.index(item.id)] for item in found], atol=1e-6)
    assert next(store.scan()).vector is None


def test_scan_takes_a_filter_and_lets_others_write_between_pages(store):
    ids, rows, _ = filled(store)
    scan = store.scan(Where(must=(Match("kind", ("image",)),)), page=5)
    seen = [next(scan) for _ in range(5)]
    last = sorted(ids)[-1]
    store.delete([last])
    store.upsert(make_ids(1, start=900), rows[:1], [{"kind": "document"}])
    seen += scan
    assert {item.payload["kind"] for item in seen} == {"image"}
    there = {ids[number] for number in range(1, 50, 2)} - {last}
    assert there <= {item.id for item in seen} and len(seen) == len({item.id for item in seen})


@pytest.mark.parametrize("page", [0, -1])
def test_scan_refuses_a_page_of_nothing(store, page):
    filled(store, 3)
    with pytest.raises(StoreError):
        list(store.scan(page=page))


def test_upsert_replaces(store):
    ids, rows, _ = filled(store, 4)
    store.upsert(ids[:1], rows[1:2], [{"kind": "other"}])
    assert store.count() == 4
    item = store.retrieve(ids[:1], with_vectors=True)[0]
    assert item.payload == {"kind": "other"}
    np.testing.assert_allclose(item.vector, rows[1], atol=1e-6)


def test_the_last_of_two_equal_ids_wins(store):
    name = make_ids(1)[0]
    store.upsert([name, name], make_rows(2), [{"bytes": 1}, {"bytes": 2}])
    assert store.count() == 1
    assert store.retrieve([name])[0].payload == {"bytes": 2}


def test_payload_of_every_field_comes_back(store):
    examples = {
        "keyword": "Zürich \U0010ffe9 名",
        "integer": 2**53 + 1,
        "float": 0.1,
        "datetime": "2023-05-01T12:00:00Z",
        "geo": {"lat": 47.4, "lon": 8.5},
        "text": "a black cat",
    }
    payload = {field.name: examples[field.type] for field in FIELDS}
    payload |= {"paths": ["/a/b", "/c"], "title": None, "keywords": []}
    store.upsert(make_ids(1), make_rows(1), [payload])
    assert store.retrieve(make_ids(1))[0].payload == payload


def test_set_payload_merges(store):
    ids, rows, payloads = filled(store)
    unknown = make_ids(1, start=777)
    store.set_payload(ids[:2] + unknown, {"kind": "moved", "page": 7})
    items = store.retrieve(ids[:3] + unknown, with_vectors=True)
    assert [item.payload for item in items] == [
        payloads[0] | {"kind": "moved", "page": 7},
        payloads[1] | {"kind": "moved", "page": 7},
        payloads[2],
    ]
    np.testing.assert_allclose(items[0].vector, rows[0], atol=1e-6)
    assert store.count() == len(ids)
    assert store.count(Where(must=(Match("kind", ("moved",)),))) == 2


def test_delete(store):
    ids, rows, _ = filled(store)
    store.delete([*ids[:10], *make_ids(1, start=777)])
    store.delete(ids[:10])
    assert store.count() == 40
    assert store.retrieve(ids[:10]) == []
    assert not {hit.id for hit in store.search(rows[0], 50)} & set(ids[:10])


def test_more_than_one_chunk(store):
    count = 1200
    ids, rows, payloads = make_ids(count), make_rows(count), make_payloads(count)
    store.upsert(ids, rows, payloads)
    store.set_payload(ids, {"page": 1})
    assert store.count(Where(must=(Range("page", 1, 1),))) == count
    assert [item.id for item in store.retrieve(ids[::-1])] == ids[::-1]
    store.delete(ids[100:])
    assert store.count() == 100


def test_scores_are_cosines(store):
    ids, rows, _ = filled(store)
    query = make_rows(1, seed=5)[0]
    hits = store.search(query, 50)
    expected = dict(zip(ids, rows @ query, strict=True))
    for hit in hits:
        assert hit.score == pytest.approx(expected[hit.id], abs=1e-5)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    exact = store.search(rows[3], 1, exact=True)[0]
    assert exact.id == ids[3]
    assert 1 - 1e-5 < exact.score <= 1


def test_limits(store):
    _, rows, _ = filled(store)
    assert store.search(rows[0], 0) == []
    assert store.search(rows[0], 0, offset=10) == []
    assert store.search(rows[0], 5, offset=50) == []
    assert store.search(rows[0], 5, offset=5000) == []
    assert len(store.search(rows[0], 5, offset=48)) == 2
    assert len(store.search(rows[0], 5000)) == 50
    for limit, offset in ((-1, 0), (1, -1)):
        with pytest.raises(StoreError, match="start at 0"):
            store.search(rows[0], limit, offset=offset)


def test_pages_of_ties_neither_repeat_nor_drop(store):
    rows = np.repeat(make_rows(4, seed=2), 30, axis=0)  # four vectors, thirty items each
    ids = make_ids(len(rows))
    shuffled = np.random.default_rng(1).permutation(len(rows))
    store.upsert([ids[i] for i in shuffled], rows[shuffled], [{} for _ in ids])
    query = make_rows(1, seed=3)[0]
    whole = [hit.id for hit in store.search(query, 120)]
    for size in (1, 7, 30):
        paged = [hit.id for offset in range(0, 120, size) for hit in store.search(query, size, offset=offset)]
        assert paged == whole
    assert sorted(whole[:30]) == whole[:30]


def test_facets(store):
    ids = make_ids(6)
    kinds = ["b", "a", "c", "a", "b", None]
    payloads = [{"kind": kind, "keywords": ["x", "y"] if kind == "a" else ["x"]} for kind in kinds]
    store.upsert(ids, make_rows(6), payloads)
    assert store.facet("kind") == [("a", 2), ("b", 2), ("c", 1)]
    assert store.facet("kind", limit=1) == [("a", 2)]
    assert store.facet("kind", limit=0) == []
    assert store.facet("keywords") == [("x", 6), ("y", 2)]
    assert store.facet("keywords", Where(must=(Match("kind", ("b",)),))) == [("x", 2)]
    for key in ("bytes", "part", "nonsense"):
        with pytest.raises(StoreError, match="kind"):
            store.facet(key)


def test_a_match_of_nothing_matches_nothing(store):
    filled(store, 4)
    assert store.count(Where(must=(Match("kind", ()),))) == 0
    assert store.count(Where(must_not=(Match("kind", ()),))) == 4
    assert store.count(Where()) == 4


def test_match_of_mixed_values(store):
    store.upsert(make_ids(3), make_rows(3), [{"part": "a"}, {"part": 3}, {"part": "3"}])
    assert store.count(Where(must=(Match("part", ("a", 3)),))) == 2
    assert store.count(Where(must_not=(Match("part", (3,)),))) == 2


def test_booleans_are_kept_but_not_matched(store):
    store.upsert(make_ids(1), make_rows(1), [{"flag": True}])
    assert store.retrieve(make_ids(1))[0].payload["flag"] is True
    with pytest.raises(StoreError, match="booleans"):
        store.count(Where(must=(Match("flag", (True,)),)))


@pytest.mark.parametrize(
    ("key", "text", "numbers"),
    [
        ("title", "cat", [0, 1]),
        ("title", "CAT black", [0]),
        ("title", "black-cat!", [0]),
        ("title", "ca", []),
        ("title", "black dog", []),
        ("names", "img", [0, 3]),
        ("text", "stove", [2]),
    ],
)
def test_words_are_whole_and_all_there(store, key, text, numbers):
    payloads = [
        {"title": "A black Cat", "names": ["IMG_1.jpg"]},
        {"title": "cat, asleep"},
        {"title": "catalogue", "text": "Beside the stove."},
        {"names": ["dog img.jpg"]},
    ]
    ids = make_ids(4)
    store.upsert(ids, make_rows(4), payloads)
    found = {item.id for item in store.scan(Where(must=(Words(key, text),)))}
    assert found == {ids[number] for number in numbers}
    assert store.count(Where(must_not=(Words(key, text),))) == 4 - len(numbers)


def test_open_range_asks_for_the_field(store):
    store.upsert(make_ids(3), make_rows(3), [{"bytes": 3}, {}, {"date": "2020-01-01T00:00:00Z"}])
    assert store.count(Where(must=(Range("bytes"),))) == 1
    assert store.count(Where(must=(Range("date"),))) == 1


def test_nonsense_filters_are_store_errors(store):
    filled(store, 3)
    for nonsense in (
        Range("date", "yesterday", None),
        Range("date", None, 5.0),
        Range("bytes", float("nan"), None),
        Range("bytes", "many", None),
        GeoRadius("place", 95.0, 0.0, 10.0),
        GeoRadius("place", 5.0, 0.0, -1.0),
        Match("kind", (object(),)),
        Words("title", " ?!"),
    ):
        with pytest.raises(StoreError):
            store.count(Where(must=(nonsense,)))


def test_refused_writes_change_nothing(store):
    for ids, rows, payloads in (
        (["not-a-uuid"], make_rows(1), [{}]),
        ([5], make_rows(1), [{}]),
        (make_ids(2), make_rows(1), [{}]),
        (make_ids(1), make_rows(1) * 2, [{}]),
        (make_ids(1), make_rows(1, dimension=3), [{}]),
        (make_ids(1), make_rows(1).astype(np.float64), [{}]),
        (make_ids(1), np.full((1, DIMENSION), np.nan, np.float32), [{}]),
        (make_ids(1), make_rows(1), [{"kind": object()}]),
        (make_ids(1), make_rows(1), [{"kind": "\udce9"}]),
        (make_ids(1), make_rows(1), [{"bytes": float("inf")}]),
    ):
        with pytest.raises(StoreError):
            store.upsert(ids, rows, payloads)
    assert store.count() == 0


def test_refused_queries(store):
    filled(store, 3)
    for vector in (make_rows(1, dimension=3)[0], np.zeros(DIMENSION, np.float32), make_rows(1)):
        with pytest.raises(StoreError, match="cannot search"):
            store.search(vector, 1)


def test_drop_and_start_over(store):
    filled(store)
    store.drop()
    store.drop()
    assert store.manifest() is None
    other = dataclasses.replace(MANIFEST, dimension=3, space="other")
    store.create(other)
    assert store.manifest() == other
    store.upsert(make_ids(1), make_rows(1, dimension=3), [{}])
    assert store.count() == 1


def test_close_and_go_on(store):
    _, rows, _ = filled(store)
    store.close()
    store.close()
    assert store.count() == 50
    assert len(store.search(rows[0], 3)) == 3


def test_info_tells_the_truth_about_small_collections(store):
    filled(store)
    state = store.build_index()
    assert (state.items, state.indexed_vectors, state.exact) == (50, 0, True)
    assert "Qdrant" in state.engine


_VALUES = st.sampled_from(["a", "b", "c"])
_TIMES = st.integers(0, 4).map(lambda year: f"{2020 + year}-01-01T00:00:00Z")
_PAYLOADS = st.fixed_dictionaries(
    {},
    optional={
        "kind": _VALUES,
        "folders": st.lists(_VALUES, max_size=3),
        "bytes": st.integers(-3, 3),
        "date": _TIMES,
        "place": st.fixed_dictionaries({"lat": st.integers(-80, 80), "lon": st.integers(-170, 170)}),
    },
)
_CONDITIONS = st.one_of(
    st.builds(Match, st.sampled_from(["kind", "folders"]), st.lists(_VALUES, min_size=1, max_size=2).map(tuple)),
    st.builds(Match, st.just("bytes"), st.lists(st.integers(-3, 3), min_size=1, max_size=2).map(tuple)),
    st.builds(Range, st.just("bytes"), st.none() | st.integers(-3, 3), st.none() | st.floats(-3, 3, width=32)),
    st.builds(Range, st.just("date"), st.none() | _TIMES, st.none() | _TIMES),
    st.builds(
        GeoRadius,
        st.just("place"),
        st.integers(-80, 80).map(float),
        st.integers(-170, 170).map(float),
        st.sampled_from([1000.0, 3e6, 1e7]),
    ),
)
_WHERE = st.builds(Where, st.lists(_CONDITIONS, max_size=2).map(tuple), st.lists(_CONDITIONS, max_size=1).map(tuple))


def _metres(latitude, longitude, place):
    one, two = math.radians(latitude), math.radians(place["lat"])
    turn = math.radians(place["lon"] - longitude)
    half = math.sin((two - one) / 2) ** 2 + math.cos(one) * math.cos(two) * math.sin(turn / 2) ** 2
    return 2 * 6371008.8 * math.asin(math.sqrt(half))


def _holds(condition, payload):
    value = payload.get(condition.key)
    if value is None:
        return False
    if isinstance(condition, Match):
        values = value if isinstance(value, list) else [value]
        return any(each in condition.any_of for each in values)
    if isinstance(condition, GeoRadius):
        return _metres(condition.latitude, condition.longitude, value) <= condition.metres
    low, high = condition.gte, condition.lte
    return (low is None or value >= low) and (high is None or value <= high)


def _passes(where, payload):
    return all(_holds(each, payload) for each in where.must) and not any(_holds(each, payload) for each in where.must_not)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    payloads=st.lists(_PAYLOADS, min_size=1, max_size=30),
    wheres=st.lists(_WHERE, min_size=1, max_size=4),
    seed=st.integers(0, 999),
    offset=st.integers(0, 5),
    limit=st.integers(0, 12),
)
def test_search_is_brute_force(store, payloads, wheres, seed, offset, limit):
    store.delete(make_ids(30))
    ids = make_ids(len(payloads))
    # few distinct vectors, so that ties are common
    rows = unit_rows(np.random.default_rng(seed).integers(-1, 2, size=(len(ids), DIMENSION)) + 0.25)
    query = make_rows(1, seed=seed + 1)[0]
    store.upsert(ids, rows, payloads)
    scores = rows @ query
    for where in wheres:
        passing = {name for name, payload in zip(ids, payloads, strict=True) if _passes(where, payload)}
        assert store.count(where) == len(passing)
        hits = store.search(query, limit, where, offset)
        expected = sorted((scores[ids.index(name)] for name in passing), reverse=True)[offset : offset + limit]
        np.testing.assert_allclose([hit.score for hit in hits], expected, atol=1e-5)
        assert {hit.id for hit in hits} <= passing
        for hit in hits:
            number = ids.index(hit.id)
            assert hit.payload == payloads[number]
            assert hit.score == pytest.approx(scores[number], abs=1e-5)
        assert [(-hit.score, hit.id) for hit in hits] == sorted((-hit.score, hit.id) for hit in hits)


def test_since_and_until_take_offsets_and_fractions(store):
    moment = datetime(2023, 5, 1, 12, tzinfo=UTC)
    store.upsert(make_ids(1), make_rows(1), [{"date": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}])
    for low, count in (
        ("2023-05-01T12:00:00Z", 1),
        ("2023-05-01T14:00:00+02:00", 1),
        ("2023-05-01T12:00:01Z", 0),
        ("2023-05-01", 1),
    ):
        assert store.count(Where(must=(Range("date", gte=low),))) == count, low


def test_a_space_beside_is_one_of_its_own(store):
    filled(store, 5)
    beside = store.beside("2")
    assert beside.manifest() is None
    other = dataclasses.replace(MANIFEST, dimension=3, candidate_fingerprints={"text": "t2"}, card="other")
    beside.create(other)
    beside.upsert(make_ids(1), make_rows(1, dimension=3), [{"bytes": 9}])
    assert (store.count(), beside.count()) == (5, 1)
    assert store.manifest() == MANIFEST
    store.hand_over("2")
    assert store.beside("2").manifest() == other
    assert store.manifest() == dataclasses.replace(MANIFEST, answered_by="2")
    store.create(dataclasses.replace(MANIFEST, query_fingerprints={"text": "q2"}))
    assert store.manifest().answered_by == "2", "renewing the query tower keeps it"
    beside.drop()
    assert beside.manifest() is None
    assert store.count() == 5
    beside.close()


def test_a_vacated_space_keeps_its_manifest(store):
    filled(store, 5)
    store.hand_over("2")
    store.vacate()
    assert store.manifest() == dataclasses.replace(MANIFEST, answered_by="2")
    store.drop()
    assert store.manifest() is None


def test_fields_of_a_newer_schema_get_their_index(store, monkeypatch):
    ids, _, _ = filled(store, 5)
    store.close()
    newer = (*FIELDS, Field("mood", "keyword", True, "how it feels"))
    for place in ("indexer.store.edge_fields.FIELDS", "indexer.store.server.FIELDS", "indexer.store.filters.FIELDS"):
        monkeypatch.setattr(place, newer)
    monkeypatch.setattr("indexer.store.edge.INDEXED", {field.name for field in newer if field.indexed})
    store.create(MANIFEST)
    store.set_payload(ids[:2], {"mood": "glad"})
    assert store.facet("mood") == [("glad", 2)]
    store.hand_over("2")
    assert store.manifest() == dataclasses.replace(MANIFEST, answered_by="2")
    store.close()
    store.create(dataclasses.replace(MANIFEST, answered_by="2"))
    assert store.facet("mood") == [("glad", 2)]
