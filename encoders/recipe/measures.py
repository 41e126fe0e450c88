"""How good a bridge is: text to picture, on drawings that training held out and on photographs that nobody trained on."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from encoders.bridge import DRAWN, Bridge
from encoders.errors import InputError
from encoders.recipe.classes import class_synsets, class_texts
from encoders.recipe.drawings import full_caption
from encoders.recipe.features import compute_photographs
from encoders.recipe.material import Material, staged_network
from encoders.starter_tower import PICTURE_SPEC
from encoders.vectors import Vectors

__all__ = ["measure"]

_RANKS = (1, 5, 10)


def measure(bridge: Bridge, material: Material, folder: Path, photographs: Path | None = None) -> dict[str, Any]:
    """Name of a test -> number of pictures, and R@1, 5 and 10 of the bridge and of ConSE alone.

    `photographs`: a folder of pictures named SYNSET_anything, as ImageNet's are (n01440764_tench.jpeg).
    """
    tests: dict[str, tuple[NDArray[np.float16], list[str]]] = {}
    held = [material.clipart[place] for place in material.held_out]
    rows = material.clipart_features[material.held_out, 0]
    tests["held-out clip art by title"] = rows, [one.name or full_caption(one) for one in held]
    tests["held-out clip art by title and keywords"] = rows, [full_caption(one) for one in held]
    places = [place for place, one in enumerate(material.emoji) if one.key in material.held_out_emoji]
    first = [place for place in places if material.emoji[place].source == material.emoji[places[0]].source]
    tests["held-out emoji by name"] = material.emoji_features[first, 0], [material.emoji[place].name for place in first]
    if photographs is not None:
        files, names = _named_photographs(photographs)
        features = compute_photographs(
            files, staged_network(folder / "networks"), PICTURE_SPEC, folder / "features" / "photographs.npy"
        )
        tests["photographs by class name"] = features, names
    results = {}
    for name, (features, queries) in tests.items():
        asked = material.texts.of(queries)
        results[name] = {
            "pictures": len(queries),
            "bridge": _recalls(asked, _through(bridge, features), queries),
            "ConSE": _recalls(asked, _conse(bridge, features), queries),
        }
    return results


@torch.inference_mode()
def _through(bridge: Bridge, features: NDArray[np.float16]) -> Vectors:
    vectors: Vectors = bridge(torch.from_numpy(features.astype(np.float32))).numpy()
    return vectors


@torch.inference_mode()
def _conse(bridge: Bridge, features: NDArray[np.float16]) -> Vectors:
    logits = torch.from_numpy(features[:, DRAWN:].astype(np.float32))
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
