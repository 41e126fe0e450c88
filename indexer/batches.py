"""Gathers what was read, encodes it in pieces of a size that suits the encoder, and makes batches to write of it."""

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
_SECONDS = (2.0, 20.0)  # at least and at most between batches: a kill costs little more, and progress shows so often
_WRITES = 10  # times as long as the last write took: flushing a large collection takes a while, whatever there is to flush
_ITEMS = 1024  # of one batch, however quick the encoder is: they are held in memory


class _Fresh:
    """Bytes that are new, every source of the batch that holds them, and their vectors once they are encoded."""

    def __init__(self, source: Source, loaded: LoadedSource) -> None:
        self.sources, self.loaded = [source], loaded
        self.vectors: Vectors | None = None


class Batcher:
    """One batch in the making: encoded in pieces that suit the encoder, handed over to be written every few seconds.

    A file whose bytes are in the store, or in this batch, is only one more path for them: it is not encoded again.
    """

    def __init__(self, encoder: DualEncoder, ledger: Ledger, clock: StageClock, writes: StageClock) -> None:
        """`clock` hears how long encoding took; `writes` knows how long writing takes."""
        self._encoder, self._ledger, self._clock, self._writes = encoder, ledger, clock, writes
        self._in_flight: deque[frozenset[str]] = deque(maxlen=BATCHES_IN_FLIGHT + 1)
        self._start()

    def _start(self) -> None:
        self._batch = Batch()
        self._fresh: dict[str, _Fresh] = {}
        self._gathered: list[_Fresh] = []  # those that are not encoded yet
        self._sizes: Counter[str] = Counter()  # of what is gathered
        self._items = 0
        self._opened = time.monotonic()

    def in_flight(self, outcome: Outcome) -> bool:
        """These bytes are on their way to the store: wait for the writer before adding them again."""
        return isinstance(outcome, LoadedSource) and any(outcome.content_hash in batch for batch in self._in_flight)

    def add(self, source: Source, outcome: Outcome) -> None:
        """Put what was read of a source into the batch; encodes once there is enough for the encoder."""
        if isinstance(outcome, Failed):
            self._batch.failed.append((source, outcome.reason, outcome.transient))
        elif isinstance(outcome, Known) or self._ledger.content(outcome.content_hash) is not None:
            self._batch.known.append((source, outcome.content_hash))
        elif outcome.content_hash in self._fresh:
            self._fresh[outcome.content_hash].sources.append(source)
        else:
            fresh = self._fresh[outcome.content_hash] = _Fresh(source, outcome)
            self._gathered.append(fresh)
            self._sizes.update(item.modality for item in outcome.items)
            if self._sizes["image"] >= _PICTURES or self._sizes["text"] >= _PASSAGES:
                self._encode()

    @property
    def due(self) -> bool:
        """Old enough to be written, or large enough."""
        empty = not (self._fresh or self._batch.known or self._batch.failed)
        least, most = _SECONDS
        wait = min(most, max(least, _WRITES * self._writes.last))
        return not empty and (self._items >= _ITEMS or time.monotonic() - self._opened > wait)

    def take(self) -> Batch:
        """Encode what is left, hand the batch over and begin anew."""
        self._encode()
        batch = self._batch
        for fresh in self._fresh.values():
            if fresh.vectors is not None:
                batch.encoded.append(Encoded(tuple(fresh.sources), fresh.loaded, fresh.vectors))
        self._in_flight.append(frozenset(self._fresh))
        self._start()
        return batch

    def _encode(self) -> None:
        gathered, self._gathered = self._gathered, []
        self._sizes.clear()
        started = time.monotonic()
        try:
            for fresh, rows in zip(gathered, encode_sources(self._encoder, [one.loaded for one in gathered]), strict=True):
                fresh.vectors = rows
        except InputError:
            self._encode_one_by_one(gathered)
        items = sum(len(one.loaded.items) for one in gathered)
        self._clock.add(items, time.monotonic() - started)
        self._items += items

    def _encode_one_by_one(self, gathered: Sequence[_Fresh]) -> None:
        """One item that a tower cannot take must not cost the others their place."""
        for fresh in gathered:
            try:
                fresh.vectors = encode_sources(self._encoder, [fresh.loaded])[0]
            except InputError as error:
                del self._fresh[fresh.loaded.content_hash]
                self._batch.failed.extend((source, str(error), False) for source in fresh.sources)


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
