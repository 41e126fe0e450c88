"""The commands as people type them: real processes, the real default model, exit codes, JSON keys."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ADD_KEYS = {"indexed", "unchanged", "renamed", "removed", "failed", "items", "seconds", "items_per_second"}
HIT_KEYS = {"rank", "path", "kind", "page", "score", "relevance", "reasons", "snippet"}


def run(*arguments, home):
    environment = {**os.environ, "SKYBRIDGE_HOME": str(home)}
    environment.pop("SKYBRIDGE_QDRANT_URL", None)
    done = subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr + done.stdout
    return done


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    """Photographs that scikit-image carries, and a note."""
    import skimage

    folder = tmp_path_factory.mktemp("photographs")
    for name in ("chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png"):
        (folder / name).write_bytes((Path(skimage.__file__).parent / "data" / name).read_bytes())
    (folder / "note.txt").write_text("Remember to water the tomatoes in the garden every second day.")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    return folder


@pytest.fixture(scope="module")
def indexed(tmp_path_factory, photographs, networks, starter):
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(networks, home / "models")
    done = run("indexer", "add", photographs, "--json", home=home)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report) >= ADD_KEYS
    assert (report["indexed"], report["failed"], report["items"]) == (5, 1, 5)
    return home


@pytest.mark.parametrize(
    ("text", "name"),
    [("a cat", "chelsea.png"), ("a cup of coffee", "coffee.png"), ("motorbike", "motorcycle_left.png"),
     ("looking after vegetables", "note.txt")],
)  # fmt: skip
def test_the_right_file_comes_first(indexed, text, name):
    done = run("search", text, "--json", "-n", "3", home=indexed)
    hits = json.loads(done.stdout)
    assert set(hits[0]) >= HIT_KEYS
    assert Path(hits[0]["path"]).name == name
    assert [hit["rank"] for hit in hits] == [1, 2, 3]


def test_a_picture_finds_itself_and_output_for_people_is_plain(indexed, photographs):
    done = run("search", "--image", photographs / "rocket.jpg", "--kind", "image", "-n", "1", home=indexed)
    assert done.returncode == 0
    assert "rocket.jpg" in done.stdout


def test_status_failures_remove_and_drop(indexed, photographs):
    status = json.loads(run("indexer", "status", "--json", home=indexed).stdout)
    assert (status["model"], status["sources"], status["failed"], status["items"]) == ("starter", 5, 1, 5)
    failures = json.loads(run("indexer", "failures", "--json", home=indexed).stdout)
    assert Path(failures[0]["path"]).name == "broken.jpg"
    assert failures[0]["reason"]
    assert "Files       5 indexed" in run("indexer", "status", home=indexed).stdout


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("indexer", "add", "/nothing/here"), 1, "does not exist"),
        (("indexer", "add", "--model", "gpt-9", "."), 1, "gpt-9"),
        (("indexer", "remove", "/nothing/here"), 1, "no collection"),
        (("indexer", "drop", "unheard-of"), 1, "no collection"),
        (("indexer",), 2, "usage"),
        (("search",), 2, "usage"),
        (("search", "cat"), 1, "no collection"),
        (("search", "cat", "--since", "yesterdayish"), 1, "not a date"),
        (("search", "cat", "--since", "2020", "--until", "2019"), 1, "later"),
        (("search", "cat", "--kind", "smell"), 2, "invalid choice"),
        (("search", "cat", "--kind", "image", "--not-kind", "image"), 1, "of the kind image and not"),
        (("search", "cat", "--dates", "when I was young"), 1, "last summer"),
        (("search", "cat", "--min-size", "big"), 2, "not a size"),
        (("search", "cat", "--near", "Atlantis, Ocean"), 1, "no town is called"),
        (("search", "--facets"), 1, "no collection"),
        (("search", "   "), 1, "nothing to look for"),
        (("indexer", "add", "--workers", "0", "."), 2, "at least 1"),
        (("indexer", "add", "--limit", "max_smell=3", "."), 1, "max_pages"),
        (("indexer", "add", "--limit", "max_pages=many", "."), 1, "needs a number"),
        (("indexer", "add", "--limit", "max_pages=-1", "."), 1, "more than 0"),
        (("search", "cat", "-n", "-5"), 1, "negative"),
    ],
)  # fmt: skip
def test_mistakes_are_one_sentence_and_the_right_code(tmp_path, arguments, code, says):
    done = run(*arguments, home=tmp_path / "fresh")
    assert done.returncode == code
    assert says in done.stderr
    assert done.stdout == ""


def test_a_query_picture_that_cannot_be_read_is_one_sentence(indexed, photographs):
    for bad in (photographs / "broken.jpg", photographs / "note.txt", photographs / "nothing.png"):
        done = run("search", "--image", bad, home=indexed)
        assert done.returncode == 1
        assert done.stderr.startswith("error: ")


def test_very_long_odd_and_hostile_queries_are_answered(indexed):
    for text in ("cat " * 5000, "🐈‍⬛", "'; DROP TABLE items; --", "\u202e\u0000".replace("\0", ""), "-" * 3 + " x"):
        done = run("search", "--json", "--", text, home=indexed)
        assert done.returncode == 0, done.stderr
        assert len(json.loads(done.stdout)) == 5


def test_hits_are_judged_for_good_or_this_once(indexed):
    hits = json.loads(run("search", "an animal", "--json", home=indexed).stdout)
    last = hits[-1]["id"]
    once = json.loads(run("search", "an animal", "--more", last, "--less", hits[0]["id"], "--json", home=indexed).stdout)
    assert once[-1]["id"] == hits[0]["id"] and next(hit for hit in once if hit["id"] == last)["fits"]
    judged = run("search", "an animal", "--judge", f"{hits[0]['id']}=not", "--json", home=indexed)
    assert json.loads(judged.stdout)[-1]["id"] == hits[0]["id"]
    undone = run("search", "an animal", "--judge", f"{hits[0]['id']}=undo", "--json", home=indexed)
    assert json.loads(undone.stdout) == hits
    wrong = run("search", "an animal", "--judge", "perhaps", home=indexed)
    assert wrong.returncode == 2 and "ID=fits" in wrong.stderr
