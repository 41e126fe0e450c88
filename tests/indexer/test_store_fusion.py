"""Plans of several signals, on every engine: evidence adds up, words find names, and what changes is found anew."""

import math
import uuid
from dataclasses import replace

import numpy as np
import pytest
from qdrant_client import QdrantClient
from store_cases import MANIFEST

from encoders.errors import ItemsGone, StoreError
from indexer.store.base import FORMAT, HasId, Leg, Plan, Where
from indexer.store.server import ServerStore
from indexer.store.sparse import embed_item, embed_query

DIMENSION = MANIFEST.dimension
KINDS = ("image", "text")
LEGS = tuple(Leg(kind, Where(), 10.0, -3.0) for kind in KINDS)
TEXTS = (
    "a black cat",
    "two dogs",
    "the black dog and a cat",
    "a red car",
    "invoice 2024-117",
    "cats everywhere, and one more cat",
)


def rows(count, seed=0):
    made = np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def ids(count):
    return [str(uuid.UUID(int=place + 1)) for place in range(count)]


@pytest.fixture
def store(empty_store):
    empty_store.create(MANIFEST)
    payloads = [
        {
            "modality": "text" if place % 2 else "image",
            "text": text,
            "names": [f"IMG_{place}.jpg"],
            "paths": [f"/a/{place}.jpg"],
        }
        for place, text in enumerate(TEXTS)
    ]
    empty_store.upsert(ids(len(TEXTS)), rows(len(TEXTS)), payloads)
    return empty_store


def by_hand(plan, vectors, payloads):
    """Evidence of every item, by the formulas: no engine, no prefetching."""
    documents = [embed_item(payload) for payload in payloads]
    asked = set(embed_query(plan.words).indices)
    evidence = []
    for vector, document in zip(vectors, documents, strict=True):
        score = 10.0 * float(vector @ plan.vector) - 3.0
        for index, value in zip(document.indices, document.values, strict=True):
            if index in asked:
                holding = sum(index in other.indices for other in documents)
                score += plan.words_slope * value * math.log(1 + (len(documents) - holding + 0.5) / (holding + 0.5))
        evidence.append(score)
    return evidence


@pytest.mark.parametrize("words", [(), ("cat",), ("black", "dog", "img_4"), ("the",), ("nowhere",)])
def test_evidence_adds_up_as_by_hand(store, words):
    plan = Plan(rows(1, seed=5)[0], LEGS, words, 2.0)
    found = store.fuse(plan, 10)
    stored = store.retrieve(ids(len(TEXTS)), with_vectors=True)
    expected = by_hand(plan, [item.vector for item in stored], [item.payload for item in stored])
    assert {item.id: pytest.approx(item.score, abs=1e-4) for item in found} == dict(zip(ids(len(TEXTS)), expected, strict=True))
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
    assert all(
        item.cosine == pytest.approx(float(stored[int(item.id[-2:], 16) - 1].vector @ plan.vector), abs=1e-5) for item in found
    )
    assert all((item.words > 0) == (item.score - 10 * item.cosine + 3 > 1e-4) for item in found)


def test_words_bring_what_the_vector_does_not(store):
    """With a depth of one, the vector brings one item a leg, and the words one more; both with their true cosine."""
    vector = rows(len(TEXTS))[1]
    plan = Plan(vector, LEGS, ("2024-117",), 5.0, depth=1)
    found = store.fuse(plan, 1)
    assert found[0].payload["text"] == "invoice 2024-117"
    assert found[0].cosine == pytest.approx(float(rows(len(TEXTS))[4] @ vector), abs=1e-5)


def test_filters_of_the_legs_hold_for_words_too(store):
    pictures = Plan(rows(1, seed=5)[0], LEGS[:1], ("dog", "car"), 50.0)
    assert {item.payload["modality"] for item in store.fuse(pictures, 10)} == {"image"}


