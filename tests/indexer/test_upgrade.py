"""Another model for a collection, on both engines: the query tower on the spot, candidate towers in a space beside."""

import contextlib
import shutil
import threading
import time
import uuid

import pytest
from upgrade_cases import assert_alike, change_things, first, fresh, held, upgrade

from encoders.errors import ItemsGone, LibraryError, ModelError, SpaceMismatch
from indexer.library import Library
from indexer.space_log import SpaceLog
from indexer.store.server import ServerStore
from indexer.upgrade import Upgrade, use_query_tower

from tiny import tiny_encoder

# What is told here does not depend on the engine, and the in-memory one is many times as quick to make.
on_one_engine = pytest.mark.parametrize("open_main", ["server"], indirect=True)


@pytest.fixture
def library(open_main, files):
    opened = open_main()
    opened.add([files], workers=1)
    return opened


# --- the query tower alone


def test_a_query_tower_is_taken_on_the_spot_and_no_vector_moves(library, open_main, files, models):
    app = open_main()
    plain = app.search("red", limit=1)[0].score
    before = held(library)
    assert use_query_tower(library, "tiny:asks").card == "tiny"
    assert held(library) == before
    manifest = library.store.manifest()
    assert manifest.card == library.status().model == "tiny:asks"
    assert manifest.query_fingerprints["text"] == "tiny-words-1-please"
    assert manifest.candidate_fingerprints["text"] == "tiny-words-1"
    asked = app.search("red", limit=1)[0]  # an app that was open all the time
    assert first([asked]) == "red.png"
    assert asked.score < plain - 0.05
    assert app.encoder.card.id == "tiny:asks"
    assert use_query_tower(library, "tiny").card == "tiny:asks"
    assert held(library) == before
    assert app.search("red", limit=1)[0].score == plain


def test_the_next_add_goes_on_with_the_new_query_tower(library, open_main, files, write_picture):
    use_query_tower(library, "tiny:asks")
    library.close()
    write_picture(files / "pictures" / "white.png", "white")
    again = open_main()
    assert again.add([files], workers=1).indexed == 1
    assert again.store.manifest().card == "tiny:asks"
    assert first(again.search("white", limit=1)) == "white.png"


def test_other_candidate_towers_are_refused_with_both_and_the_command(library):
    before = held(library)
    with pytest.raises(SpaceMismatch, match=r"tiny-words-1.*tiny-words-2.*python -m indexer upgrade --model tiny:2"):
        use_query_tower(library, "tiny:2")
    with pytest.raises(ModelError, match="there is no model 'gpt-9'"):
        use_query_tower(library, "gpt-9")
    assert held(library) == before
    assert library.store.manifest().card == "tiny"


@on_one_engine
def test_one_query_may_ask_with_another_tower(library, open_main):
    plain = library.search("red", limit=1)[0].score
    assert open_main(model="tiny:asks").search("red", limit=1)[0].score < plain - 0.05
    assert library.store.manifest().card == "tiny"
    with pytest.raises(SpaceMismatch, match="indexer upgrade --model tiny:2"):
        open_main(model="tiny:2").search("red")


# --- candidate towers


def test_the_new_space_is_what_indexing_anew_would_give(library, open_main, files, tmp_path):
    old = held(library)
    report = upgrade(library).build("tiny:2")
    assert (report.state, report.contents, report.items, report.failures) == ("ready", 6, 6, [])
    assert held(library) == old, "the old space answers and is as it was"
    assert_alike(held(library, "2"), fresh(tmp_path, files, "tiny:2"))
    assert first(library.search("red", limit=1)) == "red.png"
    assert library.status().upgrade.note == (
        "The space of tiny:2 is built and not in use yet. To use it: python -m indexer upgrade --switch; to delete it: "
        "python -m indexer upgrade --discard"
    )
    app = open_main()
    assert app.search("red", limit=1)[0].score > 0.9
    assert upgrade(library).switch().state == "switched"
    assert library.status().model == app.encoder.card.id == "tiny:2"
    assert first(app.search("harbour", limit=1)) == "harbour.txt"
    assert app.search("red", limit=1)[0].score > 0.9
    assert library.status().upgrade.old
    assert upgrade(library).back().state == "back"
    assert library.status().model == app.encoder.card.id == "tiny"
    assert held(library) == old
    assert app.search("red", limit=1)[0].score > 0.9
    assert upgrade(library).discard() == "tiny:2"
    assert library.status().upgrade is None
    assert held(library) == old


