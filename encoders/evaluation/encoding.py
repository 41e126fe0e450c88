"""Many contents, texts and picture files mixed, through the towers of one side; what fails is named and left out."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from encoders.dual import DualEncoder
from encoders.errors import FileError, InputError
from encoders.picture import PictureSpec, Pixels
from encoders.training.pairs import Content
from encoders.training.pictures import read_picture
from encoders.vectors import Vectors

__all__ = ["Encoded", "Progress", "Reader", "Side", "content_modality"]

Side = Literal["query", "candidate"]
Progress = Callable[[str, int, int], None]
"""Told what is done, how much of it, of how much."""

_BATCH = 32  # contents a call of a tower; pictures of one batch are read while the batch before is encoded


@dataclass(frozen=True)
class Encoded:
    """Vectors of those of n contents that could be encoded."""

    vectors: Vectors  # (n, d) float32, unit rows; rows of contents that failed are zero
    failed: dict[int, str]  # place -> why


@dataclass
class Reader:
    """Encodes lists of contents with one model, each content once for each tower, however many sides that tower serves."""

    encoder: DualEncoder
    on_progress: Progress = lambda what, done, total: None
    _known: dict[tuple[str, str], Encoded] = field(default_factory=dict)

    def takes(self, side: Side, modality: str) -> bool:
        """Whether the model has a tower for this modality on this side."""
        towers = self.encoder.query_modalities if side == "query" else self.encoder.candidate_modalities
        return modality in towers

    def encode(self, name: str, contents: Sequence[Content], side: Side) -> Encoded:
        """Vectors of `contents`, which go by `name` ("queries", "items"), through the towers of one side."""
        vectors = np.zeros((len(contents), self.encoder.dimension), np.float32)
        failed: dict[int, str] = {}
        for modality in ("text", "image"):
            places = [place for place, content in enumerate(contents) if content_modality(content) == modality]
            if not places:
                continue
            part = self._encode_modality(name, [contents[place] for place in places], side, modality)
            if len(places) == len(contents):
                return part
            vectors[places] = part.vectors
            failed |= {places[place]: why for place, why in part.failed.items()}
        return Encoded(vectors, failed)

    def _encode_modality(self, name: str, contents: Sequence[Content], side: Side, modality: str) -> Encoded:
        marks = self.encoder.query_fingerprints if side == "query" else self.encoder.candidate_fingerprints
        if modality not in marks:
            raise InputError(f"the model {self.encoder.card.id} takes no {modality} as {side}")
        key = (name, marks[modality])
        if key not in self._known:
            self._known[key] = self._run(name, contents, side, modality)
        return self._known[key]

    def _run(self, name: str, contents: Sequence[Content], side: Side, modality: str) -> Encoded:
        encoder = self.encoder
        run = encoder.encode_queries if side == "query" else encoder.encode_candidates
        spec = encoder.query_picture_spec if side == "query" else encoder.picture_spec
        vectors = np.zeros((len(contents), encoder.dimension), np.float32)
        failed: dict[int, str] = {}
        what = f"{name}: {'texts' if modality == 'text' else 'pictures'}"
        self.on_progress(what, 0, len(contents))
        batches = _picture_batches(contents, spec) if modality == "image" else _text_batches(contents)
        done = 0
        for batch in batches:
            good = [place for place, _, why in batch if not why]
            if good:
                ready: list[Any] = [content for _, content, why in batch if not why]
                vectors[good] = run(modality, ready)
            failed |= {place: why for place, _, why in batch if why}
            done += len(batch)
            self.on_progress(what, done, len(contents))
        return Encoded(vectors, failed)


def content_modality(content: Content) -> str:
    """Say which towers a content needs: "image" for a path, "text" for a text.

    >>> content_modality("a cat"), content_modality(Path("cat.png"))
    ('text', 'image')
    """
    return "image" if isinstance(content, Path) else "text"


def _text_batches(contents: Sequence[Content]) -> Iterator[list[tuple[int, str, str]]]:
    for start in range(0, len(contents), _BATCH):
        yield [(start + i, str(content), "") for i, content in enumerate(contents[start : start + _BATCH])]


def _picture_batches(contents: Sequence[Content], spec: PictureSpec | None) -> Iterator[list[tuple[int, Pixels | None, str]]]:
    """Read pictures one batch ahead, in threads: decoding leaves Python's lock."""
    if spec is None:
        raise InputError("the picture tower of this model does not say how it wants its pictures")

    def read(place: int) -> tuple[int, Pixels | None, str]:
        try:
            return place, read_picture(Path(contents[place]), spec), ""
        except FileError as error:
            return place, None, str(error).removeprefix(f"{contents[place]}").lstrip(": ")  # whoever reports it names the file

    starts = range(0, len(contents), _BATCH)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as threads:
        ahead = None
        for start in starts:
            coming = [threads.submit(read, place) for place in range(start, min(start + _BATCH, len(contents)))]
            if ahead is not None:
                yield [one.result() for one in ahead]
            ahead = coming
        if ahead is not None:
            yield [one.result() for one in ahead]
