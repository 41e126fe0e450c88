"""The whole path, folder to hits, on real files, the real store and real worker processes."""

import json
import os
import re
import shutil
import time
from dataclasses import asdict

import pytest

from encoders.errors import LibraryError, SpaceMismatch
from indexer.index_due import note_changed
from indexer.limits import limits_from
from indexer.store.shard import SharedShard
from indexer.store_note import StoreNote
from search import open_library

from tiny import tiny_encoder


@pytest.fixture
def library(home, encoder):
    with open_library(home, encoder=encoder) as opened:
        yield opened


def add(library, *paths, **options):
    return library.add(paths, workers=1, **options)


def paths(hits):
    return [hit.path.rpartition("/")[2] for hit in hits]


def test_pictures_and_passages_are_found_by_words(library, files):
    report = add(library, files)
    assert (report.indexed, report.failed, report.items) == (6, 0, 6)
    assert paths(library.search("red", limit=1)) == ["red.png"]
    assert paths(library.search("yellow", limit=1)) == ["yellow.jpg"]
    assert paths(library.search("harbour", limit=1)) == ["harbour.txt"]
    hit = library.search("pancakes flour", limit=1)[0]
    assert (hit.rank, hit.kind, hit.title) == (1, "document", "Pancakes")
    assert "Flour" in hit.snippet
    assert 0 <= hit.relevance <= 1
    assert {reason.signal for reason in hit.reasons} == {"meaning", "words"}
    assert sum(reason.share for reason in hit.reasons) == pytest.approx(1, abs=0.01)
    assert [hit.snippet[start:end] for start, end in hit.marks] == ["Pancakes", "Flour", "pancakes"]


def test_pictures_are_asked_with_pictures(library, files):
    add(library, files)
    assert paths(library.search(image=files / "pictures" / "green.png", limit=1)) == ["green.png"]
    assert paths(library.search(image=(files / "pictures" / "blue.png").read_bytes(), kind="image", limit=1)) == ["blue.png"]
    assert library.search(image=str(files / "pictures" / "red.png"), kind="document", limit=1)[0].kind == "document"
    red = library.search("red", limit=1)[0]
    similar = library.search(like=red.id, limit=10)
    assert red.id not in [hit.id for hit in similar]
    assert len(similar) == 5


def test_a_run_that_finds_nothing_new_does_not_open_the_engine(home, encoder, files, monkeypatch):
    with open_library(home, encoder=encoder) as library:
        add(library, files)
        note_changed(library.ledger, 1)  # and some change waits for the search index
        library.ledger.set_fact("store", json.dumps(asdict(StoreNote("tiny", "an engine", False, 9_999, 9_999))))
    monkeypatch.setattr(SharedShard, "_open", None)  # opening a large collection takes a second and more
    with open_library(home, encoder=encoder) as library:
        report = add(library, files)
        assert (report.unchanged, report.items, report.built) == (6, 0, False)
        assert "1 changes behind" in report.notes[-1]
        assert library.status().engine == "an engine"


def test_a_collection_that_is_gone_from_the_store_gets_its_index_with_the_next_run(library, files):
    add(library, files)
    library.ledger.set_fact("store", json.dumps(asdict(StoreNote("tiny", "an engine", False, 9_999, 9_999))))
    library.store.drop()
    report = add(library, files)
    assert (report.indexed, report.built) == (6, True)
    assert library.status().exact


def test_unchanged_files_are_not_opened_again(library, files, monkeypatch):
    add(library, files)
    monkeypatch.setattr("indexer.pipeline.ReadingPool", None)  # a run that would read fails loudly
    report = add(library, files)
    assert (report.indexed, report.unchanged, report.items) == (0, 6, 0)


def test_a_rename_embeds_nothing_and_moves_the_path(library, files, monkeypatch):
    add(library, files)
    (files / "pictures" / "red.png").rename(files / "pictures" / "rouge.png")
    shutil.move(files / "notes", files / "papers")
    monkeypatch.setattr(type(library.encoder), "encode_candidates", None)  # encoding anything would fail
    report = add(library, files)
    assert (report.renamed, report.indexed, report.removed, report.items) == (3, 0, 0, 0)
    assert paths(library.search("red", limit=1)) == ["rouge.png"]
    assert paths(library.search("harbour", under=files / "papers", limit=1)) == ["harbour.txt"]
    assert library.search("harbour", under=files / "notes") == []


