"""Heat lies where the answer is, whatever the tower, and where the picture is not square."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from encoders.dual import DualEncoder
from encoders.errors import InputError, LibraryError
from encoders.picture import PictureSpec
from encoders.towers import PictureTower
from search import open_library
from search.heat import heat_map, overlay

from tiny import CARD, tiny_encoder

RED, BLUE = (220, 30, 30), (30, 60, 220)


class _MeanColour:
    about = "numpy, for tests"

    def __call__(self, pixels):
        return pixels.reshape(len(pixels), -1, 3).mean(axis=1)


def colour_encoder():
    towers = {"image": PictureTower(_MeanColour(), PictureSpec(32, "squash"), 3, "mean-colour")}
    return DualEncoder(replace(CARD, dimension=3, modalities=("image",)), towers, towers)


def halves(size=(80, 40), left=RED, right=BLUE):
    picture = Image.new("RGB", size, right)
    picture.paste(left, (0, 0, size[0] // 2, size[1]))
    return picture


def test_the_red_half_answers_red_and_the_blue_half_blue():
    for axis, hot in ((0, "left"), (2, "right")):
        heat = heat_map(colour_encoder(), halves(), np.eye(3, dtype=np.float32)[axis])
        assert heat.shape == (40, 80) and heat.dtype == np.float32 and heat.min() >= 0 and heat.max() <= 1
        left, right = heat[:, :30].mean(), heat[:, 50:].mean()
        assert (left > 0.5 > 0.05 > right) if hot == "left" else (right > 0.5 > 0.05 > left)


def test_a_picture_of_one_colour_is_cold_everywhere():
    assert not heat_map(colour_encoder(), halves(right=RED), np.eye(3, dtype=np.float32)[0]).any()


def test_the_picture_glows_where_it_is_hot_and_is_dimmed_where_it_is_cold():
    heat = np.zeros((40, 80), np.float32)
    heat[:, :40] = 1
    shown = np.asarray(Image.open(io.BytesIO(overlay(Image.new("RGB", (80, 40), (0, 0, 200)), heat)))).astype(int)
    assert (shown[0, 0] == (166, 62, 70)).all() and (shown[0, 79] == (0, 0, 130)).all()
    with pytest.raises(InputError, match="does not cover"):
        overlay(Image.new("RGB", (80, 40)), heat.T)


def test_what_has_no_regions_is_refused():
    with pytest.raises(InputError, match="at least 3 cells"):
        heat_map(colour_encoder(), halves(), np.eye(3, dtype=np.float32)[0], cells=2)
    with pytest.raises(InputError, match="at least 7 pixels"):
        heat_map(colour_encoder(), halves((6, 6)), np.eye(3, dtype=np.float32)[0])


def test_a_library_shows_the_heat_of_a_hit(home, files):
    with open_library(home, encoder=tiny_encoder()) as library:
        library.add([files], workers=1)
        hit = library.search("red", limit=1)[0]
        shown = Image.open(io.BytesIO(library.heat("red", hit)))
        assert shown.format == "PNG" and shown.size == (40, 30) and library.heat("red", hit.id) == library.heat("red", hit)
        with pytest.raises(LibraryError, match=r"harbour\.txt is no picture"):
            library.heat("harbour", library.search("harbour", kind="document", limit=1)[0])


def test_the_default_model_looks_at_the_cat_and_not_at_the_wall(starter):
    """A photograph of a cat on one side of a plain picture: the other side does not answer."""
    from pathlib import Path

    import skimage

    cat = Image.open(Path(skimage.__file__).parent / "data" / "chelsea.png").convert("RGB").resize((150, 100))
    picture = Image.new("RGB", (300, 200), (236, 236, 230))
    ImageDraw.Draw(picture).rectangle((180, 120, 270, 180), fill=(60, 90, 160))
    picture.paste(cat, (10, 20))
    heat = heat_map(starter, picture, starter.encode_query(text="a cat"))
    assert heat[20:120, 10:160].mean() > 3 * heat[120:180, 180:270].mean()
