"""What networks in int8 are calibrated with and held to: drawings that the recipe held out, photographs."""

import json
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.evaluation.metrics import recall_at
from encoders.evaluation.ranking import rank
from encoders.picture import prepare
from encoders.recipe.classes import class_synsets, class_texts
from encoders.recipe.drawings import Drawing, captions_of, full_caption, render
from encoders.recipe.material import gather
from encoders.starter_tower import PICTURE_SPEC, plan_minilm
from encoders.vectors import Vectors

__all__ = ["Int8Material", "read_material", "recalls"]

_CALIBRATION_DRAWINGS, _CAPTIONS = 200, 1000


@dataclass(frozen=True)
class Int8Material:
    """Tests, and what calibrates: no picture or caption is in both."""

    pictures: dict[str, NDArray[np.uint8]]  # name of a test -> (n, 260, 260, 3)
    queries: dict[str, list[str]]  # name of a test -> a text for each picture
    calibration: NDArray[np.uint8]  # (n, 260, 260, 3): drawings that the bridge was trained on, and other photographs
    captions: list[str]  # of drawings that the bridge was trained on


def read_material(work: Path, recipe: Path, photographs: Path) -> Int8Material:
    """Make it from the recipe's folder and photographs named SYNSET_anything, or read what `work` keeps of it."""
    place = work / "int8-material.npz"
    if not place.is_file():
        _write(place, recipe, photographs)
    queries: dict[str, list[str]] = json.loads(place.with_suffix(".json").read_text(encoding="utf-8"))
    captions = queries.pop("captions")
    with np.load(place) as kept:
        return Int8Material({name: kept[name] for name in queries}, queries, kept["calibration"], captions)


def _write(place: Path, recipe: Path, photographs: Path) -> None:
    dice = np.random.default_rng(0)
    material = gather(recipe, plan_minilm(), lambda *_: None)
    held = [material.clipart[at] for at in material.held_out.tolist()]
    kept = [one for one in material.emoji if one.key in material.held_out_emoji]
    emoji = [one for one in kept if one.source == kept[0].source]
    seen = [material.clipart[at] for at in dice.permutation(material.train).tolist()]
    names = dict(zip(class_synsets(), (texts[0] for texts in class_texts()), strict=True))
    files = [path for path in sorted(photographs.iterdir()) if path.name.partition("_")[0] in names]
    queries = {
        "clip art": [full_caption(one) for one in held],
        "emoji": [one.name for one in emoji],
        "photographs": [names[path.name.partition("_")[0]] for path in files[::4]],
        "captions": list(dict.fromkeys(text for one in seen for text in captions_of(one)))[:_CAPTIONS],
    }
    arrays = {
        "clip art": _drawn(held),
        "emoji": _drawn(emoji),
        "photographs": _opened(files[::4]),
        "calibration": np.concatenate([_drawn(seen[:_CALIBRATION_DRAWINGS]), _opened(files[2::8])]),
    }
    place.with_suffix(".json").write_text(json.dumps(queries), encoding="utf-8")
    half = place.with_suffix(".half.npz")
    np.savez(half, **arrays)  # type: ignore[arg-type]  # its stubs take the names for options
    half.rename(place)


def recalls(queries: Vectors, pictures: Vectors, names: list[str]) -> dict[str, float]:
    """R@1 and R@10 in percent; pictures of one name are all right answers to it.

    >>> recalls(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), ["a cat", "a dog"])
    {'R@1': 100.0, 'R@10': 100.0}
    """
    same = defaultdict(list)
    for place, name in enumerate(names):
        same[name].append(place)
    ranking = rank(queries, pictures, [same[name] for name in names])
    return {f"R@{k}": round(100 * recall_at(ranking, k), 2) for k in (1, 10)}


def _drawn(drawings: list[Drawing]) -> NDArray[np.uint8]:
    return np.stack([prepare(render(one), PICTURE_SPEC) for one in drawings])


def _opened(files: list[Path]) -> NDArray[np.uint8]:
    return np.stack([prepare(Image.open(path).convert("RGB"), PICTURE_SPEC) for path in files])
