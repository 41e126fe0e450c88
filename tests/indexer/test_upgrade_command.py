"""`indexer use`, `indexer upgrade` and `search --model`, as people type them."""

import json

import pytest

from indexer.__main__ import main
from search.__main__ import main as search

pytestmark = pytest.mark.usefixtures("models")


@pytest.fixture
def indexed(home, files, monkeypatch):
    monkeypatch.setattr("indexer.library.cores", lambda: 1)
    monkeypatch.setattr("indexer.upgrade.cores", lambda: 1)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the test's own process keeps its handlers
    assert main(["add", str(files)]) == 0


@pytest.fixture
def run(indexed, capsys):
    def run(*arguments):
        capsys.readouterr()
        code = main(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    return run


def test_the_whole_way_there_and_back(run):
    assert run("upgrade")[1].startswith("There is one space only.")
    code, out, _ = run("upgrade", "--model", "tiny:2")
    assert code == 0
    assert "6 files, 6 items encoded" in out
    assert "tiny:2" in out.partition("6 files")[0], "the comparison comes first"
    assert "words to pictures" in out
    assert "To use it: python -m indexer upgrade --switch" in out
    assert "Upgrade     The space of tiny:2 is built and not in use yet." in run("status")[1]
    assert "Searches use tiny:2 now." in run("upgrade", "--switch")[1]
    assert json.loads(run("status", "--json")[1])["model"] == "tiny:2"
    assert json.loads(run("upgrade", "--json")[1])["old"] is True
    assert "Searches use tiny again." in run("upgrade", "--back")[1]
    assert run("upgrade", "--discard")[1] == "The space of tiny:2 is deleted.\n"
    assert json.loads(run("upgrade", "--json")[1]) is None


def test_building_and_switching_in_one_go_as_json(run, files):
    (files / "pictures" / "red.png").unlink()
    code, out, err = run("upgrade", "--model", "tiny:2", "--switch", "--json")
    told = json.loads(out)
    assert code == 0
    assert (told["state"], told["card"], told["missing"]) == ("switched", "tiny:2", 1)
    assert told["comparison"]
    assert told["failures"][0]["path"].endswith("red.png")
    assert "lacks 1 files" in err
    assert "Missing     1 files" in run("status")[1]
    assert "red.png" in run("failures")[1]


def test_a_query_tower_by_one_command(run, capsys):
    code, out, _ = run("use", "tiny:asks")
    assert code == 0
    assert "To go back: python -m indexer use tiny\n" in out
    assert json.loads(run("use", "tiny", "--json")[1]) == {"model": "tiny", "before": "tiny:asks"}
    assert search(["red", "--model", "tiny:asks", "--json"]) == 0
    asked = json.loads(capsys.readouterr().out)
    assert search(["red", "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert asked[0]["path"] == plain[0]["path"]
    assert asked[0]["score"] < plain[0]["score"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("use", "tiny:2"), 1, "python -m indexer upgrade --model tiny:2"),
        (("use", "gpt-9"), 1, "there is no model 'gpt-9'"),
        (("upgrade", "--model", "tiny:asks"), 1, "python -m indexer use tiny:asks"),
        (("upgrade", "--switch"), 1, "nothing to switch to"),
        (("upgrade", "--back"), 1, "no older space"),
        (("upgrade", "--discard"), 1, "no second space"),
        (("upgrade", "--model", "tiny:2", "--back"), 2, "--model builds a space"),
        (("upgrade", "--collection", "other"), 1, "no collection 'other'"),
    ],
)
def test_mistakes_are_one_sentence_and_the_right_code(run, arguments, code, says):
    found, out, err = run(*arguments)
    assert (found, out) == (code, "")
    assert says in err
