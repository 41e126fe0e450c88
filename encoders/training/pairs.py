"""Pairs: what a training run and an evaluation are made of. A query, the item that answers it, and what is known of both.

>>> a, b = Pair("a red fox", "foxes.txt", "1"), Pair("a heron", "herons.txt", "2")
>>> train, held_out = PairSet("animals", (a, b)).split(0.5)
>>> len(train.pairs), len(held_out.pairs)
(1, 1)
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType

from encoders.errors import FileError, InputError

__all__ = ["Content", "Joined", "Pair", "PairSet", "Refused"]

Content = str | Path
"""A str is a text, a Path is a picture file."""


@dataclass(frozen=True)
class Pair:
    """A query and an item that answers it. Raises InputError for a weight that is none and for an empty id or text."""

    query: Content
    item: Content
    item_id: str  # equal ids are one item: never a negative of its own query
    weight: float = 1.0  # > 0: how much it counts beside the others
    group: str = ""  # pairs of one group stay on one side of a split; "": the item is a group of its own
    negatives: tuple[str, ...] = ()  # item_ids known to be wrong answers (mined or judged), hardest first

    def __post_init__(self) -> None:
        if not self.item_id:
            raise InputError(f"the pair of {str(self.query)!r} has an item without an id")
        if not (math.isfinite(self.weight) and self.weight > 0):
            raise InputError(f"the pair of {str(self.query)!r} has the weight {self.weight}; it must be a number above 0")
        for side, content in (("query", self.query), ("item", self.item)):
            if isinstance(content, str) and not content.strip():
                raise InputError(f"the {side} of the pair with the item {self.item_id!r} is an empty text")


@dataclass(frozen=True)
class Refused:
    """A row that could not become a pair."""

    where: str  # "captions.csv, line 12"
    why: str  # "the picture cat.jpg is not there"

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


@dataclass(frozen=True)
class PairSet:
    """Pairs in a fixed order, and the rows that were refused. Raises InputError when one id stands for two contents."""

    name: str
    pairs: tuple[Pair, ...]
    refused: tuple[Refused, ...] = ()

    def __post_init__(self) -> None:
        for pair in self.pairs:
            if self.items[pair.item_id] != pair.item:
                raise InputError(
                    f"the item id {pair.item_id!r} stands for {str(self.items[pair.item_id])!r} and for {str(pair.item)!r}"
                    f" in {self.name}; give every item an id of its own"
                )

    @cached_property
    def items(self) -> Mapping[str, Content]:
        """item_id -> content, in order of first appearance."""
        found: dict[str, Content] = {}
        for pair in self.pairs:
            found.setdefault(pair.item_id, pair.item)
        return MappingProxyType(found)

    @cached_property
    def fingerprint(self) -> str:
        """Hex, of everything training sees, in its order: contents, ids, weights, groups, negatives.

        Pictures count by their bytes, so moving the folder changes nothing. Raises FileError for one that is gone.
        """
        whole = hashlib.sha256()
        known: dict[Path, str] = {}
        for pair in self.pairs:
            sides = [_digest(content, known) for content in (pair.query, pair.item)]
            row = [*sides, pair.item_id, pair.weight, pair.group, pair.negatives]
            whole.update(json.dumps(row).encode() + b"\n")
        return whole.hexdigest()

    def split(self, held_out: float, seed: int = 0) -> tuple["PairSet", "PairSet"]:
        """(train, held-out): about the fraction `held_out` of the pairs, chosen by group, the same for the same seed.

        Pairs that share a group or an item stay together. Near-duplicates that nobody grouped do not: give those groups
        first, with `group_near_duplicates`. Raises InputError when either side would be empty.
        """
        if not 0 < held_out < 1:
            raise InputError(f"the held-out part must be a fraction between 0 and 1, got {held_out}")
        together = Joined()
        for pair in self.pairs:
            together.join(("item", pair.item_id), ("group", pair.group) if pair.group else ("item", pair.item_id))
        roots = [together.root(("item", pair.item_id)) for pair in self.pairs]
        chosen = _choose(roots, held_out, seed)
        sides = [
            tuple(pair for pair, root in zip(self.pairs, roots, strict=True) if (root in chosen) == held)
            for held in (False, True)
        ]
        if not all(sides):
            raise InputError(
                f"{self.name} has {len(self.pairs)} pairs in {len(set(roots))} groups, which cannot be split into two parts: "
                "more pairs are needed, or groups that are smaller"
            )
        train, rest = (
            replace(self, name=name, pairs=side, refused=())
            for name, side in zip((self.name, f"{self.name}, held out"), sides, strict=True)
        )
        return train, rest


class Joined:
    """Things that belong together, found by joining two at a time (union-find). The smallest stands for its class.

    >>> classes = Joined()
    >>> classes.join("b", "c"); classes.join("c", "a")
    >>> classes.root("b"), classes.root("other")
    ('a', 'other')
    """

    def __init__(self) -> None:
        self._parent: dict = {}

    def root(self, thing: object) -> object:
        """The smallest thing joined with this one; itself, when nothing was."""
        parent = self._parent
        while (above := parent.setdefault(thing, thing)) != thing:
            parent[thing] = parent[above]  # halve the way for the next who asks
            thing = above
        return thing

    def join(self, one: object, other: object) -> None:
        """From now on these two, and all that was joined with either, are one class."""
        low, high = sorted((self.root(one), self.root(other)))  # type: ignore[type-var]  # things of one kind compare
        self._parent[high] = low


def _choose(roots: list[object], held_out: float, seed: int) -> set[object]:
    """Groups for the held-out side: in an order drawn by the seed, each that still fits; the smallest when none does."""
    sizes: dict[object, int] = {}
    for root in roots:
        sizes[root] = sizes.get(root, 0) + 1
    if len(sizes) < 2:
        return set()
    # By a hash of its name: a group keeps its place in line whatever else the data hold.
    line = sorted(sizes, key=lambda root: hashlib.sha256(f"{seed} {root}".encode()).digest())
    target = max(1, round(held_out * len(roots)))
    chosen, room = set(), target
    for root in line:
        if sizes[root] <= room:
            chosen.add(root)
            room -= sizes[root]
    return chosen or {min(line, key=lambda root: sizes[root])}


def _digest(content: Content, known: dict[Path, str]) -> str:
    if isinstance(content, str):
        return "text " + hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    if content not in known:
        try:
            with content.open("rb") as file:
                known[content] = "picture " + hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise FileError(f"the picture {content} of the training data cannot be read: {error.strerror}") from error
    return known[content]
