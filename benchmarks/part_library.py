"""A part of the benchmark's collection as a library of its own, from stored vectors: nothing is encoded again."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.parts import Part
from encoders import load_encoder
from encoders.dual import DualEncoder
from encoders.vectors import Vectors
from indexer.items import Payload
from indexer.manifests import manifest_of
from search import SearchLibrary

__all__ = ["Remembering", "hold", "load", "named"]

_KEYWORDS = 3  # of a picture's, in its file name


def load(work: Path, card: str) -> DualEncoder:
    """The model, with its networks kept where the benchmark's library keeps them."""
    return load_encoder(card, cache=work / "home" / "models")


@contextmanager
def hold(work: Path, part: Part, encoder: DualEncoder, with_names: bool = False) -> Iterator[SearchLibrary]:
    """The part in a collection that is made anew; `with_names`: files have names that say something, see `named`."""
    stored = part.stored
    name = re.sub(r"[^a-z0-9]+", "-", f"{stored.card} {part.name}{' named' if with_names else ''}")
    points = part.points.tolist()
    payloads = [named(part, point) if with_names else stored.payloads[point] for point in points]
    known = {query.text: row for query, row in zip(stored.corpus.queries, stored.asked, strict=True)}
    with SearchLibrary(work / "parts", name, encoder=Remembering(encoder, known)) as library:
        library.store.drop()
        library.store.create(manifest_of(encoder))
        library.store.upsert([stored.ids[point] for point in points], stored.vectors[part.points], payloads)
        library.store.build_index()
        yield library


def named(part: Part, point: int) -> Payload:
    """The payload with a file name as people give them: some keywords of a picture, never its title; what a document is of."""
    item = part.stored.corpus.items[part.stored.files[point][0]]
    words = [word for word in item.keywords if word.casefold() != item.name.casefold()][:_KEYWORDS]
    called = "-".join(words) if item.kind == "image" else item.name
    payload: dict[str, Any] = dict(part.stored.payloads[point])
    if called:
        path = Path(payload["paths"][0])
        fresh = path.with_name(f"{called.replace(' ', '-').replace('/', '-')}{path.suffix}")
        payload |= {"paths": [fresh.as_posix()], "names": [fresh.name]}
    return payload


class Remembering:
    """A model that knows the vectors of some texts already, and asks the real one for all else."""

    def __init__(self, encoder: DualEncoder, vectors: Mapping[str, Vectors]) -> None:
        self._encoder, self._known = encoder, vectors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._encoder, name)

    def encode_query(self, text: str | None = None, image: Any = None) -> Vectors:
        """(d,) as the model gives it."""
        if image is None and text in self._known:
            return self._known[text]
        return self._encoder.encode_query(text=text, image=image)
