"""Perceptual hashes: near for copies of a picture, far for other pictures, none where there is nothing to see."""

import io
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from encoders.picture import PictureSpec
from indexer.limits import Limits
from indexer.loaders import load
from indexer.phash import ALIKE, SAME_TINT, hash_distance, mean_tint, perceptual_hash

NAMES = ("astronaut", "brick", "camera", "cell", "chelsea", "chessboard_GRAY", "clock_motion", "coffee", "coins", "color",
         "horse", "moon", "motorcycle_left", "page", "text")  # fmt: skip


def again(image, quality, share=1.0):
    out = io.BytesIO()
    image.resize((round(image.width * share), round(image.height * share))).save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.fixture(scope="module")
def photographs():
    folder = Path(skimage.__file__).parent / "data"
    return {name: Image.open(folder / f"{name}.png").convert("RGB") for name in NAMES}


@pytest.fixture(scope="module")
def hashed(tmp_path_factory):
    path = tmp_path_factory.mktemp("hashed") / "a.jpg"

    def hashed(data):
        path.write_bytes(data)
        return load(path, picture_spec=PictureSpec(64), passage_tokens=10, limits=Limits()).payload.get("phash")

    return hashed


def test_copies_are_near_and_others_are_far(photographs, hashed):
    originals = {name: hashed(again(image, 95)) for name, image in photographs.items()}
    assert all(len(phash) == 16 for phash in originals.values())
    for quality, share in ((20, 1.0), (40, 0.5), (80, 0.4), (90, 2.0)):
        for name, image in photographs.items():
            copy = hashed(again(image, quality, share))
            assert hash_distance(originals[name], copy) <= ALIKE, (name, quality, share)
    for one, other in combinations(originals, 2):
        assert hash_distance(originals[one], originals[other]) >= 16, (one, other)


def test_a_narrow_crop_is_still_nearer_than_anything_else(photographs):
    for name, image in photographs.items():
        width, height = image.size
        crop = image.crop((width // 100, height // 100, width - width // 100, height - height // 100))
        assert hash_distance(perceptual_hash(image), perceptual_hash(crop)) < 16, name


def test_a_picture_of_one_colour_has_none(hashed):
    assert hashed(again(Image.new("RGB", (80, 60), "teal"), 90)) is None
    noise = np.random.default_rng(1).integers(120, 124, (60, 80, 3)).astype(np.uint8)
    assert perceptual_hash(Image.fromarray(noise)) is None
    assert perceptual_hash(Image.new("RGB", (1, 1))) is None


def test_the_tint_tells_colours_apart_and_stays_in_copies():
    from PIL import Image, ImageDraw, ImageEnhance

    def ball(colour):
        drawn = Image.new("RGB", (400, 300), "white")
        ImageDraw.Draw(drawn).ellipse((120, 70, 280, 230), fill=colour)
        return drawn

    red = ball("red")
    assert perceptual_hash(red) is not None
    for copy in (red.resize((100, 75)), ImageEnhance.Brightness(red).enhance(0.9)):
        assert max(abs(a - b) for a, b in zip(mean_tint(red), mean_tint(copy), strict=True)) <= SAME_TINT
    for other in (ball("green"), ball("blue"), red.convert("L").convert("RGB")):
        assert max(abs(a - b) for a, b in zip(mean_tint(red), mean_tint(other), strict=True)) > SAME_TINT