def test_a_collection_lives_on_in_its_new_space(library, open_main, files, tmp_path, write_picture):
    for card in ("tiny:2", "tiny:3"):
        upgrade(library).build(card)
        upgrade(library).switch()
        assert upgrade(library).discard() == {"tiny:2": "tiny", "tiny:3": "tiny:2"}[card]
        assert_alike(held(library), fresh(tmp_path, files, card))
        write_picture(files / f"{card[-1]}.png", "black")
        (files / "notes" / "recipe.md").write_text(f"Bread number {card[-1]}.")
        assert library.add([files], workers=1).indexed == 2
        assert first(library.search("bread", limit=1)) == "recipe.md"
    assert_alike(held(library), fresh(tmp_path / "again", files, "tiny:3"))
    library.drop()
    library = open_main()
    with pytest.raises(LibraryError, match="no collection"):
        library.search("red")
    assert library.add([files], workers=1).indexed == 8
    assert library.store.manifest().card == "tiny"


def test_changes_between_building_and_switching_are_not_lost(library, files, tmp_path, write_picture):
    upgrade(library).build("tiny:2")
    for number in (1, 2):
        change_things(files, write_picture, number)
        library.add([files], workers=1)
    library.remove([files / "notes" / "recipe.md"])
    (files / "notes" / "recipe.md").unlink()
    assert library.status().upgrade.behind
    assert upgrade(library).switch().failures == []
    assert_alike(held(library), fresh(tmp_path, files, "tiny:2"))
    for number in (3, 4):
        change_things(files, write_picture, number)
        library.add([files], workers=1)
    assert_alike(held(library), fresh(tmp_path / "later", files, "tiny:2"))
    upgrade(library).back()
    assert_alike(held(library), fresh(tmp_path, files, "tiny"))
    assert SpaceLog(library.ledger).count("") == 0


def test_a_rename_loads_no_model_and_reads_no_file(library, files, models, monkeypatch):
    upgrade(library).build("tiny:2")
    (files / "pictures" / "red.png").rename(files / "pictures" / "rouge.png")
    (files / "pictures" / "blue.png").unlink()
    library.add([files], workers=1)
    models.clear()
    monkeypatch.setattr("indexer.refill.ReadingPool", None)  # reading would fail loudly
    upgrade(library).switch()
    assert models == []
    assert first(library.search("red", limit=1)) == "rouge.png"
    assert library.store.count() == 5


def test_every_answer_is_right_while_the_space_is_built_and_switched(library, open_main):
    app, stop, wrong, answered = open_main(), threading.Event(), [], []

    def ask():
        while not stop.is_set():
            for word, name in (("red", "red.png"), ("harbour", "harbour.txt"), ("yellow", "yellow.jpg")):
                hits = app.search(word, limit=6)
                similar = app.search(like=hits[0].id, limit=1)[0].score
                if first(hits) != name or len(hits) != 6 or similar > 0.999:
                    wrong.append((word, [(hit.path, hit.score) for hit in hits]))
                answered.append(app.encoder.card.id)

    def switch():
        upgrade(library).switch()
        while answered[-1:] != ["tiny:2"] and asking.is_alive():  # else nobody may have asked before it is taken back
            time.sleep(0.01)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(2):
            upgrade(library).build("tiny:2")
            switch()
            upgrade(library).back()
            switch()
            upgrade(library).back()
            upgrade(library).discard()
    finally:
        stop.set()
        asking.join()
    assert wrong == []
    assert {"tiny", "tiny:2"} == set(answered)


