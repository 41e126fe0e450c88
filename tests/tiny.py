"""A tiny dual encoder with real meaning: words hash to directions, and a picture is the word for its colour.

"red" finds red pictures and passages that hold the word red. It loads in no time and needs no weights, so that tests of
everything above the towers run on the real pipeline, the real store and real files.
"""

import hashlib
import re
from dataclasses import replace

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


class _Turned:
    """Another network in place of one: the same answers, turned, so that its vectors and those of the first are strangers."""

    about = "numpy, for tests"

    def __init__(self, network, version):
        self._network = network
        seed = np.random.default_rng(list(version.encode()))
        self._turn = np.eye(DIMENSION, dtype=np.float32)[seed.permutation(DIMENSION)]

    def __call__(self, *arrays):
        return self._network(*arrays) @ self._turn


def tiny_encoder(version="1", query=None, card="tiny"):
    """`version` changes the candidate towers, as retraining would; `query` the query tower of texts alone.

    Every version but "1" turns the space, so that words of one version find nothing in vectors of another.
    """
    words = _Words() if version == "1" else _Turned(_Words(), version)
    colours = _Colours() if version == "1" else _Turned(_Colours(), version)
    candidates = {
        "text": TextTower(words, _all_at_once, DIMENSION, f"tiny-words-{version}", max_tokens=200),
        "image": PictureTower(colours, PictureSpec(16), DIMENSION, f"tiny-colours-{version}"),
    }
    queries = candidates
    if query is not None:
        queries = {
            "text": TextTower(words, _all_at_once, DIMENSION, f"tiny-words-{version}-{query}", 200, prompt=f"{query} "),
            "image": candidates["image"],
        }
    return DualEncoder(replace(CARD, id=card), queries, candidates)


def tiny_models():
    """Cards to choose from: what a test puts in the place of `load_encoder`, as `tiny_models().__getitem__`."""
    return {
        "tiny": tiny_encoder(),
        "tiny:asks": tiny_encoder(query="please", card="tiny:asks"),
        "tiny:2": tiny_encoder("2", card="tiny:2"),
        "tiny:3": tiny_encoder("3", card="tiny:3"),
    }