def test_some_items_are_judged_as_among_all(store):
    plan = Plan(rows(1, seed=5)[0], LEGS, ("black", "cat"), 2.0)
    everything = {item.id: item for item in store.fuse(plan, 10)}
    some = tuple(ids(len(TEXTS))[1:5:3])
    legs = tuple(replace(leg, where=Where((HasId(some),))) for leg in LEGS)
    found = store.fuse(replace(plan, legs=legs), 10)
    assert {item.id for item in found} == set(some)
    for item in found:
        assert item.score == pytest.approx(everything[item.id].score, abs=1e-4)


def test_peaks_tell_which_words_occur(store):
    cat, invoice, stop, missing = store.word_peaks(["cat", "2024-117", "the", "zebra"])
    assert invoice > cat > 0
    assert (stop, missing) == (0, 0)


def test_a_rename_changes_the_words(store):
    store.set_payload(ids(1), {"names": ["zebra crossing.png"], "paths": ["/b/zebra crossing.png"]})
    plan = Plan(rows(1, seed=5)[0], LEGS, ("zebra",), 50.0)
    assert store.fuse(plan, 1)[0].id == ids(1)[0]
    assert store.word_peaks(["img_0", "zebra"])[0] == 0
    before = store.retrieve(ids(2), with_vectors=True)
    store.set_payload(ids(2), {"page": 3})
    assert [item.vector.tobytes() for item in store.retrieve(ids(2), with_vectors=True)] == [
        item.vector.tobytes() for item in before
    ]
    assert store.fuse(plan, 1)[0].id == ids(1)[0]


def test_plans_that_cannot_be_answered_are_refused(store):
    vector = rows(1)[0]
    for plan in (Plan(vector, ()), Plan(vector, (Leg("image", Where(), math.inf, 0.0),)), Plan(vector, LEGS, (), math.nan)):
        with pytest.raises(StoreError, match="finite"):
            store.fuse(plan, 3)
    with pytest.raises(StoreError, match="cannot search"):
        store.fuse(Plan(2 * vector, LEGS), 3)


def test_a_collection_made_without_words_gets_them_with_the_next_run(empty_store, monkeypatch):
    if not hasattr(empty_store, "_write_manifest") or type(empty_store).__name__ != "EdgeStore":
        pytest.skip("servers add no vectors to a collection that is there")
    old = replace(MANIFEST, version=1)
    empty_store.create(old)
    empty_store.upsert(ids(2), rows(2), [{"modality": "image", "text": "zebra"}, {"modality": "image", "text": "horse"}])
    plan = Plan(rows(1, seed=5)[0], LEGS, ("horse",), 50.0)
    assert empty_store.fuse(plan, 2)[0].words == 0
    for _ in range(2):  # the second time as after a run that was killed before it wrote the manifest
        empty_store._write_manifest(old)
        empty_store.create(MANIFEST)
        assert empty_store.manifest().version == FORMAT
        assert empty_store.fuse(plan, 2)[0].payload["text"] == "horse"


def test_items_that_go_while_a_server_compares_them_are_no_traceback(monkeypatch):
    """A server answers a plan in several requests, between which others may delete."""
    client = QdrantClient(":memory:")
    store = ServerStore("going", client=client)
    store.create(MANIFEST)
    store.upsert(ids(4), rows(4), [{"modality": "image", "text": text} for text in TEXTS[:4]])
    ask, asked = store._ask, []

    def deleting(method, **options):
        answer = ask(method, **options)
        if method == "query_points" and not asked:
            asked.append(method)
            store.delete(ids(2))
        return answer

    monkeypatch.setattr(store, "_ask", deleting)
    with pytest.raises(ItemsGone, match="removed from the collection"):
        store.fuse(Plan(rows(1)[0], LEGS, ()), 4)
    assert len(store.fuse(Plan(rows(1)[0], LEGS, ()), 4)) == 2
    client.close()
