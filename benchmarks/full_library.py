"""A library of as many items as one likes, quickly: a few thousand real texts and photographs are encoded, the rest is mixed.

A passage is four definitions of nouns in a row, and its vector the mean of theirs, moved a little at random; a photograph is
a crop of one of scikit-image's, and all others are its vector, moved. Payloads, words and ledger are what `indexer add` leaves
behind.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.definitions import read_definitions
from benchmarks.material import write_photographs
from encoders.dual import DualEncoder
from encoders.picture import prepare
from encoders.vectors import Vectors, unit_rows
from indexer.items import Payload, Source, item_id
from indexer.ledger import Content
from indexer.manifests import manifest_of
from indexer.metadata import rfc3339
from indexer.writer import path_fields
from search import SearchLibrary

__all__ = ["Material", "fill_library", "read_material"]

_PICTURES = 0.2  # share of the items
_PHOTOGRAPHS, _DEFINITIONS = 48, 4000  # that are encoded
_DEFINITIONS_A_PASSAGE, _PASSAGES_A_DOCUMENT = 4, 4
_MOVED = 0.6  # length of the chance that is added to a unit vector
_START = 1_000_000_000  # seconds since the epoch: the first item; each next one is dated an hour later
_BATCH = 512


@dataclass(frozen=True)
class Material:
    """What is real."""

    nouns: list[str]  # (p,)
    definitions: list[str]  # (p,) without the noun
    texts: Vectors  # (p, d) of the definitions
    pictures: Vectors  # (q, d)


def read_material(work: Path, encoder: DualEncoder) -> Material:
    """Read and encode it, or load the vectors that an earlier run left in WORK."""
    articles = read_definitions([])[:_DEFINITIONS]
    definitions = [article.body for article in articles]
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "pictures.npy").is_file():
        np.save(work / "texts.npy", encoder.encode_candidates("text", definitions))
        write_photographs(work / "photographs", _PHOTOGRAPHS)
        files = sorted((work / "photographs").rglob("*.jpg"))
        spec = encoder.picture_spec
        assert spec is not None
        pixels = [prepare(Image.open(file).convert("RGB"), spec) for file in files]
        np.save(work / "pictures.npy", encoder.encode_candidates("image", pixels))
    texts, pictures = (np.load(work / f"{name}.npy") for name in ("texts", "pictures"))
    return Material([article.query for article in articles], definitions, texts, pictures)


def fill_library(library: SearchLibrary, encoder: DualEncoder, material: Material, items: int) -> None:
    """Write so many items, a fifth of them pictures. The search index is not built yet."""
    library.store.create(manifest_of(encoder))
    pictures = round(items * _PICTURES)
    chance = np.random.default_rng(5)
    for start in range(0, items, _BATCH):
        payloads, rows = [], []
        for number in range(start, min(start + _BATCH, items)):
            if number < pictures:
                payloads.append(_picture(number))
                rows.append(material.pictures[number % len(material.pictures)])
            else:
                picked = chance.integers(0, len(material.definitions), _DEFINITIONS_A_PASSAGE)
                payloads.append(_passage(number - pictures, [material.definitions[place] for place in picked], material))
                rows.append(unit_rows(material.texts[picked].mean(axis=0)[None])[0])
        moved = chance.standard_normal((len(rows), encoder.dimension), np.float32) * np.float32(_MOVED / encoder.dimension**0.5)
        ids = [item_id(payload["content"], payload["part"]) for payload in payloads]
        library.store.upsert(ids, unit_rows(np.array(rows, np.float32) + moved), payloads)
        _note(library, payloads)
    library.store.flush()


def _picture(number: int) -> Payload:
    """What an ordinary photograph carries."""
    when = rfc3339(_START + 3600 * number)
    digest = hashlib.sha256(f"picture {number}".encode()).hexdigest()
    return {
        **path_fields([Path(f"/home/me/Pictures/{when[:4]}/{when[:7]}/IMG_{number:05}.jpg")]),
        "kind": "image",
        "modality": "image",
        "content": digest,
        "part": "picture",
        "extension": "jpg",
        "bytes": 1_000_000 + 37 * number,
        "modified": when,
        "taken": when,
        "date": when,
        "width": 4000,
        "height": 3000,
        "orientation": "landscape",
        "phash": digest[:16],
        "tint": [number % 40 - 20, number % 30 - 15],
        "camera": f"Maker D{number % 13}",
        "keywords": [f"trip {number % 100}"],
        "indexed_at": "2026-01-01T00:00:00Z",
    }


def _passage(number: int, definitions: Sequence[str], material: Material) -> Payload:
    """One of four of a document."""
    document, place = divmod(number, _PASSAGES_A_DOCUMENT)
    title = material.nouns[document % len(material.nouns)]
    when = rfc3339(_START + 3600 * document)
    name = "".join(letter if letter.isalnum() else "-" for letter in title)
    return {
        **path_fields([Path(f"/home/me/Documents/{when[:4]}/{name}-{document}.pdf")]),
        "kind": "document",
        "modality": "text",
        "content": hashlib.sha256(f"document {document}".encode()).hexdigest(),
        "part": f"passage-{place}",
        "extension": "pdf",
        "bytes": 50_000 + 11 * document,
        "modified": when,
        "date": when,
        "title": title,
        "page": place + 1,
        "text": ". ".join(definitions) + ".",
        "indexed_at": "2026-01-01T00:00:00Z",
    }


def _note(library: SearchLibrary, payloads: Sequence[Payload]) -> None:
    """What the ledger knows of them; a document that goes on in the next batch is noted again as a whole."""
    ledger = library.ledger
    with ledger.transaction():
        for payload in {payload["content"]: payload for payload in payloads}.values():
            picture = payload["kind"] == "image"
            parts = ("picture",) if picture else tuple(f"passage-{place}" for place in range(_PASSAGES_A_DOCUMENT))
            ledger.note_pending(Content(payload["content"], payload["kind"], parts), payload["bytes"])
            ledger.set_state([payload["content"]], "indexed")
            ledger.record(Source(Path(payload["paths"][0]), payload["bytes"], 0, 0), 1, payload["content"])
