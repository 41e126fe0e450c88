"""A tiny dual encoder with real meaning: words hash to directions, and a picture is the word for its colour.

"red" finds red pictures and passages that hold the word red. It loads in no time and needs no weights, so that tests of
everything above the towers run on the real pipeline, the real store and real files.
"""

import hashlib
import re

import numpy as np

from encoders.cards import ModelCard
from encoders.dual import DualEncoder
from encoders.picture import PictureSpec
from encoders.towers import PictureTower, TextTower

DIMENSION = 64
COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 170, 50),
    "blue": (30, 60, 220),
    "yellow": (240, 220, 30),
    "white": (250, 250, 250),
    "black": (10, 10, 10),
}
_PALETTE = np.array(list(COLOURS.values()), dtype=np.float32)

CARD = ModelCard(
    id="tiny",
    title="Tiny",
    about="Words and colours, for tests.",
    towers={"text": "hashed words", "image": "the word for the mean colour"},
    dimension=DIMENSION,
    modalities=("text", "image"),
    languages=("en",),
    licence="MIT",
    size_mb=0,
    weights="none",
    quality={},
    score_ranges={(q, c): (0.0, 1.0) for q in ("text", "image") for c in ("text", "image")},
)


def word_vector(word):
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)


class _Words:
    about = "numpy, for tests"

    def __call__(self, texts):
        rows = []
        for text in texts:
            words = re.findall(r"\w+", text.lower()) or [text]
            rows.append(np.sum([word_vector(word) for word in words], axis=0))
        return np.array(rows, dtype=np.float32)


class _Colours:
    about = "numpy, for tests"

    def __call__(self, pixels):
        means = pixels.reshape(len(pixels), -1, 3).mean(axis=1)
        nearest = np.linalg.norm(means[:, None] - _PALETTE[None], axis=2).argmin(axis=1)
        words = [list(COLOURS)[place] for place in nearest]
        # A little of the exact colour keeps two reds apart.
        rows = np.array([word_vector(word) for word in words], dtype=np.float32)
        rows[:, :3] += means / 2550
        return rows


def _all_at_once(texts):
    yield list(range(len(texts))), (np.array(texts, dtype=object),)


def tiny_encoder(version="1"):
    """`version` changes the fingerprints of the candidate towers, as retraining would."""
    text = TextTower(_Words(), _all_at_once, DIMENSION, f"tiny-words-{version}", max_tokens=200)
    image = PictureTower(_Colours(), PictureSpec(16), DIMENSION, f"tiny-colours-{version}")
    towers = {"text": text, "image": image}
    return DualEncoder(CARD, towers, towers)
