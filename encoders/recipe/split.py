"""Which drawings are held out: whole groups of look-alikes and namesakes, so that nothing of them was seen in training."""

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from encoders.recipe.drawings import Drawing
from encoders.vectors import unit_rows

__all__ = ["group_drawings", "hold_out"]

_ALIKE = 0.97  # cosine of centred features above which two drawings count as one
_LARGEST = 10  # groups larger than this (series of stars, playing cards, flags) stay in training
_CHUNK = 1000


def group_drawings(drawings: Sequence[Drawing], features: NDArray[np.float16]) -> NDArray[np.int64]:
    """(n,) int64: equal numbers for drawings of one name, or of nearly equal features (n, f)."""
    parents = list(range(len(drawings)))

    def root(place: int) -> int:
        while parents[place] != place:
            parents[place] = parents[parents[place]]
            place = parents[place]
        return place

    first: dict[str, int] = {}
    for place, drawing in enumerate(drawings):
        name = re.sub(r"[^a-z ]", "", drawing.name).strip() or drawing.key
        parents[root(place)] = root(first.setdefault(name, place))
    rows = features.astype(np.float32)
    rows = unit_rows(rows - rows.mean(axis=0) + 1e-9)
    for start in range(0, len(rows), _CHUNK):
        for one, other in zip(*np.nonzero(rows[start : start + _CHUNK] @ rows.T > _ALIKE), strict=True):
            if start + one < other:
                parents[root(start + int(one))] = root(int(other))
    return np.array([root(place) for place in range(len(drawings))])


def hold_out(groups: NDArray[np.int64], wanted: int, seed: int = 0) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n,) group numbers -> places for training, places held out: whole groups, `wanted` drawings, drawn by `seed`.

    >>> hold_out(np.array([4, 4, 7, 8]), wanted=2, seed=1)
    (array([2, 3]), array([0, 1]))
    """
    members = defaultdict(list)
    for place, group in enumerate(groups.tolist()):
        members[group].append(place)
    order = sorted(members)
    np.random.default_rng(seed).shuffle(order)
    held: list[int] = []
    for group in order:
        if len(held) < wanted and len(members[group]) <= _LARGEST:
            held += members[group]
    away = set(held)
    train = [place for place in range(len(groups)) if place not in away]
    return np.array(train), np.array(sorted(held[:wanted]))
