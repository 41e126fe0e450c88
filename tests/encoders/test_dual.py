import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from encoders import find_card
from encoders.dual import DualEncoder
from encoders.errors import InputError, ModelError
from encoders.picture import PictureSpec
from encoders.plans import LateNetwork
from encoders.runtime import Network
from encoders.towers import PictureTower, TextTower

RED, GREEN = (200, 0, 0), (0, 200, 0)


def words(texts):
    """A tokenizer for towers of three dimensions: how often red, green and blue are named."""
    for place, text in enumerate(texts):
        yield [place], (np.array([[text.count(name) for name in ("red", "green", "blue")]], np.float32),)


def text_tower(mark="text-1"):
    return TextTower(Network(lambda arrays: arrays[0] + 1e-3, "numpy"), words, 3, mark, max_tokens=8)


def picture_tower(mark="image-1"):
    network = Network(lambda arrays: arrays[0].mean((1, 2)).astype(np.float32) + 1e-3, "numpy")
    return PictureTower(network, PictureSpec(4), 3, mark)


@pytest.fixture
def encoder():
    towers = {"text": text_tower(), "image": picture_tower()}
    return DualEncoder(find_card("starter"), towers, towers)


def pixels(colour):
    return np.full((4, 4, 3), colour, np.uint8)


def test_words_and_pictures_share_one_space(encoder):
    candidates = encoder.encode_candidates("image", [pixels(RED), pixels(GREEN)])
    assert candidates.shape == (2, 3)
    assert candidates.dtype == np.float32
    assert np.argmax(candidates @ encoder.encode_query("a green field")) == 1
    assert np.argmax(candidates @ encoder.encode_query(image=Image.new("RGB", (9, 6), RED))) == 0


def test_text_and_picture_together_lie_between_them(encoder):
    both = encoder.encode_query("green", Image.new("RGB", (4, 4), RED))
    assert both == pytest.approx([0.7071, 0.7071, 0], abs=0.01)
    assert np.linalg.norm(both) == pytest.approx(1)


def test_order_is_kept_across_batches(encoder):
    colours = [RED, GREEN] * 11
    vectors = encoder.encode_candidates("image", [pixels(colour) for colour in colours])
    assert (vectors.argmax(1) == [0, 1] * 11).all()


def test_nothing_gives_nothing(encoder):
    assert encoder.encode_candidates("text", []).shape == (0, 3)


@pytest.mark.parametrize("text", ["", " \n\t\u2003"])
def test_empty_texts_are_refused(encoder, text):
    with pytest.raises(InputError, match="empty"):
        encoder.encode_query(text)
    with pytest.raises(InputError, match="text 1 is empty"):
        encoder.encode_candidates("text", ["red", text])


def test_no_query_at_all_is_refused(encoder):
    with pytest.raises(InputError, match="a text or a picture"):
        encoder.encode_query()


@pytest.mark.parametrize("size", [(0, 5), (5, 0)])
def test_pictures_without_pixels_are_refused(encoder, size):
    with pytest.raises(InputError, match="no pixels"):
        encoder.encode_query(image=Image.new("RGB", size))
    with pytest.raises(InputError, match="picture 0 has no pixels"):
        encoder.encode_candidates("image", [np.zeros((*size, 3), np.uint8)])


@pytest.mark.parametrize("array", [np.zeros((4, 5, 3), np.uint8), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_wrong_arrays_are_refused_with_what_came_and_what_must(encoder, array):
    with pytest.raises(InputError, match=r"picture 0 must be \(4, 4, 3\) uint8.*got"):
        encoder.encode_candidates("image", [array])


def test_truncated_files_are_input_errors(encoder, tmp_path):
    file = tmp_path / "cut.png"
    Image.effect_noise((64, 64), 50).convert("RGB").save(file)
    file.write_bytes(file.read_bytes()[:900])
    with Image.open(file) as image, pytest.raises(InputError, match="cannot be decoded"):
        encoder.encode_query(image=image)


def test_texts_must_be_a_list_of_texts(encoder):
    with pytest.raises(InputError, match="list of texts"):
        encoder.encode_candidates("text", "red")
    with pytest.raises(InputError, match="text 0 is a int"):
        encoder.encode_candidates("text", [3])


def test_modality_that_a_model_lacks_is_named():
    encoder = DualEncoder(find_card("sbert:x"), {"text": text_tower()}, {"text": text_tower()})
    assert encoder.picture_spec is None
    with pytest.raises(InputError, match="sbert:x takes no image as candidates, only text"):
        encoder.encode_candidates("image", [pixels(RED)])
    with pytest.raises(InputError, match="takes no image as queries"):
        encoder.encode_query(image=Image.new("RGB", (4, 4)))


def test_new_query_tower_leaves_candidates_as_they_were(encoder):
    candidates = {"text": text_tower(), "image": picture_tower()}
    retrained = DualEncoder(find_card("starter"), {"text": text_tower("text-2")}, candidates)
    assert retrained.query_fingerprints == {"text": "text-2"}
    assert retrained.candidate_fingerprints == encoder.candidate_fingerprints == {"text": "text-1", "image": "image-1"}


def test_towers_must_fit_together():
    wide = TextTower(Network(lambda arrays: arrays[0], "numpy"), words, 4, "text-1", max_tokens=8)
    with pytest.raises(ModelError, match=r"one dimension, got \[3, 4\]"):
        DualEncoder(find_card("starter"), {"text": wide}, {"image": picture_tower()})
    with pytest.raises(ModelError, match="a tower for text cannot stand for image"):
        DualEncoder(find_card("starter"), {"image": text_tower()}, {"image": picture_tower()})


def test_many_queries_at_once_are_those_of_one_by_one(encoder):
    texts = ["a red sky", "green", "blue and red"]
    together = encoder.encode_queries("text", texts)
    assert together.shape == (3, 3)
    assert np.array_equal(together, np.stack([encoder.encode_query(text) for text in texts]))
    assert encoder.query_picture_spec == encoder.picture_spec == PictureSpec(4)
    asked = encoder.encode_queries("image", [pixels(RED)])
    assert np.allclose(asked[0], encoder.encode_query(image=Image.new("RGB", (4, 4), RED)))
    assert encoder.encode_queries("text", []).shape == (0, 3)


def test_a_query_side_without_pictures_says_so():
    encoder = DualEncoder(find_card("starter"), {"text": text_tower()}, {"text": text_tower(), "image": picture_tower()})
    assert encoder.query_picture_spec is None
    with pytest.raises(InputError, match="takes no image as queries, only text"):
        encoder.encode_queries("image", [pixels(RED)])


def test_a_late_network_is_opened_by_the_first_who_needs_it_and_once():
    opened = []

    def open_it():
        opened.append(threading.get_ident())
        time.sleep(0.05)  # long enough for the others to arrive
        return Network(lambda arrays: arrays[0] + 1, "numpy")

    network = LateNetwork(open_it)
    assert opened == []
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(network, [np.float32([place]) for place in range(4)]))
    assert [answer.item() for answer in answers] == [1, 2, 3, 4]
    assert len(opened) == 1
    assert network.about == "numpy"


def test_a_late_network_that_cannot_be_opened_says_why_each_time():
    def open_it():
        raise ModelError("these weights are damaged")

    network = LateNetwork(open_it)
    for _ in range(2):
        with pytest.raises(ModelError, match="damaged"):
            network(np.zeros(1, np.float32))
