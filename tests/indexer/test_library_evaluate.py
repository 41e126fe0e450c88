"""Models measured on a library's own queries: stored vectors as they are, other models from the files."""

import json

import numpy as np
import pytest
from PIL import Image

from encoders.errors import LibraryError
from encoders.evaluation.comparison import compare
from encoders.training.pair_files import read_pairs
from indexer.__main__ import main
from indexer.evaluate import compare_spaces, encode_now, evaluate_library, stored_vectors
from indexer.feedback import Asked, FeedbackLog
from indexer.library import Library

from tiny import COLOURS, tiny_encoder


class Mute:
    """The same candidate towers; every question is heard as the same word."""

    def __init__(self, encoder):
        self._encoder = encoder

    def __getattr__(self, name):
        return getattr(self._encoder, name)

    def encode_queries(self, modality, contents):
        return self._encoder.encode_queries(modality, ["mumble"] * len(contents))


@pytest.fixture
def library(home):
    with Library(home, encoder=tiny_encoder()) as opened:
        yield opened


@pytest.fixture
def filled(library, tmp_path):
    """Pictures that are called what they show, a note with a title, and a picture that says nothing."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for colour, value in COLOURS.items():
        Image.new("RGB", (20, 20), value).save(folder / f"{colour}.png")
    Image.new("RGB", (21, 21), COLOURS["red"]).save(folder / "IMG_0001.png")
    (folder / "tea.md").write_text("# Tea\n\nBoil water, wait a little.\n")
    (folder / "coffee.md").write_text("# Coffee\n\nGrind beans.\n")
    library.add([folder], workers=1)
    return folder


def own(library):
    return stored_vectors(library.store, library.encoder)


def test_what_the_files_say_of_themselves_leads_back_to_them(filled, library):
    (found,) = evaluate_library(library, [own(library)])
    pictures, passages = found["words to pictures"], found["words to passages"]
    assert pictures.ranking.queries == 6 and pictures.ranking.candidates == 7
    assert pictures["R@1"] == pytest.approx(5 / 6, abs=0.1)  # two red ones, of which one is called so
    assert pictures["R@5"] == 1 and passages["R@1"] == 1
    assert passages.ranking.queries == 2 == passages.ranking.candidates
    assert found.subject.model == "tiny" and found.subject.pairs == 8 and "title stands before" in found.notes[0]


def test_a_deaf_model_is_at_chance_and_loses(filled, library):
    good, deaf = evaluate_library(library, [own(library), stored_vectors(library.store, Mute(library.encoder))])
    both = compare(good, deaf)
    assert deaf["words to pictures"]["R@1"] < 0.4
    assert both.differences["words to pictures"]["MRR"].value > 0.3


def test_encoding_now_gives_what_is_stored(filled, library):
    stored, now = own(library), encode_now(library, tiny_encoder())
    assert stored.vectors.keys() == now.vectors.keys() and now.refused == ()
    for name, row in stored.vectors.items():
        np.testing.assert_allclose(now.vectors[name], row, atol=1e-5)


def test_files_that_are_gone_are_left_out_for_both(filled, library):
    (filled / "red.png").unlink()
    Image.new("RGB", (50, 50)).save(filled / "blue.png")
    seen = []
    now = encode_now(library, tiny_encoder("2"), lambda done, total: seen.append((done, total)))
    assert sorted(each.where.rpartition("/")[2] for each in now.refused) == ["blue.png", "red.png"]
    assert seen[-1] == (9, 9)
    one, other = evaluate_library(library, [own(library), now])
    assert one["words to pictures"].ranking.candidates == 5 == other["words to pictures"].ranking.candidates
    assert len(one.refused) == 2 and compare(one, other).differences["words to pictures"]["R@1"].value == 0


def test_fewer_queries_search_all_items(filled, library):
    (found,) = evaluate_library(library, [own(library)], limit=3)
    assert sum(one.ranking.queries for one in found.directions) == 3 and "3 of 8 queries" in found.subject.data
    assert found.subject.fingerprint != evaluate_library(library, [own(library)])[0].subject.fingerprint


def test_two_spaces_are_compared_as_an_upgrade_asks(filled, library):
    class Space:
        store, encoder = library.store, library.encoder

    class Deaf:
        store, encoder = library.store, Mute(library.encoder)

    gain = compare_spaces(library, Deaf, Space)
    assert "words to pictures" in gain.table() and json.dumps(gain.to_dict())
    assert gain.comparison.differences["words to pictures"]["MRR"].value > 0.3


def test_a_library_that_says_nothing(library, tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "IMG_1.png")
    library.add([tmp_path], workers=1)
    with pytest.raises(LibraryError, match="suggests no query"):
        evaluate_library(library, [own(library)])


# --- the commands


@pytest.fixture
def run(filled, library, capsys, monkeypatch):
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the test's own process keeps its handlers
    monkeypatch.setattr("indexer.library.load_encoder", lambda card, cache=None, late=False: tiny_encoder())
    monkeypatch.setattr("encoders.load_encoder", lambda card, cache=None: tiny_encoder(card.partition(":")[2] or "1"))
    monkeypatch.setattr("indexer.pairs_command.find_card", lambda card: None)

    def run(*arguments):
        capsys.readouterr()
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return run


def test_evaluate_as_people_type_it(run):
    code, out, _ = run("evaluate")
    assert code == 0 and "words to pictures: 6 queries among 7 candidates" in out and "Stored vectors." in out
    found = json.loads(run("evaluate", "--json", "--limit", "2")[1])
    assert found["model"] == "tiny" and found["directions"]
    code, out, told = run("evaluate", "--against", "tiny:2", "--json")
    assert code == 0 and "encoding the collection's items anew" in told
    assert json.loads(out)["difference"]["words to pictures"]["R@1"]["value"] == 0


def test_evaluate_without_a_collection(run):
    code, _, told = run("evaluate", "--collection", "none")
    assert code == 1 and "no collection" in told and "Traceback" not in told


def test_pairs_as_people_type_it(run, library, tmp_path):
    ids = {item.payload["names"][0]: (item.id, item.payload) for item in library.store.scan()}
    log = FeedbackLog(library)
    log.record(Asked("red"), *ids["IMG_0001.png"], 1)
    log.record(Asked("red"), *ids["blue.png"], -1)
    path = tmp_path / "mine.jsonl"
    code, out, _ = run("pairs", "--out", str(path))
    assert code == 0 and out.startswith("9 pairs of 9 items are in")
    pairs = read_pairs([path])
    assert pairs.refused == () and len(pairs.pairs) == 9
    assert pairs.pairs[0].negatives == (ids["blue.png"][0],) and pairs.pairs[0].query == "red"
    assert json.loads(run("pairs", "--out", str(path), "--json")[1])["pairs"] == 9


def test_pairs_that_cannot_be_written(run, tmp_path):
    for out, said in ((tmp_path / "pairs.csv", "ends with .jsonl"), (tmp_path / "no" / "pairs.jsonl", "cannot be written")):
        code, _, told = run("pairs", "--out", str(out))
        assert code == 1 and said in told
    assert run("pairs", "--out", str(tmp_path / "p.jsonl"), "--collection", "none")[0] == 1
