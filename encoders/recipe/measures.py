"""How good a bridge is: text to picture, on drawings that training held out and on photographs that nobody trained on."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from encoders.bridge import Bridge
from encoders.errors import InputError
from encoders.recipe.classes import class_synsets, class_texts
from encoders.recipe.drawings import full_caption
from encoders.recipe.features import compute_photographs
from encoders.recipe.kept import through_last
from encoders.recipe.material import Material, Texts, staged_network
from encoders.stages import CLASSES, SEEN, LastStage
from encoders.starter_tower import PICTURE_SPEC
from encoders.vectors import Vectors

__all__ = ["RetrievalTest", "find_score_ranges", "gather_tests", "measure"]

_RANKS = (1, 5, 10)


@dataclass(frozen=True)
class RetrievalTest:
    """Pictures, and for each a text that asks for it."""

    name: str
    features: NDArray[np.float16]  # (n, KEPT)
    queries: Sequence[str]  # (n,): pictures of one query are all right answers to it


def gather_tests(material: Material, folder: Path, photographs: Path | None = None) -> list[RetrievalTest]:
    """Everything that was held out. `photographs`: a folder of pictures named SYNSET_anything, as ImageNet's are."""
    held = [material.clipart[place] for place in material.held_out.tolist()]
    rows = material.clipart_features[material.held_out, 0]
    places = [place for place, one in enumerate(material.emoji) if one.key in material.held_out_emoji]
    first = [place for place in places if material.emoji[place].source == material.emoji[places[0]].source]
    names = [material.emoji[place].name for place in first]
    tests = [
        RetrievalTest("held-out clip art by title", rows, [one.name or full_caption(one) for one in held]),
        RetrievalTest("held-out clip art by title and keywords", rows, [full_caption(one) for one in held]),
        RetrievalTest("held-out emoji by name", material.emoji_features[first, 0], names),
    ]
    if photographs is not None:
        files, classes = _named_photographs(photographs)
        kept = folder / "features" / "photographs.npy"
        features = compute_photographs(files, staged_network(folder / "networks"), PICTURE_SPEC, kept)
        tests.append(RetrievalTest("photographs by class name", features, classes))
    return tests


def measure(bridge: Bridge, last: LastStage, tests: Sequence[RetrievalTest], texts: Texts) -> dict[str, Any]:
    """Name of a test -> number of pictures, and text to picture R@1, 5 and 10 of the bridge and of ConSE alone."""
    results = {}
    for test in tests:
        asked = texts.of(test.queries)
        results[test.name] = {
            "pictures": len(test.queries),
            "bridge": _recalls(asked, _through(bridge, last, test.features), test.queries),
            "ConSE": _recalls(asked, _conse(bridge, test.features), test.queries),
        }
    return results


def find_score_ranges(
    bridge: Bridge, last: LastStage, material: Material, tests: Sequence[RetrievalTest]
) -> dict[str, tuple[float, float]]:
    """Pair of modalities -> median cosine of unrelated pairs, and what a quarter of the right ones reach.

    Texts and pictures are the tests'. Two drawings of one held-out emoji are a clear match of pictures.
    """
    pairs = [(material.texts.of(test.queries), _through(bridge, last, test.features)) for test in tests]
    texts, pictures = (np.concatenate(side) for side in zip(*pairs, strict=True))
    by_key = defaultdict(list)
    for place, emoji in enumerate(material.emoji):
        if emoji.key in material.held_out_emoji:
            by_key[emoji.key].append(place)
    both = np.array([places[:2] for places in by_key.values() if len(places) > 1])
    left, right = (_through(bridge, last, material.emoji_features[both[:, side], 0]) for side in (0, 1))
    return {
        "text to image": _span(texts, pictures),
        "image to text": _span(pictures, texts),
        "image to image": _span(left, right),
    }


def _span(queries: Vectors, right: Vectors) -> tuple[float, float]:
    wrong = np.roll(right, len(right) // 3, axis=0)
    unrelated, related = ((queries * others).sum(1) for others in (wrong, right))
    return round(float(np.median(unrelated)), 3), round(float(np.percentile(related, 75)), 3)


@torch.inference_mode()
def _through(bridge: Bridge, last: LastStage, features: NDArray[np.float16]) -> Vectors:
    vectors: Vectors = bridge(torch.from_numpy(through_last(features, last))).numpy()
    return vectors


@torch.inference_mode()
def _conse(bridge: Bridge, features: NDArray[np.float16]) -> Vectors:
    logits = torch.from_numpy(features[:, SEEN - CLASSES : SEEN].astype(np.float32))
    vectors: Vectors = functional.normalize(bridge.conse(logits), dim=-1).numpy()
    return vectors


def _recalls(queries: Vectors, pictures: Vectors, names: Sequence[str]) -> dict[str, float]:
    """Pictures of one name are all right answers to it. Ties count half."""
    same = defaultdict(list)
    for place, name in enumerate(names):
        same[name].append(place)
    scores = queries @ pictures.T
    best = np.array([row[same[name]].max() for row, name in zip(scores, names, strict=True)])[:, None]
    ranks = 1 + (scores > best).sum(1) + ((scores == best).sum(1) - 1) / 2
    return {f"R@{k}": round(float((ranks <= k).mean()), 3) for k in _RANKS}


def _named_photographs(folder: Path) -> tuple[list[Path], list[str]]:
    names = dict(zip(class_synsets(), (texts[0] for texts in class_texts()), strict=True))
    files = [path for path in sorted(folder.iterdir()) if path.name.partition("_")[0] in names]
    if not files:
        raise InputError(f"{folder} holds no pictures named SYNSET_anything, like n01440764_tench.jpeg")
    return files, [names[path.name.partition("_")[0]] for path in files]
