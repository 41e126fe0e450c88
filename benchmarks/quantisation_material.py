"""Real vectors to quantise: 117,000 definitions of WordNet and 8,000 drawings of Open Clip Art, encoded by the starter.

How much quantisation loses depends on how vectors lie, so none are drawn at random. Up to 100,000 items every row is what the
encoder made of a text or a picture. Past that the rest are real ones that were moved by the difference of two others, which
keeps the shape of the cloud.
"""

import json
import random
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from encoders.dual import DualEncoder
from encoders.picture import prepare
from encoders.recipe.drawings import Drawing, render
from encoders.recipe.nouns import WORDNET
from encoders.recipe.packages import fetch, fetch_package
from encoders.vectors import Vectors, unit_rows

__all__ = ["PICTURES", "QUERIES", "nearest", "read_rows", "write_material"]

QUERIES = 400
PICTURES = 0.08  # share of the items; they come first
_MOVED = 0.6  # length of what is added to a unit vector that was there already
_BATCH = 256
_MOST_PIXELS = 4_000_000
_T = TypeVar("_T")
_CHUNK = 65_536


def write_material(work: Path, encoder: DualEncoder) -> None:
    """Write texts.npy, pictures.npy, queries.npy and queries.json into WORK, each unless it is there: minutes on two cores.

    Queries are of definitions that are not among the texts: every other one asks by the word, the rest by the definition.
    """
    entries = _definitions(work / "packages")
    asked = [word if place % 2 else text for place, (word, text) in enumerate(entries[:QUERIES])]
    (work / "queries.json").write_text(json.dumps(asked, indent=0), encoding="utf-8")
    if not (work / "queries.npy").is_file():
        np.save(work / "queries.npy", encoder.encode_queries("text", asked))
    if not (work / "texts.npy").is_file():
        texts = sorted((text for _, text in entries[QUERIES:]), key=len)  # like lengths together are encoded sooner
        rows = np.concatenate([encoder.encode_candidates("text", part) for part in _parts(texts)])
        np.save(work / "texts.npy", np.random.default_rng(3).permutation(rows))
    if not (work / "pictures.npy").is_file():
        files = _drawings(work / "packages")
        np.save(work / "pictures.npy", np.concatenate([_encode_drawings(part, encoder) for part in _parts(files)]))


def read_rows(work: Path, items: int) -> Vectors:
    """(items, d) float32, unit rows: pictures, then texts. Mapped from WORK/rows-ITEMS.npy, made unless it is there."""
    place = work / f"rows-{items}.npy"
    if not place.is_file():
        chance = np.random.default_rng(5)
        pictures = round(items * PICTURES)
        real = np.load(work / "pictures.npy"), np.load(work / "texts.npy")
        half = place.with_name(f"half-{place.name}")
        rows = np.lib.format.open_memmap(half, "w+", np.float32, (items, real[0].shape[1]))
        start = 0
        for some, count in zip(real, (pictures, items - pictures), strict=True):
            for part in _enough(some, count, chance):
                rows[start : start + len(part)] = part
                start += len(part)
        rows.flush()
        half.rename(place)
    return np.load(place, mmap_mode="r")


def nearest(rows: Vectors, queries: Vectors, count: int) -> np.ndarray:
    """(q, count) places of the rows of largest cosine, by comparing with every row, largest first."""
    places = np.empty((len(queries), 0), np.int64)
    best = np.empty((len(queries), 0), np.float32)
    for start in range(0, len(rows), _CHUNK):
        found = queries @ rows[start : start + _CHUNK].T
        here = np.argpartition(-found, min(count, found.shape[1]) - 1, axis=1)[:, :count]
        best = np.concatenate([best, np.take_along_axis(found, here, 1)], axis=1)
        places = np.concatenate([places, here + start], axis=1)
    order = np.argsort(-best, axis=1)[:, :count]
    return np.take_along_axis(places, order, 1)


def _enough(real: Vectors, count: int, chance: np.random.Generator) -> Iterator[Vectors]:
    """So many rows: the real ones, then moved ones."""
    yield real[:count]
    for start in range(len(real), count, _CHUNK):
        picked = chance.integers(0, len(real), (3, min(_CHUNK, count - start)))
        kept, one, other = real[picked]
        away = one - other
        away /= np.linalg.norm(away, axis=1, keepdims=True) + 1e-9
        yield unit_rows(kept + np.float32(_MOVED) * away)


def _definitions(packages: Path) -> list[tuple[str, str]]:
    """Word and definition, each definition once, shuffled."""
    folder = fetch_package(WORDNET, packages) / "usr" / "share" / "wordnet"
    entries: dict[str, str] = {}
    for kind in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{kind}").read_text(encoding="utf-8").splitlines():
            if not line.startswith(" "):  # the licence
                data, _, text = line.partition(" | ")
                entries.setdefault(text.strip(), data.split()[4].replace("_", " "))
    found = [(word, text) for text, word in entries.items()]
    random.Random(6).shuffle(found)
    return found


def _encode_drawings(files: Sequence[Path], encoder: DualEncoder) -> Vectors:
    spec = encoder.picture_spec
    assert spec is not None
    pixels = [prepare(render(Drawing("openclipart", file.name, "", (), file)), spec) for file in files]
    return encoder.encode_candidates("image", pixels)


def _drawings(packages: Path) -> list[Path]:
    """Files of Open Clip Art but for twenty of more than four megapixels, some of which Pillow takes for an attack."""
    folder = fetch("openclipart-png", packages) / "usr/share/openclipart/png"
    return [file for file in sorted(folder.rglob("*.png")) if _pixels(file) <= _MOST_PIXELS]


def _pixels(file: Path) -> int:
    with file.open("rb") as opened:
        width, height = struct.unpack(">II", opened.read(24)[16:])  # PNG's first chunk
    return int(width * height)


def _parts(things: Sequence[_T]) -> Iterator[Sequence[_T]]:
    return (things[start : start + _BATCH] for start in range(0, len(things), _BATCH))
