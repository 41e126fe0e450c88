"""Nouns of WordNet: what the multilingual text network is taught English by, beside captions. Texts alone, no pictures."""

from pathlib import Path

import numpy as np

from encoders.recipe.packages import Package, fetch_package

__all__ = ["WORDNET", "read_nouns"]

WORDNET = Package(
    "wordnet-base", "debian", "1:3.0-37", "61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752", "WordNet 3.0"
)

_SINGLE, _COMPOUND = 45_000, 15_000  # of 53,000 and 58,000 that are made of letters
_SEED = 0


def read_nouns(folder: Path) -> list[str]:
    """Nouns of one word and of several, drawn at random: the same every time."""
    lines = (fetch_package(WORDNET, folder) / "usr/share/wordnet/index.noun").read_text(encoding="utf-8").splitlines()
    nouns = [line.split(" ")[0].replace("_", " ") for line in lines if not line.startswith(" ")]  # a blank begins the licence
    nouns = sorted({noun for noun in nouns if noun.replace(" ", "").replace("-", "").isalpha()})
    sides = [noun for noun in nouns if " " not in noun], [noun for noun in nouns if " " in noun]
    rng = np.random.default_rng(_SEED)
    picked = [rng.permutation(side)[:count].tolist() for side, count in zip(sides, (_SINGLE, _COMPOUND), strict=True)]
    return [*picked[0], *picked[1]]
