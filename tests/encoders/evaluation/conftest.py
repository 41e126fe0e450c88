"""What the tests of evaluation share: pairs of words and coloured pictures, and dual encoders to measure on them."""

import pytest

from encoders.dual import DualEncoder
from encoders.picture import PictureSpec
from encoders.towers import PictureTower, TextTower
from encoders.training.pairs import Pair, PairSet

from tiny import CARD, DIMENSION, _all_at_once, _Colours, _Words


@pytest.fixture
def build_encoder():
    """A dual encoder of the tiny towers; each network may be replaced, and sides left out."""

    def build(words=None, colours=None, query=("text", "image"), candidate=("text", "image"), apart=False):
        text, image = words or _Words(), colours or _Colours()

        def towers(modalities, side):
            mark = side if apart else ""
            every = {
                "text": TextTower(text, _all_at_once, DIMENSION, f"words{mark}", max_tokens=200),
                "image": PictureTower(image, PictureSpec(16), DIMENSION, f"colours{mark}"),
            }
            return {modality: every[modality] for modality in modalities}

        return DualEncoder(CARD, towers(query, "query"), towers(candidate, "candidate"))

    return build


@pytest.fixture
def colours(tmp_path, write_picture):
    """Six pictures, each with its colour as a caption."""
    names = ("red", "green", "blue", "yellow", "white", "black")
    return PairSet("colours", tuple(Pair(name, write_picture(tmp_path / f"{name}.png", name), name) for name in names))


@pytest.fixture
def text_only(build_encoder):
    return build_encoder(query=("text",), candidate=("text",))
