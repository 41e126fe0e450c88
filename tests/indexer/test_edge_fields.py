"""Indexes of the payload in the local engine: left on disk, and brought there where an earlier version made them."""

import numpy as np
from qdrant_edge import Memory
from store_cases import MANIFEST, make_ids

from encoders.vectors import unit_rows
from indexer.schema import FIELDS
from indexer.store import edge_fields, open_store
from indexer.store.base import Match, Where
from indexer.store.build import build

COUNT = 2048
WANTED = {field.name: Memory.Pinned if field.name == "modality" else Memory.Cold for field in FIELDS if field.indexed}
FILTERED = Where((Match("kind", ("document",)), Match("camera", ("Maker D1",))))


def store_of(folder):
    store = open_store(folder, "shared", wait=20.0)
    store.create(MANIFEST)
    rows = unit_rows(np.random.default_rng(0).normal(size=(COUNT, MANIFEST.dimension)))
    payloads = [{"kind": "image" if place % 2 else "document", "camera": f"Maker D{place % 3}"} for place in range(COUNT)]
    store.upsert(make_ids(COUNT), rows, payloads)
    return store


def placements(store):
    """Field -> where the engine keeps its index; None where it was not told."""
    with store._using() as (shard, _):
        made = shard.info().payload_schema
    return {name: getattr(index.params, "memory", None) for name, index in made.items()}


def test_every_index_of_a_new_collection_but_one_is_left_on_disk(tmp_path):
    store = store_of(tmp_path / "shared")
    assert placements(store) == WANTED
    store.close()


def test_building_brings_the_indexes_of_an_earlier_version_there(tmp_path, monkeypatch):
    from qdrant_edge import PayloadSchemaType

    monkeypatch.setattr(edge_fields, "_params", lambda field: getattr(PayloadSchemaType, field.type.capitalize()))
    store = store_of(tmp_path / "shared")
    assert set(placements(store).values()) == {None}
    found = {item.id for item in store.scan(FILTERED)}
    assert len(found) == len([place for place in range(0, COUNT, 2) if place % 3 == 1])
    monkeypatch.undo()
    store.close()
    build(tmp_path / "shared", "shared", 20.0)
    assert placements(store) == WANTED
    assert {item.id for item in store.scan(FILTERED)} == found
    store.close()