def test_a_deleted_file_leaves_the_index(library, files):
    add(library, files)
    (files / "pictures" / "red.png").unlink()
    report = add(library, files)
    assert (report.removed, report.unchanged) == (1, 5)
    assert "red.png" not in paths(library.search("red", limit=100))
    assert library.store.count() == 5


def test_a_changed_file_replaces_its_items(library, files):
    add(library, files)
    (files / "notes" / "harbour.txt").write_text("A mountain in winter.")
    report = add(library, files)
    assert (report.indexed, report.unchanged) == (1, 5)
    assert paths(library.search("mountain", limit=1)) == ["harbour.txt"]
    assert "quiet" not in str([hit.snippet for hit in library.search("harbour quiet", limit=100)])
    assert library.store.count() == 6


def test_the_same_bytes_at_two_paths_are_one_item_with_both_paths(library, files):
    shutil.copy(files / "pictures" / "red.png", files / "pictures" / "deep" / "copy.png")
    add(library, files)
    assert library.store.count() == 6
    hit = library.search("red", limit=1)[0]
    both = [str(files / "pictures" / "deep" / "copy.png"), str(files / "pictures" / "red.png")]
    assert sorted(hit.payload["paths"]) == both
    later = files / "pictures" / "later.png"
    shutil.copy(files / "pictures" / "red.png", later)
    assert add(library, files).items == 0
    assert len(library.search("red", limit=1)[0].payload["paths"]) == 3
    (files / "pictures" / "red.png").unlink()
    later.unlink()
    assert add(library, files).removed == 2
    hit = library.search("red", limit=1)[0]
    assert hit.payload["paths"] == both[:1]
    assert library.search("red", under=files / "pictures" / "deep", limit=1)[0].id == hit.id


def test_a_copy_whose_original_was_edited_keeps_its_item(library, files, monkeypatch):
    add(library, files)
    original = files / "notes" / "harbour.txt"
    shutil.copy(original, files / "notes" / "later copy.txt")
    original.write_text("A mountain in snow".ljust(original.stat().st_size, "."))
    assert original.stat().st_size == (files / "notes" / "later copy.txt").stat().st_size
    report = add(library, files)
    assert (report.indexed + report.renamed, report.failed, report.items) == (2, 0, 1)
    assert library.store.count() == 7
    assert paths(library.search("harbour", limit=1)) == ["later copy.txt"]
    assert library.search("harbour", limit=1)[0].payload["paths"] == [str(files / "notes" / "later copy.txt")]
    assert paths(library.search("mountain", limit=1)) == ["harbour.txt"]


def test_two_files_that_swap_their_bytes_swap_their_items(library, files):
    add(library, files)
    red, blue = files / "pictures" / "red.png", files / "pictures" / "blue.png"
    held = red.read_bytes()
    red.write_bytes(blue.read_bytes())
    blue.write_bytes(held)
    assert add(library, files).failed == 0
    assert paths(library.search(image=held, limit=1)) == ["blue.png"]
    assert paths(library.search(image=red.read_bytes(), limit=1)) == ["red.png"]
    assert library.store.count() == 6


