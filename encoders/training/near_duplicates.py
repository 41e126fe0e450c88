"""Near-duplicates put into one group, so that no split separates them: what was seen in training must not be asked later.

Pictures are compared by the perceptual hash of their lowest frequencies (the sign of each DCT coefficient against their
median; Zauner 2010), and a match is confirmed on small copies in colour: icons on white have few frequencies and would
chain into one large group by their hashes alone. Mirrored and cropped copies are not found.
"""

import os
import re
import unicodedata
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.training.pairs import Content, Joined, PairSet, Refused

__all__ = ["group_near_duplicates", "near_pictures", "normal_text"]

_SIDE = 32  # pixels of the copy whose frequencies are taken
_LOW = 8  # frequencies a direction: 64 bits in all
_SMALL = 16  # pixels of the copy that confirms a match
_BITS = 7  # that may differ: then one of the eight bytes is equal, which is how matches are looked up
_DIFFERENCE = 0.25  # of two small copies, as a share of their contrast: correlation about 0.97
_LEVELS = 2.0  # a difference that is none, of 255
_ROWS_A_BLOCK = 256


def group_near_duplicates(pairs: PairSet) -> PairSet:
    """The same pairs, with a group for all that have none and hold nearly the same picture or text as another.

    Pictures count on either side, texts as items: equal but for case, blanks and punctuation. Groups that rows were given
    are kept, and take in their near-duplicates. A picture that cannot be decoded is taken out and named in `refused`.
    """
    pictures = list(dict.fromkeys(c for pair in pairs.pairs for c in (pair.query, pair.item) if isinstance(c, Path)))
    prints = dict(zip(pictures, _fingerprints(pictures), strict=True))
    broken = {path: mark.why for path, mark in prints.items() if isinstance(mark, Refused)}
    copies = {path: mark for path, mark in prints.items() if not isinstance(mark, Refused)}
    kept = [pair for pair in pairs.pairs if pair.query not in broken and pair.item not in broken]
    together = Joined()
    if copies:
        whole = list(copies)
        for one, other in near_pictures(np.stack(list(copies.values()))):
            together.join(_node(whole[one]), _node(whole[other]))
    for pair in kept:
        item = ("item", pair.item_id)
        together.join(item, _node(pair.item))
        if isinstance(pair.query, Path):
            together.join(item, _node(pair.query))
        if pair.group:
            together.join(item, ("group", pair.group))  # sorts before "item": a given group names its class
    members: dict[object, set[str]] = {}
    for pair in kept:
        members.setdefault(together.root(("item", pair.item_id)), set()).add(pair.item_id)

    def group(item_id: str) -> str:
        root = together.root(("item", item_id))
        if isinstance(root, tuple) and root[0] == "group":
            return str(root[1])
        return f"near {min(members[root])}" if len(members[root]) > 1 else ""

    grouped = tuple(pair if pair.group else replace(pair, group=group(pair.item_id)) for pair in kept)
    refused = tuple(Refused(str(path), why) for path, why in broken.items())
    others = tuple((name, content) for name, content in pairs.others if content not in broken)
    return PairSet(pairs.name, grouped, pairs.refused + refused, others)


def near_pictures(copies: NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """Places (i, j), i < j, of nearly equal pictures among small copies (n, 32, 32, 3) uint8. A pair may come up again.

    Looked up by each byte of the hash, so that 10,000 pictures take seconds; every pair within 7 of 64 bits is seen.
    """
    hashes = _hashes(copies)
    small = copies.reshape(len(copies), _SMALL, 2, _SMALL, 2, 3).mean(axis=(2, 4), dtype=np.float32).reshape(len(copies), -1)
    contrast = small.std(axis=1)
    for byte in range(8):
        keys = (hashes >> np.uint64(8 * byte)) & np.uint64(255)
        order = np.argsort(keys, kind="stable")
        for bucket in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            for start in range(0, len(bucket), _ROWS_A_BLOCK):
                rows, rest = bucket[start : start + _ROWS_A_BLOCK], bucket[start:]
                close = np.bitwise_count(hashes[rows][:, None] ^ hashes[rest][None]) <= _BITS
                at, to = np.nonzero(close)
                one, other = rows[at], rest[to]
                one, other = one[one < other], other[one < other]
                apart = np.sqrt(np.mean((small[one] - small[other]) ** 2, axis=1))
                near = apart <= np.maximum(_LEVELS, _DIFFERENCE * np.minimum(contrast[one], contrast[other]))
                yield from zip(one[near].tolist(), other[near].tolist(), strict=True)


def normal_text(text: str) -> str:
    """Text without what makes no difference: case, accents' spelling, punctuation, blanks.

    >>> normal_text("  The Red-Fox! ") == normal_text("the red fox")
    True
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", plain)) or plain.strip()


def _node(content: Content) -> tuple[str, str]:
    return ("picture", str(content)) if isinstance(content, Path) else ("text", normal_text(content))


def _hashes(copies: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """(n, 32, 32, 3) uint8 -> (n,) uint64: the signs of the 64 lowest frequencies against their median."""
    grey = copies @ np.array([0.299, 0.587, 0.114], np.float32)
    steps = np.arange(_SIDE) + 0.5
    basis = np.cos(np.pi / _SIDE * np.arange(_LOW)[:, None] * steps[None]).astype(np.float32)  # DCT-II
    low = (basis @ grey @ basis.T).reshape(len(copies), -1)
    low[:, 0] = 0  # the mean brightness says nothing of what is seen
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(np.uint64)[:, 0]


def _fingerprints(pictures: Sequence[Path]) -> list[NDArray[np.uint8] | Refused]:
    """(32, 32, 3) uint8 for each picture; Refused for one that cannot be decoded."""
    with warnings.catch_warnings(), ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        warnings.simplefilter("ignore")  # decoders remark on odd files; what cannot be decoded is named
        return list(pool.map(_small_copy, pictures))


def _small_copy(path: Path) -> NDArray[np.uint8] | Refused:
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            image.draft("RGB", (2 * _SIDE, 2 * _SIDE))  # JPEG only: the decoder itself scales
            upright = ImageOps.exif_transpose(image)
            if upright.has_transparency_data:
                seen = upright.convert("RGBA")
                upright = Image.new("RGBA", seen.size, "white")
                upright.alpha_composite(seen)
            copy = upright.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
            return np.asarray(copy)
    except Exception as error:  # noqa: BLE001 - Pillow's decoders raise a dozen kinds for damaged files
        return Refused(str(path), f"it cannot be decoded: {error}")
