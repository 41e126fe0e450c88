"""Building the index beside the shard: who may do what meanwhile, and what sudden deaths leave."""

import filecmp
import random
import shutil
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from lease_child import child
from store_cases import MANIFEST, make_ids, make_payloads, make_rows

from encoders.errors import StoreBusy
from encoders.vectors import unit_rows
from indexer.store import open_store, swap
from indexer.store.build import build

COUNT, WIDE = 2700, 1024  # 11 MB of vectors: just enough for the engine to build a graph


@pytest.fixture
def large(tmp_path):
    store = open_store(tmp_path / "shared", "shared", wait=20.0)
    store.create(replace(MANIFEST, dimension=WIDE))
    chance = np.random.default_rng(0)
    centres = np.repeat(chance.normal(size=(COUNT // 100, WIDE)), 100, axis=0)  # in clusters, as real ones are
    rows = unit_rows(centres + 0.5 * chance.normal(size=centres.shape))
    store.upsert(make_ids(COUNT), rows, make_payloads(COUNT))
    store.flush()
    return store, rows, tmp_path / "shared"


@pytest.fixture
def small(tmp_path, make_collection):
    make_collection(tmp_path / "shared")
    store = open_store(tmp_path / "shared", "shared", wait=5.0)
    store.upsert(make_ids(50), make_rows(50), make_payloads(50))
    store.close()
    return store, tmp_path / "shared"


def folders(folder):
    return {path.name for path in folder.iterdir() if path.is_dir()}


def check_everything(store, rows):
    items = store.retrieve(make_ids(len(rows)), with_vectors=True)
    assert [item.payload for item in items] == make_payloads(len(rows))
    np.testing.assert_allclose(np.stack([item.vector for item in items]), rows, atol=1e-6)
    assert store.count() == len(rows)


def test_searches_go_on_while_the_index_is_built(large):
    store, rows, folder = large
    assert store.info().exact
    states = []
    building = threading.Thread(target=lambda: states.append(store.build_index()))
    building.start()
    answered = 0
    while building.is_alive():
        before = (folder / "shard.building").exists()
        assert store.search(rows[7], 1)[0].id == make_ids(1, start=7)[0]
        answered += before and (folder / "shard.building").exists()
        time.sleep(0.01)
    building.join()
    assert answered > 5  # asked after the copy was begun, answered before it took the shard's place
    assert (states[0].items, states[0].indexed_vectors, states[0].exact) == (COUNT, COUNT, False)
    assert folders(folder) == {"shard"}
    check_everything(store, rows)
    same = 0
    for query in rows[::90]:
        exact = {hit.id for hit in store.search(query, 10, exact=True)}
        same += len(exact & {hit.id for hit in store.search(query, 10)})
    assert same / 300 > 0.95
    store.upsert(make_ids(1, start=9000), -rows[:1], [{}])  # later items are found at once
    assert store.search(-rows[0], 1)[0].id == make_ids(1, start=9000)[0]
    state = store.build_index()
    assert (state.items, state.indexed_vectors) == (COUNT + 1, COUNT)


def test_writes_are_refused_while_the_index_is_built(large):
    store, rows, folder = large
    item = (make_ids(1, start=9000), -rows[:1], [{}])
    with child("builder", folder) as builder:
        while not (folder / "shard.building").exists():
            assert builder.poll() is None
            time.sleep(0.01)
        store.count()  # waits for the copy to be made
        builder.send_signal(signal.SIGSTOP)  # now it builds for as long as we like
        for refused in (
            lambda: store.upsert(*item),
            lambda: store.set_payload(make_ids(1), {"kind": "moved"}),
            lambda: store.delete(make_ids(1)),
            store.drop,
        ):
            with pytest.raises(StoreBusy, match="index of collection 'shared' is being built"):
                refused()
        with pytest.raises(StoreBusy, match="being built by another process; waited 0 s"):
            open_store(folder, "shared", wait=0.2).build_index()
        store.close()
        check_everything(store, rows)
        assert store.search(rows[7], 1)[0].id == make_ids(1, start=7)[0]
        assert folders(folder) == {"shard", "shard.building"}
    store.upsert(*item)  # its death ends that
    assert store.count() == COUNT + 1
    assert folders(folder) == {"shard"}


def test_killed_while_building(large):
    store, rows, folder = large
    chance = random.Random(3)
    for verb in ["builder", "build"] * 3:
        store.close()
        with child(verb, folder) as victim:
            while not (folder / "shard.building").exists() and victim.poll() is None:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 1.0))
            victim.kill()
            victim.wait()
        check_everything(store, rows)
        assert store.search(rows[5], 1, exact=True)[0].id == make_ids(1, start=5)[0]
    assert store.build_index().indexed_vectors == COUNT
    check_everything(store, rows)
    assert folders(folder) == {"shard"}


def between_the_renames(folder):
    swap.copy_shard(folder)
    (folder / "shard").rename(folder / "shard.old")


def while_removing(folder):
    shutil.copytree(folder / "shard" / "segments", folder / "shard.old")


def while_copying(folder):
    shutil.copytree(folder / "shard" / "segments", folder / "shard.building")


@pytest.mark.parametrize("killed", [between_the_renames, while_removing, while_copying])
def test_a_swap_that_was_cut_short_is_mended(small, killed):
    store, folder = small
    killed(folder)
    check_everything(store, make_rows(50))
    assert folders(folder) == {"shard"}


def test_a_swap_that_was_cut_short_is_dropped_whole(small):
    store, folder = small
    between_the_renames(folder)
    store.drop()
    assert folders(folder) == set()
    assert store.manifest() is None


def test_a_copy_is_the_same_and_keeps_its_holes(small):
    _, folder = small
    assert swap.copy_shard(folder)
    swap.sync_copy(folder)
    files = [path for path in (folder / "shard").rglob("*") if path.is_file()]
    copies = [folder / "shard.building" / path.relative_to(folder / "shard") for path in files]
    assert len(copies) > 10
    assert all(filecmp.cmp(file, copy, shallow=False) for file, copy in zip(files, copies, strict=True))
    room = [sum(path.stat().st_blocks for path in paths) * 512 for paths in (files, copies)]
    assert room[1] < room[0] + (32 << 20)  # of 300 MB


def test_without_room_for_a_copy_it_is_built_in_place(small, monkeypatch):
    store, folder = small
    monkeypatch.setattr(swap.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    assert not swap.copy_shard(folder)
    build(folder, "shared", 5.0)
    check_everything(store, make_rows(50))
    assert folders(folder) == {"shard"}
