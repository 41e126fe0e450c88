"""Gathers what was read into batches of a size that suits the encoder, and encodes them."""

import time
from collections import Counter, deque
from collections.abc import Sequence

import numpy as np

from encoders.dual import DualEncoder
from encoders.errors import InputError
from encoders.vectors import Vectors
from indexer.items import LoadedItem, LoadedSource, Source
from indexer.ledger import Ledger
from indexer.stages import StageClock
from indexer.workers import Failed, Known, Outcome
from indexer.writer import Batch, Encoded

__all__ = ["BATCHES_IN_FLIGHT", "Batcher", "encode_sources"]

BATCHES_IN_FLIGHT = 2
"""Batches that may wait for the writer while the next one is gathered."""

_PICTURES = 32
_PASSAGES = 128
_SECONDS = 2.0  # a batch that fills slowly is due anyway, so that progress shows and a kill costs little


class Batcher:
    """One batch in the making.

    A file whose bytes are in the store, or in this batch, is only one more path for them: it is not encoded again.
    """

    def __init__(self, encoder: DualEncoder, ledger: Ledger, clock: StageClock) -> None:
        """`clock` hears how long encoding took."""
        self._encoder, self._ledger, self._clock = encoder, ledger, clock
        self._in_flight: deque[frozenset[str]] = deque(maxlen=BATCHES_IN_FLIGHT + 1)
        self._start()

    def _start(self) -> None:
        self._batch = Batch()
        self._fresh: dict[str, tuple[list[Source], LoadedSource]] = {}
        self._sizes: Counter[str] = Counter()
        self._opened = time.monotonic()

    def in_flight(self, outcome: Outcome) -> bool:
        """These bytes are on their way to the store: wait for the writer before adding them again."""
        return isinstance(outcome, LoadedSource) and any(outcome.content_hash in batch for batch in self._in_flight)

    def add(self, source: Source, outcome: Outcome) -> None:
        """Put what was read of a source into the batch."""
        if isinstance(outcome, Failed):
            self._batch.failed.append((source, outcome.reason, outcome.transient))
        elif isinstance(outcome, Known) or self._ledger.content(outcome.content_hash) is not None:
            self._batch.known.append((source, outcome.content_hash))
        elif outcome.content_hash in self._fresh:
            self._fresh[outcome.content_hash][0].append(source)
        else:
            self._fresh[outcome.content_hash] = ([source], outcome)
            self._sizes.update(item.modality for item in outcome.items)

    @property
    def empty(self) -> bool:
        """Nothing was added since the last batch was taken."""
        return not (self._fresh or self._batch.known or self._batch.failed)

    @property
    def due(self) -> bool:
        """Large enough for the encoder, or old enough."""
        full = self._sizes["image"] >= _PICTURES or self._sizes["text"] >= _PASSAGES
        return full or (not self.empty and time.monotonic() - self._opened > _SECONDS)

    def take(self) -> Batch:
        """Encode what was gathered and begin anew."""
        batch, fresh = self._batch, list(self._fresh.values())
        started = time.monotonic()
        try:
            vectors = encode_sources(self._encoder, [loaded for _, loaded in fresh])
            batch.encoded = [
                Encoded(tuple(sources), loaded, rows) for (sources, loaded), rows in zip(fresh, vectors, strict=True)
            ]
        except InputError:
            self._encode_one_by_one(batch, fresh)
        self._clock.add(sum(len(loaded.items) for _, loaded in fresh), time.monotonic() - started)
        self._in_flight.append(frozenset(self._fresh))
        self._start()
        return batch

    def _encode_one_by_one(self, batch: Batch, fresh: Sequence[tuple[list[Source], LoadedSource]]) -> None:
        """One item that a tower cannot take must not cost the others their place."""
        for sources, loaded in fresh:
            try:
                batch.encoded.append(Encoded(tuple(sources), loaded, encode_sources(self._encoder, [loaded])[0]))
            except InputError as error:
                batch.failed.extend((source, str(error), False) for source in sources)


def encode_sources(encoder: DualEncoder, loaded: Sequence[LoadedSource]) -> list[Vectors]:
    """One (n_i, d) array for each source: all pictures in one go, all passages in another.

    Raises InputError for an item that its tower cannot take.
    """
    items = [item for one in loaded for item in one.items]
    rows = np.empty((len(items), encoder.dimension), dtype=np.float32)
    for modality, size in (("image", _PICTURES), ("text", _PASSAGES)):
        places = [place for place, item in enumerate(items) if item.modality == modality]
        for start in range(0, len(places), size):
            chosen = places[start : start + size]
            rows[chosen] = encoder.encode_candidates(modality, _contents([items[place] for place in chosen]))
    ends = np.cumsum([len(one.items) for one in loaded])
    return [rows[end - len(one.items) : end] for one, end in zip(loaded, ends, strict=True)]


def _contents(items: Sequence[LoadedItem]) -> list:
    return [item.content for item in items]
