"""A second look: the best 50 in a new order, in one list with the rest, and never for a space it was not trained for."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from encoders.errors import ModelError
from encoders.interaction import INTERACTION, save_interaction
from encoders.training.reranker import InteractionLayer
from indexer.store.base import FusedItem
from search import open_library
from search.__main__ import main
from search.rerank import DEPTH, Asking, look_again, open_rerankers

from tiny import COLOURS, DIMENSION, tiny_encoder

PRINTS = {"text": "tiny-words-1"}, {"image": "tiny-colours-1"}


class Backwards:
    """Says of every item that it should have stood where its mirror image stood."""

    def gains(self, question, items):
        return {item.id: 2 * (items[len(items) - 1 - place].score - item.score) for place, item in enumerate(items)}


class One:
    """Knows one item only."""

    def __init__(self, name, gain):
        self._name, self._gain = name, gain

    def gains(self, question, items):
        return {item.id: self._gain for item in items if item.id == self._name}


def pool(count):
    return [FusedItem(f"{place:03}", 5.0 - place / 10, {"modality": "image"}, 0.5, 0.0) for place in range(count)]


def save(folder, prints=PRINTS, trained=True):
    torch.manual_seed(0)
    layer = InteractionLayer(DIMENSION, 16)
    for parameter in layer.parameters() if trained else ():
        torch.nn.init.normal_(parameter, std=0.3)
    folder.mkdir(exist_ok=True)
    save_interaction(layer.frozen(1.0, *prints), folder / INTERACTION)
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    for place in range(60):
        noise = np.random.default_rng(place).integers(-4, 5, (30, 40, 3))
        colour = np.array(list(COLOURS.values())[place % 3])
        Image.fromarray(np.clip(colour + noise, 0, 255).astype(np.uint8)).save(folder / f"{place:02}.png")
    return folder


@pytest.fixture(scope="module")
def library(pictures, tmp_path_factory):
    with open_library(tmp_path_factory.mktemp("home"), encoder=tiny_encoder()) as opened:
        opened.add([pictures], workers=1)
        yield opened


QUESTION = Asking(None, np.zeros(2, np.float32), "text", "", {})  # type: ignore[arg-type]


def test_only_the_first_are_looked_at_and_the_rest_stays_below():
    before = pool(DEPTH + 10)
    after, gains = look_again(before, [Backwards()], QUESTION)
    assert [item.id for item in after[:DEPTH]] == [item.id for item in reversed(before[:DEPTH])]
    assert after[DEPTH:] == before[DEPTH:]
    assert set(gains) == {item.id for item in before[:DEPTH]}
    scores = [item.score for item in after]
    assert scores == sorted(scores, reverse=True)


def test_an_item_that_loses_much_falls_to_the_last_place_that_was_looked_at_and_not_below():
    after, _ = look_again(pool(DEPTH + 10), [One("000", -100.0)], QUESTION)
    assert after[DEPTH - 1].id == "000"
    assert after[DEPTH - 1].score == after[DEPTH].score
    alone, _ = look_again(pool(1), [One("000", -100.0)], QUESTION)
    assert alone[0].score == -95.0, "where nothing stands below, nothing holds it up"
    assert look_again([], [One("000", 1.0)], QUESTION) == ([], {})


def test_of_two_the_first_speaks():
    _, gains = look_again(pool(3), [One("001", 7.0), Backwards()], QUESTION)
    assert gains["001"] == 7.0
    assert set(gains) == {"000", "001", "002"}


def test_an_untrained_layer_answers_as_none_does(library, tmp_path):
    plain, again = (library.search("red", limit=60, rerank=one) for one in (None, save(tmp_path / "layer", trained=False)))
    assert [(hit.id, hit.relevance, hit.reasons) for hit in again] == [(hit.id, hit.relevance, hit.reasons) for hit in plain]


def test_pages_are_parts_of_one_reranked_list(library, tmp_path):
    folder = save(tmp_path / "layer")
    plain, whole = library.search("red", limit=60), library.search("red", limit=60, rerank=str(folder))
    assert [hit.id for hit in whole] != [hit.id for hit in plain]
    assert {hit.id for hit in whole[:DEPTH]} == {hit.id for hit in plain[:DEPTH]}
    assert [hit.id for hit in whole[DEPTH:]] == [hit.id for hit in plain[DEPTH:]]
    pages = [hit for offset in range(0, 60, 7) for hit in library.search("red", limit=7, offset=offset, rerank=folder)]
    assert [(hit.id, hit.rank, hit.relevance) for hit in pages] == [(hit.id, hit.rank, hit.relevance) for hit in whole]
    assert [hit.relevance for hit in whole] == sorted((hit.relevance for hit in whole), reverse=True)
    told = [reason for hit in whole for reason in hit.reasons if reason.signal == "second look"]
    assert told
    assert all("looked at again" in reason.text for reason in told)


def test_a_query_that_it_was_not_trained_on_is_left_alone(library, pictures, tmp_path):
    folder = save(tmp_path / "layer")
    for query in ({"text": "red", "not_text": ["blue"]}, {"image": pictures / "00.png"}):
        plain, again = (library.search(**query, limit=60, rerank=one) for one in (None, folder))
        assert [hit.id for hit in again] == [hit.id for hit in plain]


def test_another_model_s_layer_is_refused(library, tmp_path):
    folder = save(tmp_path / "layer", ({"text": "tiny-words-1"}, {"image": "other-colours"}))
    with pytest.raises(ModelError, match="fingerprint other-colours, and this collection has tiny-colours-1"):
        library.search("red", rerank=folder)


def test_a_folder_that_holds_neither_kind_is_refused(tmp_path):
    with pytest.raises(ModelError, match="no cross-encoder"):
        open_rerankers(tmp_path)
    assert open_rerankers(None) == ()


def test_a_cross_encoder_looks_at_passages_alone(home, encoder, files, monkeypatch):
    class Reader:
        def log_odds(self, query, passages):
            assert query == "red"
            return np.array([8.0 if "blue" in passage else -8.0 for passage in passages], np.float32)

    monkeypatch.setattr("encoders.cross_encoder.load_cross_encoder", lambda name: Reader())
    with open_library(home, encoder=encoder) as library:
        library.add([files], workers=1)
        plain, again = (library.search("red", limit=20, rerank=one) for one in (None, "a-cross-encoder-of-this-test"))
    before, after = ({hit.id: hit.relevance for hit in hits} for hits in (plain, again))
    kinds = {hit.id: hit.kind for hit in plain}
    moved = {kinds[name] for name in before if before[name] != after[name]}
    assert moved == {"document"}


def test_the_command_line_takes_a_reranker(library, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("search.engine.open_library", lambda *given, **options: library)
    assert main(["red", "--rerank", str(save(tmp_path / "layer")), "--json", "-n", "60"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert any(reason["signal"] == "second look" for hit in found for reason in hit["reasons"])