def test_a_bad_file_is_recorded_and_costs_the_others_nothing(library, files):
    (files / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    (files / "empty.pdf").write_bytes(b"")
    (files / "program.xyz").write_bytes(b"?")
    report = add(library, files)
    assert (report.indexed, report.failed, report.skipped) == (6, 2, {"xyz": 1})
    assert [failure.path.name for failure in library.failures()] == ["broken.jpg", "empty.pdf"]
    assert all(failure.reason for failure in library.failures())
    assert add(library, files).failed == 2, "it is still true"
    shutil.copy(files / "pictures" / "red.png", files / "broken.jpg")
    assert add(library, files).failed == 1


def test_a_limit_is_a_setting(library, files):
    report = add(library, files, limits=limits_from(["max_text_bytes=10", "max_pixels=5"]))
    assert (report.indexed, report.failed) == (0, 6)
    assert {"max_text_bytes", "max_pixels"} <= set(re.findall(r"max_\w+", str(library.failures())))
    assert add(library, files).failed == 6, "not tried again while nothing changed"
    assert add(library, files, retry_failed=True).indexed == 6


def test_a_file_that_becomes_unreadable_leaves_with_its_reason(library, files):
    add(library, files)
    (files / "pictures" / "red.png").write_bytes(b"no picture any more")
    report = add(library, files)
    assert (report.failed, report.unchanged) == (1, 5)
    assert library.store.count() == 5


def test_filters_hold_inside_the_search(library, files):
    old = time.mktime((2019, 5, 14, 12, 0, 0, 0, 0, 0))
    os.utime(files / "pictures" / "blue.png", (old, old))
    add(library, files)
    assert paths(library.search("red", kind="document", limit=9)) != []
    assert all(hit.kind == "document" for hit in library.search("red", kind="document", limit=9))
    assert paths(library.search("red", until="2019", limit=9)) == ["blue.png"]
    assert paths(library.search("red", since="2019-05", until="2019-05-14", limit=9)) == ["blue.png"]
    assert "blue.png" not in paths(library.search("red", since="2020", limit=9))
    assert paths(library.search("red", under=files / "pictures" / "deep", limit=9)) == ["yellow.jpg"]


def test_paging_neither_repeats_nor_drops(library, files):
    add(library, files)
    whole = [hit.id for hit in library.search("red", limit=6)]
    paged = [hit.id for offset in range(0, 8, 2) for hit in library.search("red", limit=2, offset=offset)]
    assert paged == whole
    assert [hit.rank for hit in library.search("red", limit=2, offset=2)] == [3, 4]


def test_not_pushes_away(library, files):
    add(library, files)

    def score(**options):
        return {hit.path: hit.score for hit in library.search("red harbour", limit=9, **options)}

    harbour, red = str(files / "notes" / "harbour.txt"), str(files / "pictures" / "red.png")
    assert score(not_text=["harbour"])[harbour] < score()[harbour]
    assert score(not_text=["harbour"])[red] > score()[red]


def test_removing_forgets_the_folder_and_drop_everything(library, files, home):
    add(library, files)
    assert library.remove([files / "notes"]) == 2
    assert library.store.count() == 4
    with pytest.raises(LibraryError, match="nothing at or below"):
        library.remove([files / "notes"])
    status = library.status()
    assert (status.sources, status.images, status.documents, status.items) == (4, 4, 0, 4)
    assert status.exact
    library.drop()
    with pytest.raises(LibraryError, match="no collection 'main'"):
        library.search("red")
    assert library.home.collections() == []


def test_an_empty_folder_on_another_disk_is_a_drive_that_is_away(library, files):
    add(library, files)
    stored = library.ledger.roots()[0][1]
    library.ledger.add_root(files, stored + 1)
    moved = files.parent / "elsewhere"
    shutil.move(files, moved)
    files.mkdir()
    report = add(library, files)
    assert report.removed == 0
    assert "not plugged in" in report.notes[0]
    assert library.store.count() == 6


def test_update_without_paths_goes_over_what_was_added(library, files, write_picture):
    with pytest.raises(LibraryError, match="Name a folder"):
        add(library)
    add(library, files)
    write_picture(files / "pictures" / "white.png", "white")
    assert add(library).indexed == 1
    shutil.rmtree(files)
    report = add(library)
    assert "is not there" in report.notes[0]
    assert library.store.count() == 7


def test_another_model_is_refused_with_both_fingerprints(library, files, home, write_picture):
    add(library, files)
    library.close()
    write_picture(files / "new.png", "white")
    with open_library(home, encoder=tiny_encoder("2")) as other:
        with pytest.raises(SpaceMismatch, match=r"tiny-words-1.*tiny-words-2"):
            other.search("red")
        with pytest.raises(SpaceMismatch, match="tiny-colours"):
            add(other, files)
    with open_library(home) as other, pytest.raises(SpaceMismatch, match="filled by the model tiny, not starter"):
        add(other, files, model="starter")


def test_bad_requests_are_one_sentence(library, files):
    with pytest.raises(LibraryError, match="does not exist"):
        add(library, files / "nothing")
    with pytest.raises(LibraryError, match="no collection"):
        library.search("red")
    with pytest.raises(LibraryError, match="cannot be the name"):
        open_library(collection="../escape")


def test_progress_adds_up_and_is_told_at_the_end(library, files):
    told = []
    add(library, files, on_progress=told.append)
    assert told[0].state == "scanning"
    assert {progress.state for progress in told} >= {"indexing", "finishing"}
    run = library.status().run
    assert (run.state, run.done, run.total, run.items) == ("done", 6, 6, 6)


def test_the_report_tells_how_busy_each_stage_was(library, files):
    report = library.add([files])
    assert [(stage.name, stage.items) for stage in report.stages] == [("reading", 6), ("encoding", 6), ("writing", 6)]
    assert all(0 <= stage.busy <= 1 for stage in report.stages)
    assert report.stages[0].busy > 0 and report.stages[0].per_second > 0
    assert library.add([files]).stages == []