def test_a_question_that_meets_a_space_that_is_just_emptied_is_asked_of_the_one_that_answers(library, monkeypatch):
    hit = library.search("red", limit=1)[0]
    stale = library.space()
    upgrade(library).build("tiny:2")
    upgrade(library).switch()
    stale.store.vacate()
    opened, spaces = library.space, [stale]
    monkeypatch.setattr(library, "space", lambda: spaces.pop() if spaces else opened())
    assert library.search(like=hit.id, limit=1)[0].id != hit.id
    with pytest.raises(LibraryError, match="no longer in this collection"):
        library.search(like=str(uuid.UUID(int=7)), limit=1)


# --- what cannot be brought along


def test_pictures_that_are_away_are_named_kept_and_tried_again(library, files, tmp_path):
    away = tmp_path / "away.png"
    shutil.move(files / "pictures" / "red.png", away)
    (files / "pictures" / "blue.png").write_bytes((files / "pictures" / "green.png").read_bytes())
    report = upgrade(library).build("tiny:2")
    assert [(failure.path.name, failure.reason.split(",")[0]) for failure in report.failures] == [
        ("blue.png", "it has changed since it was indexed; bring the collection up to date: python -m indexer add"),
        ("red.png", "it has to be read again"),
    ]
    report = upgrade(library).switch()
    assert "lacks 2 files" in report.notes[-1]
    assert [failure.path.name for failure in library.failures()] == ["blue.png", "red.png"]
    assert library.status().missing == 2
    assert "red.png" not in [first([hit]) for hit in library.search("red", limit=6)]
    shutil.move(away, files / "pictures" / "red.png")
    assert library.add([files], workers=1).failed == 0
    assert first(library.search("red", limit=1)) == "red.png"
    assert library.status().missing == 0
    assert_alike(held(library), fresh(tmp_path, files, "tiny:2"))
    upgrade(library).back()
    assert_alike(held(library), fresh(tmp_path, files, "tiny"))


@on_one_engine
def test_what_was_away_is_found_again_after_going_back(library, files, tmp_path):
    old = held(library)
    shutil.move(files / "pictures", tmp_path / "elsewhere")
    upgrade(library).build("tiny:2")
    assert len(upgrade(library).switch().failures) == 4
    upgrade(library).back()
    assert held(library) == old
    assert library.failures() == []


def test_discarding_the_last_vector_of_a_file_leaves_it_to_the_next_add(library, files, tmp_path):
    away = tmp_path / "away.png"
    shutil.move(files / "pictures" / "red.png", away)
    upgrade(library).build("tiny:2")
    upgrade(library).switch()
    upgrade(library).discard()
    assert [failure.path.name for failure in library.failures()] == ["red.png"]
    shutil.move(away, files / "pictures" / "red.png")
    assert library.add([files], workers=1).indexed == 1
    assert_alike(held(library), fresh(tmp_path, files, "tiny:2"))


@on_one_engine
def test_one_copy_of_a_picture_that_is_as_it_was_is_enough(library, files, tmp_path):
    red = files / "pictures" / "red.png"
    shutil.copy(red, files / "zz-copy.png")
    library.add([files], workers=1)
    red.write_bytes(b"no picture any more")
    assert upgrade(library).build("tiny:2").failures == []
    upgrade(library).switch()
    assert first(library.search("red", limit=1)) in ("red.png", "zz-copy.png")


@on_one_engine
def test_a_model_that_takes_no_pictures_says_how_many_will_be_missing(library, models, monkeypatch):
    whole = tiny_encoder("4", card="tiny:text")
    text = type(whole)(whole.card, {"text": whole._query["text"]}, {"text": whole._candidates["text"]})
    known = {"tiny:text": text, "tiny": tiny_encoder()}
    monkeypatch.setattr(library, "load", lambda card, late=False: known[card])
    report = upgrade(library).build("tiny:text")
    assert {failure.reason for failure in report.failures} == {"the model tiny:text takes no pictures"}
    assert (report.contents, len(report.failures)) == (2, 4)


