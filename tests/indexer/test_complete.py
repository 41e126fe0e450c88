"""What earlier versions indexed gets the fields that came since, without reading or encoding a file again."""

import io
import unicodedata

import numpy as np
import pytest
from PIL import Image

from indexer.complete import missing_fields
from indexer.phash import hash_distance, perceptual_hash
from indexer.store.base import Match, Where
from indexer.thumbnails import make_thumbnail
from search import Filters

NEW = ("phash", "tint", "orientation", "town")


def scene(seed):
    """A picture with something to see."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((160, 120), Image.Resampling.BICUBIC)


@pytest.fixture
def old_library(open_main, tmp_path):
    """A library as a version before all of the new fields left it, and what it should be like."""
    folder = tmp_path / "files"
    folder.mkdir()
    for number in range(7):
        scene(number).save(folder / f"{number}.png")
    (folder / "walk.txt").write_text("A walk by the harbour.")
    apart = unicodedata.normalize("NFD", "Müller Höfe.txt")
    (folder / apart).write_text("Two yards.")
    library = open_main()
    assert library.add([folder], workers=1).failed == 0
    wanted = {item.id: item.payload for item in library.store.scan()}
    rows = {item.id: item.vector for item in library.store.scan(with_vectors=True)}
    for item, payload in wanted.items():
        kept = {name: value for name, value in payload.items() if name not in NEW}
        kept["names"] = [unicodedata.normalize("NFD", name) for name in payload["names"]]
        if payload["kind"] == "image":
            kept["place"] = {"lat": 38.72, "lon": -9.14}
        library.store.upsert([item], rows[item][None], [kept])
    library.store.flush()
    rows = {item.id: item.vector for item in library.store.scan(with_vectors=True)}  # as the engine has them
    library.ledger.execute("DELETE FROM facts WHERE name LIKE 'fields of space%'")
    return library, wanted, rows


def check(library, wanted, rows):
    items = {item.id: item for item in library.store.scan(with_vectors=True)}
    assert items.keys() == wanted.keys()
    for name, item in items.items():
        np.testing.assert_array_equal(item.vector, rows[name])
        assert item.payload["names"] == wanted[name]["names"]
        if item.payload["kind"] == "image":
            assert item.payload["orientation"] == "landscape"
            assert item.payload["town"].startswith("Lisbon")
            assert hash_distance(item.payload["phash"], wanted[name]["phash"]) <= 4  # of a thumbnail that was compressed
            assert np.abs(np.subtract(item.payload["tint"], wanted[name]["tint"])).max() <= 3
        else:
            assert not set(NEW) & item.payload.keys()


def test_the_next_run_completes_what_was_indexed_earlier(old_library):
    library, wanted, rows = old_library
    told = []
    report = library.add(workers=1, on_progress=told.append)
    assert "Completed 8 items" in " ".join(report.notes)  # pictures, and the document whose name stands apart
    assert (report.unchanged, report.indexed, report.items, report.failed) == (9, 0, 0, 0)
    assert ("indexing", "Completing what was indexed earlier", 9) in {(now.state, now.message, now.total) for now in told}
    check(library, wanted, rows)
    assert len(library.search("anything", filters=Filters(town="lisbon", orientation="landscape"))) == 7
    assert library.search("höfe")[0].payload["names"] == ["Müller Höfe.txt"]
    assert "Completed" not in " ".join(library.add(workers=1).notes)


@pytest.mark.parametrize("written", [0, 3, 7])
def test_cut_short_it_goes_on(old_library, monkeypatch, written):
    library, wanted, rows = old_library
    real, done = library.store.set_payload, []

    def cut_short(ids, payload):
        if len(done) == written:
            raise KeyboardInterrupt
        done.append(ids)
        real(ids, payload)

    with monkeypatch.context() as patch:
        patch.setattr(library.store, "set_payload", cut_short)
        assert library.add(workers=1).state == "stopped"
    assert f"Completed {8 - written} items" in " ".join(library.add(workers=1).notes)
    check(library, wanted, rows)


def test_somebody_may_stop_it(old_library):
    library, wanted, rows = old_library

    def ask(now):
        if now.message.startswith("Completing"):
            library.request("stop")

    assert library.add(workers=1, on_progress=ask).state == "stopped"
    assert library.add(workers=1).state == "done"
    check(library, wanted, rows)


def test_a_new_collection_is_complete(open_main, files):
    library = open_main()
    assert "Completed" not in " ".join(library.add([files], workers=1).notes)
    assert library.store.count(Where((Match("orientation", ("landscape",)),))) == 4
    assert "Completed" not in " ".join(library.add([files], workers=1).notes)


def test_what_cannot_be_found_out_stays_unknown():
    assert missing_fields({"kind": "image", "content": "c", "names": ["a.png"]}, lambda _: None) == {}
    flat = make_thumbnail(Image.new("RGB", (40, 40), "red"))
    square = {
        "kind": "image",
        "content": "c",
        "names": ["a.png"],
        "width": 40,
        "height": 40,
        "place": {"lat": 0.0, "lon": -30.0},
    }
    assert missing_fields(square, lambda _: flat) == {"orientation": "square"}
    assert missing_fields({"kind": "document", "names": ["a.txt"], "content": "c"}, lambda _: flat) == {}
    whole = {**square, "orientation": "square", "town": "Nowhere", "phash": "00", "tint": [0, 0]}
    assert missing_fields(whole, lambda _: 1 / 0) == {}


def test_the_hash_of_a_thumbnail_is_near_that_of_its_picture():
    for seed in range(5):
        picture = scene(seed).resize((1200, 900))
        small = Image.open(io.BytesIO(make_thumbnail(picture))).convert("RGB")
        assert hash_distance(perceptual_hash(small), perceptual_hash(picture)) <= 4


def test_a_damaged_thumbnail_keeps_no_run_from_its_files():
    square = {"kind": "image", "content": "c", "width": 40, "height": 40}
    for damaged in (b"", b"no picture", b"\xff\xd8\xff\xe0\x00\x10JFIF"):
        assert missing_fields(square, lambda _, damaged=damaged: damaged) == {"orientation": "square"}
