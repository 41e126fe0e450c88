"""Several processes, threads and sudden deaths around one Edge collection."""

import json
import os
import random
import threading
import time

import numpy as np
import pytest
from lease_child import BATCH, child
from store_cases import MANIFEST, make_ids, make_payloads, make_rows

from encoders.errors import StoreBusy, StoreError
from indexer.store import open_store


@pytest.fixture
def folder(tmp_path, make_collection):
    make_collection(tmp_path / "shared")
    return tmp_path / "shared"


def next_number(process):
    return int(process.stdout.readline())


def test_writer_and_reader_take_turns(folder):
    store = open_store(folder, "shared")
    with child("write", folder) as writer:
        written = next_number(writer)
        for _ in range(5):
            counted = store.count()  # gets its turn although the writer never pauses
            assert counted >= written
            assert len(store.search(make_rows(1)[0], 10)) == 10
            while written <= counted:  # and the writer gets its own
                written = next_number(writer)
    assert store.count() >= written


def test_a_busy_reader_does_not_starve_a_writer(folder):
    store = open_store(folder, "shared")
    store.upsert(make_ids(1), make_rows(1), [{}])
    store.flush()
    stop = threading.Event()
    answers = []

    def ask():
        while not stop.is_set():
            answers.append(len(store.search(make_rows(1)[0], 1)))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        with child("write", folder) as writer:
            assert [next_number(writer) for _ in range(5)] == [BATCH * number for number in range(1, 6)]
    finally:
        stop.set()
        asking.join()
    assert set(answers) == {1}


def test_an_idle_holder_hands_over(folder):
    with child("idle", folder) as holder:
        assert next_number(holder) == 0
        store = open_store(folder, "shared")
        store.upsert(make_ids(3), make_rows(3), make_payloads(3))
        assert store.count() == 3
        assert holder.poll() is None


def test_the_one_that_waits_says_so(folder):
    told = []
    store = open_store(folder, "shared", wait=1.0, on_wait=told.append)
    with child("hold", folder) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreBusy, match=rf"process {holder.pid} \(lease_child\) is dreaming"):
            store.count()
    assert len(told) == 1
    assert f"process {holder.pid} (lease_child) is dreaming" in told[0]
    assert store.count() == 0  # its death frees the lease
    assert len(told) == 1


def test_a_free_lease_is_taken_in_silence(folder):
    told = []
    store = open_store(folder, "shared", on_wait=told.append)
    for _ in range(3):
        store.count()
        store.close()
    assert told == []


@pytest.mark.parametrize("note", ["", "{}", "[1]", '{"pid": 1, "program": "gone", "purpose": "lying"}'])
def test_an_old_note_of_the_holder_means_nothing(folder, note):
    (folder / "holder.json").write_text(note)
    store = open_store(folder, "shared")
    assert store.count() == 0
    assert json.loads((folder / "holder.json").read_text())["pid"] == os.getpid()
    store.close()
    assert not (folder / "holder.json").exists()


def test_flushed_points_survive_sigkill(folder):
    chance = random.Random(5)
    flushed = 0
    for _ in range(4):
        with child("write", folder) as writer:
            for _ in range(chance.randint(1, 4)):
                flushed = next_number(writer)
            time.sleep(chance.uniform(0, 0.02))  # somewhere inside the next batch
            writer.kill()
            flushed = max([flushed, *map(int, writer.stdout.read().split())])
        store = open_store(folder, "shared")
        items = store.retrieve(make_ids(flushed), with_vectors=True)
        assert [item.payload for item in items] == make_payloads(flushed)
        rows = np.concatenate([make_rows(BATCH, seed=number) for number in range(flushed // BATCH)])
        np.testing.assert_allclose(np.stack([item.vector for item in items]), rows, atol=1e-6)
        assert store.search(rows[0], 1)[0].id == items[0].id
        store.close()


def test_two_stores_in_one_process(folder):
    one, two = open_store(folder, "shared"), open_store(folder / ".." / "shared", "shared")
    one.upsert(make_ids(3), make_rows(3), make_payloads(3))
    assert two.count() == 3
    two.close()
    assert one.count() == 3
    one.close()
    assert two.count() == 3
    two.drop()
    with pytest.raises(StoreError, match="there is no collection"):
        one.count()


def test_threads_share_one_shard(folder):
    stores = [open_store(folder, "shared") for _ in range(4)]
    failures = []

    def work(number):
        try:
            store = stores[number]
            for step in range(5):
                start = (number * 5 + step) * 10
                store.upsert(make_ids(10, start), make_rows(10, seed=start), make_payloads(10, start))
                store.search(make_rows(1)[0], 3)
                if step == 2:
                    store.close()
        except StoreError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert stores[0].count() == 200


def test_a_thread_that_never_pauses_lets_others_in(folder):
    store = open_store(folder, "shared")
    store.count()
    stop = threading.Event()

    def hammer():
        while not stop.is_set():
            store.upsert(make_ids(100), make_rows(100), make_payloads(100))

    thread = threading.Thread(target=hammer)
    thread.start()
    try:
        other = open_store(folder, "shared", wait=20.0)
        assert [other.count() in (0, 100) for _ in range(20)] == [True] * 20
    finally:
        stop.set()
        thread.join()


def test_a_damaged_shard_says_what_to_do(folder):
    store = open_store(folder, "shared")
    store.upsert(make_ids(3), make_rows(3), make_payloads(3))
    store.close()
    for file in folder.glob("shard/segments/*/segment.json"):
        file.write_text("{")
    with pytest.raises(StoreError, match="drop the collection and index them again"):
        store.count()
    store.drop()
    store.create(MANIFEST)
    assert store.count() == 0


def test_a_damaged_manifest_says_what_to_do(folder):
    (folder / "manifest.json").write_text("{")
    store = open_store(folder, "shared")
    with pytest.raises(StoreError, match="drop collection 'shared'"):
        store.count()
    store.drop()
    assert store.manifest() is None


def test_a_shard_without_a_manifest_is_made_anew(folder):
    (folder / "manifest.json").unlink()
    store = open_store(folder, "shared")
    assert store.manifest() is None
    store.create(MANIFEST)
    assert store.count() == 0


def test_another_program_in_the_shard(folder):
    import qdrant_edge

    store = open_store(folder, "shared", wait=0.5)
    shard = qdrant_edge.EdgeShard.load(str(folder / "shard"))
    with pytest.raises(StoreBusy, match="not Skybridge"):
        store.count()
    shard.close()
    assert store.count() == 0