@on_one_engine
def test_passages_that_the_new_model_cannot_read_whole_are_counted(library, files, monkeypatch):
    (files / "notes" / "long.txt").write_text("A long story about many things. " * 40)
    library.add([files], workers=1)
    short = tiny_encoder("5", card="tiny:short")
    for tower in (short._query["text"], short._candidates["text"]):
        tower.max_tokens = 50
    monkeypatch.setattr(library, "load", lambda card, late=False: {"tiny:short": short}[card])
    report = upgrade(library).build("tiny:short")
    assert report.cut >= 2
    assert f"{report.cut} passages are longer than tiny:short reads" in report.notes[0]


# --- stopping, and being cut short


def test_a_build_can_be_stopped_and_goes_on(library, files, tmp_path, monkeypatch):
    monkeypatch.setattr("indexer.upgrade._PULSE_SECONDS", 0.0)
    monkeypatch.setattr("indexer.refill._PAGE", 2)
    old = held(library)

    def stop_half_way(progress):
        if progress.done >= 2:
            library.request("stop")

    report = upgrade(library, on_progress=stop_half_way).build("tiny:2")
    assert report.state == "stopped"
    status = library.status()
    assert (status.run.progress.state, status.run.progress.task) == ("stopped", "upgrade")
    assert (status.upgrade.state, status.upgrade.done) == ("building", pytest.approx(1 - status.upgrade.behind / 6, abs=0.01))
    assert 0 < status.upgrade.behind < 6
    assert "is being built" in status.upgrade.note
    assert held(library) == old
    with pytest.raises(LibraryError, match="is not built yet"):
        upgrade(library).switch()
    report = upgrade(library).build("tiny:2")
    assert (report.state, report.contents) == ("ready", status.upgrade.behind)
    assert_alike(held(library, "2"), fresh(tmp_path, files, "tiny:2"))


def test_a_switch_that_was_cut_short_is_finished_by_whoever_comes_next(library, files, tmp_path, write_picture, monkeypatch):
    upgrade(library).build("tiny:2")
    with monkeypatch.context() as patch:
        patch.setattr(SpaceLog, "let_answer", None)  # dies between store and ledger
        with pytest.raises(TypeError):
            upgrade(library).switch()
    assert library.store.manifest().card == "tiny:2"
    change_things(files, write_picture, 1)
    library.add([files], workers=1)
    assert_alike(held(library), fresh(tmp_path, files, "tiny:2"))
    upgrade(library).back()
    assert_alike(held(library), fresh(tmp_path, files, "tiny"))


def test_a_discard_that_was_cut_short_is_not_switched_to(library, files, monkeypatch):
    upgrade(library).build("tiny:2")
    with monkeypatch.context() as patch:
        patch.setattr(SpaceLog, "forget", None)
        with pytest.raises(TypeError):
            upgrade(library).discard()
    for verb in (upgrade(library).switch, upgrade(library).back, lambda: upgrade(library).build("tiny:2")):
        with pytest.raises(LibraryError, match="--discard"):
            verb()
    upgrade(library).discard()
    assert upgrade(library).build("tiny:2").contents == 6


@on_one_engine
def test_mistakes_are_one_sentence_and_leave_no_trace(library, home, models):
    with pytest.raises(LibraryError, match="nothing to switch to"):
        upgrade(library).switch()
    with pytest.raises(LibraryError, match="no older space"):
        upgrade(library).back()
    with pytest.raises(LibraryError, match="no second space"):
        upgrade(library).discard()
    with pytest.raises(LibraryError, match="python -m indexer use tiny:asks"):
        upgrade(library).build("tiny:asks")
    upgrade(library).build("tiny:2")
    with pytest.raises(LibraryError, match=r"tiny-words-2.*tiny-words-3.*--discard"):
        upgrade(library).build("tiny:3")
    with pytest.raises(LibraryError, match="not in use"):
        upgrade(library).back()
    upgrade(library).switch()
    with pytest.raises(LibraryError, match="tiny:2 answers already"):
        upgrade(library).switch()
    with pytest.raises(LibraryError, match="--back"):
        upgrade(library).build("tiny")
    with pytest.raises(LibraryError, match="no collection 'other'"):
        Upgrade(Library(home, "other")).build("tiny:2")


