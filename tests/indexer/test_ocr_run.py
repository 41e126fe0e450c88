"""The second pass that reads the words inside pictures: what it writes, what it leaves, and how it goes on."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from ocr_cases import read_names
from upgrade_cases import upgrade

from encoders.errors import LibraryError
from indexer import ocr_run
from indexer.__main__ import main
from indexer.library import Library
from indexer.ocr_run import OcrRun
from indexer.runs import one_run

CHILD = Path(__file__).with_name("reading_child.py")


def read(library, **options):
    return OcrRun(library, reader=read_names, **options).run()


def words(library, store=None):
    """File name -> the words that the store holds, of every picture that has some."""
    items = (store or library.store).scan()
    return {item.payload["names"][0]: item.payload["ocr"] for item in items if "ocr" in item.payload}


def test_words_land_in_the_payload_and_survive_what_happens_to_files(open_main, files, write_picture):
    write_picture(files / "plain.png", "white")
    write_picture(files / "broken.png", "black")
    library = open_main()
    library.add([files], workers=1)
    assert library.status().ocr is None
    seen = []
    report = read(library, on_progress=seen.append)
    assert (report.read, report.with_words, report.failed, report.left) == (5, 4, 1, 0)
    expected = {f"{name}": f"the words in {Path(name).stem}" for name in ("red.png", "green.png", "blue.png", "yellow.jpg")}
    assert words(library) == expected
    assert {now.task for now in seen} == {"read"}
    assert library.runs.latest().progress.state == "done"
    assert (library.status().ocr.read, library.status().ocr.left, library.status().ocr.failed) == (5, 0, 1)
    (failure,) = library.failures()
    assert failure.path.name == "broken.png"
    assert failure.reason == "it is indexed, but the words in it could not be read: it is broken"

    (files / "pictures" / "red.png").rename(files / "crimson.png")
    write_picture(files / "pictures" / "new.png", "green", seed=5)
    write_picture(files / "pictures" / "blue.png", "blue", seed=6)  # other bytes: another picture
    library.add([files], workers=1)
    assert words(library)["crimson.png"] == "the words in red"
    assert library.status().ocr.left == 2
    report = read(library)
    assert (report.read, report.with_words, report.failed) == (2, 2, 0), "what was read or failed for good is left alone"
    assert set(words(library)) == {"crimson.png", "green.png", "blue.png", "yellow.jpg", "new.png"}
    assert read(library, retry_failed=True).failed == 1


def test_pictures_that_are_away_or_changed_are_tried_again(open_main, files):
    library = open_main()
    library.add([files], workers=1)
    blue, away = files / "pictures" / "blue.png", files / "away.png"
    shutil.move(blue, away)
    report = read(library)
    assert (report.read, report.failed, report.left) == (3, 1, 1)
    assert "it is away" in library.failures()[0].reason
    shutil.move(away, blue)
    assert read(library).read == 1
    assert library.failures() == []


def test_words_are_in_both_spaces_and_go_along_with_an_upgrade(open_main, files, write_picture):
    library = open_main()
    library.add([files], workers=1)
    read(library)
    before = words(library)
    upgrade(library).build("tiny:2")
    assert words(library, library.spaces.at("2")) == before
    write_picture(files / "late.png", "white")
    library.add([files], workers=1)
    read(library)
    upgrade(library).switch()
    assert words(library) == before | {"late.png": "the words in late"}
    write_picture(files / "later.png", "black")
    library.add([files], workers=1)
    read(library)
    upgrade(library).back()
    assert words(library) == before | {"late.png": "the words in late", "later.png": "the words in later"}


def test_it_pauses_stops_and_goes_on(open_main, files, monkeypatch):
    monkeypatch.setattr(ocr_run, "_PULSE_SECONDS", 0.0)  # every picture is told, however quickly it is read
    library = open_main()
    library.add([files], workers=1)
    asked = iter(["pause", "resume", "stop"])
    states = []

    def ask(now):
        states.append(now.state)
        if (request := next(asked, None)) is not None:
            library.request(request)

    report = read(library, on_progress=ask)
    assert report.state == "stopped"
    assert "paused" in states
    assert library.runs.latest().progress.state == "stopped"
    assert read(library).state == "done"
    assert len(words(library)) == 4


def test_one_run_at_a_time(home, files, models):
    with Library(home) as library:
        library.add([files], workers=1)
        at_work = one_run(home / "collections" / "main", "main", library.current_run)
        with at_work, pytest.raises(LibraryError, match="another run"):
            read(library)
        library.drop()
        with pytest.raises(LibraryError, match="no collection"):
            read(library)


def test_killed_in_the_middle_it_goes_on(home, files, models, write_picture):
    for number in range(12):
        write_picture(files / f"{number}.png", "red", seed=number)
    with Library(home) as library:
        library.add([files], workers=1)
    process = subprocess.Popen([sys.executable, str(CHILD), str(home)], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if int(line) >= 4:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    with Library(home) as library:
        run = library.runs.latest().progress
        assert run.state == "interrupted"
        done = library.status().ocr.read
        assert 4 <= done < 16
        report = read(library)
        assert report.read == 16 - done, "nothing is read twice"
        assert len(words(library)) == 16


def test_commands(home, files, models, monkeypatch, capsys):
    monkeypatch.setattr("indexer.library.cores", lambda: 1)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the test's own process keeps its handlers
    monkeypatch.setattr("indexer.ocr.find_spec", lambda name: None)
    pip = "pip install 'rapidocr>=3.10,<4'"
    assert main(["add", str(files), "--read"]) == 1
    assert pip in capsys.readouterr().err
    assert not (home / "collections").exists(), "said before the work begins"
    assert main(["add", str(files)]) == 0
    assert main(["read"]) == 1
    assert pip in capsys.readouterr().err
    assert "Words" not in _status(capsys)
    monkeypatch.setattr("indexer.ocr_run.OcrRun", _WithNames)
    monkeypatch.setattr("indexer.ocr.find_spec", lambda name: name)
    assert main(["add", "--read", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["unchanged"], told["ocr"]["read"], told["ocr"]["with_words"]) == (6, 4, 4)
    assert "Words       read in 4 pictures, 0 failed\n" in _status(capsys)
    assert main(["read"]) == 0
    assert "0 pictures read, 0 of them hold words, 0 failed, 0 left." in capsys.readouterr().out
    assert main(["read", "--collection", "other"]) == 1
    assert "no collection 'other'" in capsys.readouterr().err


class _WithNames(OcrRun):
    def __init__(self, library, **options):
        super().__init__(library, **options, reader=read_names)


def _status(capsys):
    capsys.readouterr()
    assert main(["status"]) == 0
    return capsys.readouterr().out
