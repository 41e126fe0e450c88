import pytest

from app import work
from encoders.errors import LibraryError
from indexer.library import Library
from indexer.upgrade import Upgrade

from tiny import tiny_encoder, tiny_models


def metrics(test):
    return {one.label: one.value for one in test.metric}


def button(test, prefix):
    return next(one for one in test.button if one.key and one.key.startswith(prefix))


def said(boxes):
    return [one.value.replace("\u2060", "").replace("\\", "") for one in boxes]


def test_counts_folders_and_failures_are_told(shelf, home, files, page):
    (files / "broken.png").write_bytes(b"not a picture")
    with Library(home, encoder=tiny_encoder()) as library:
        library.add([files], workers=1)
    test = page("library")
    assert metrics(test) == {"Pictures": "4", "Documents": "2", "Searchable items": "6", "Failed files": "1"}
    table = test.dataframe[0].value
    assert table["File"].tolist() == [str(files / "broken.png")]
    assert table["Reason"][0]


def test_a_folder_that_is_none_is_refused_with_a_sentence(indexed, page):
    test = page("library")
    test.text_input(key="path").set_value("/no/such/folder").run()
    button(test, "add").click().run()
    assert said(test.error) == ["There is no folder /no/such/folder. Check the spelling, or pick one below."]


def test_removing_a_folder_asks_first(indexed, page, files):
    test = page("library")
    button(test, "remove-main-").click().run()
    button(test, "remove-no").click().run()
    assert metrics(test)["Pictures"] == "4"
    button(test, "remove-main-").click().run()
    button(test, "remove-yes").click().run()
    assert metrics(test)["Pictures"] == "0"
    assert "Add the folder again to undo" in said(test.success)[0]
    assert (files / "pictures" / "red.png").is_file()


def test_dropping_a_collection_leaves_the_files(indexed, page, files, shelf):
    test = page("library")
    button(test, "drop-main").click().run()
    button(test, "drop-yes").click().run()
    assert shelf.collections() == []
    assert (files / "pictures" / "red.png").is_file()
    assert not test.error


def test_a_run_whose_process_died_reads_as_interrupted(indexed, page):
    indexed.runs.start()
    indexed.ledger.execute("UPDATE runs SET pid = 2147483646")
    test = page("library")
    assert "run again to continue" in said(test.warning)[0].lower()
    assert button(test, "again-main")


def test_what_may_be_added(home, tmp_path, monkeypatch):
    assert work.check_folder(f'  "{tmp_path}" ') == tmp_path
    monkeypatch.setenv("HOME", str(tmp_path))
    assert work.check_folder("~") == tmp_path
    (home / "inside").mkdir(parents=True)
    for wrong, words in (
        ("", "Type the path"),
        (str(tmp_path / "none"), "There is no folder"),
        (str(home / "inside"), "belongs to the library itself"),
    ):
        with pytest.raises(LibraryError, match=words):
            work.check_folder(wrong)


def test_a_second_space_is_a_quiet_line_with_its_buttons(indexed, home, page, shelf, monkeypatch):
    asked = []
    for module in ("indexer.library", "app.shelf"):
        monkeypatch.setattr(f"{module}.load_encoder", lambda card, cache=None, late=False: tiny_models()[card])
    monkeypatch.setattr("app.views.library.start_upgrade", lambda *words: asked.append(words))
    assert indexed.search("red", limit=1)[0].path.endswith("red.png")
    with Library(home) as library:
        Upgrade(library, workers=1).build("tiny:2")
        test = page("library")
        assert "The space of tiny:2 is ready. Searches use tiny until you switch." in said(test.caption)
        button(test, "switch-main").click().run()
        assert asked == [("main", "--switch")]
        Upgrade(library, workers=1).switch()
    shelf.warm(indexed)
    assert shelf.ready(indexed)
    assert indexed.encoder.card.id == "tiny:2", "an app that was open all the time asks with the right towers"
    assert indexed.search("red", limit=1)[0].path.endswith("red.png")
    test = page("library")
    assert "Searches use tiny:2. The old space of tiny is kept." in said(test.caption)
    button(test, "back-main").click().run()
    button(test, "discard-main").click().run()
    button(test, "discard-yes").click().run()
    assert asked[1:] == [("main", "--back"), ("main", "--discard")]