@on_one_engine
def test_the_comparison_gets_both_spaces_and_is_kept_in_the_report(library):
    class Seen:
        def __init__(self, old, new):
            self.cards = [old.encoder.card.id, new.encoder.card.id]
            self.counts = [old.store.count(), new.store.count()]

        def table(self):
            return "old new"

        def to_dict(self):
            return {"cards": self.cards}

    report = upgrade(library, compare=lambda _, old, new: Seen(old, new)).build("tiny:2")
    assert report.comparison.counts == [6, 6]
    assert report.to_dict()["comparison"] == {"cards": ["tiny", "tiny:2"]}


class Died(BaseException):
    """The process was killed here."""


@on_one_engine
def test_dying_before_any_one_step_loses_nothing(library, files, tmp_path, write_picture, monkeypatch):
    monkeypatch.setattr("indexer.refill._PAGE", 2)
    steps, alive = [], [10**6]

    def mortal(owner, name):
        whole = getattr(owner, name)

        def step(*arguments, **options):
            alive[0] -= 1
            if alive[0] < 0:
                raise Died
            steps.append(name)
            return whole(*arguments, **options)

        monkeypatch.setattr(owner, name, step)

    for name in ("begin", "change", "note_writing", "settle", "add_cut", "let_answer"):
        mortal(SpaceLog, name)
    for name in ("create", "upsert", "set_payload", "delete", "flush", "build_index", "hand_over"):
        mortal(ServerStore, name)

    def until_done(verb):
        """Give the same command again and again, each time killed one step later than it was the last time."""
        for count in range(200):
            alive[0] = count
            try:
                verb()
                return count
            except Died:
                assert library.store.count() >= 6, "the space that answers is whole at any time"
        raise AssertionError("it never comes to an end")

    assert until_done(lambda: upgrade(library).build("tiny:2")) > 5
    alive[0] = 10**6
    change_things(files, write_picture, 1)
    library.add([files], workers=1)
    for verb, card in (("switch", "tiny:2"), ("back", "tiny")):
        with contextlib.suppress(LibraryError):  # it died after the switch itself, so there is nothing left to switch
            until_done(getattr(upgrade(library), verb))
        alive[0] = 10**6
        change_things(files, write_picture, 2)
        library.add([files], workers=1)
        assert_alike(held(library), fresh(tmp_path / verb, files, card))
    assert {"begin", "note_writing", "settle", "upsert", "delete", "set_payload", "hand_over", "let_answer"} <= set(steps)


@on_one_engine
def test_a_library_that_suggests_no_query_is_built_all_the_same(library):
    def compare(*_):
        raise LibraryError("it suggests no query")

    report = upgrade(library, compare=compare).build("tiny:2")
    assert (report.state, report.notes) == ("ready", ["The two were not compared: it suggests no query"])
    assert upgrade(library).switch().state == "switched"


def test_a_search_whose_items_go_meanwhile_is_asked_again_once(library, monkeypatch):
    store = library.space().store
    fuse, failures = type(store).fuse, [ItemsGone("gone"), ItemsGone("gone")]

    def failing(self, *arguments, **options):
        if failures:
            raise failures.pop()
        return fuse(self, *arguments, **options)

    monkeypatch.setattr(type(store), "fuse", failing)
    with pytest.raises(ItemsGone):
        library.search("red")
    failures.append(ItemsGone("gone"))
    assert library.search("red")
