"""How often an item is drawn: counted exactly, or estimated from the stream of training rows."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from encoders.errors import InputError

__all__ = ["StreamingFrequencies", "count_items", "exact_frequencies"]

_MASK = (1 << 64) - 1


def count_items(items: ArrayLike, size: int) -> NDArray[np.int64]:
    """(n,) item numbers of all training rows -> (size,) counts. InputError for a number outside 0 to size - 1.

    >>> count_items([2, 0, 2], 4).tolist()
    [1, 0, 2, 0]
    """
    ids = np.asarray(items, dtype=np.int64)
    if ids.ndim != 1 or (ids.size and not (ids.min() >= 0 and ids.max() < size)):
        raise InputError(f"item numbers must be a row of numbers from 0 to {size - 1}")
    return np.bincount(ids, minlength=size)


def exact_frequencies(counts: ArrayLike) -> NDArray[np.float64]:
    """(items,) counts -> (items,) share of the training rows: the q of in-batch negatives.

    >>> exact_frequencies([1, 0, 3]).tolist()
    [0.25, 0.0, 0.75]
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 1 or not table.size or table.min() < 0 or not 0 < table.sum() < np.inf:
        raise InputError("counts must be one number an item, none below 0 and at least one above")
    return table / table.sum()


class StreamingFrequencies:
    """Item frequencies from the gaps between two sights of an item (Yi et al. 2019, algorithms 2 and 3).

    For each item A holds when it was last seen and B the mean gap; its frequency is 1 / B. Items share the slots of a hashing
    array; a shared slot sees shorter gaps, so of several arrays, each with a hash function of its own, the largest gap is
    believed. Time runs by rows, not by batches, so that the answer is the probability of one draw, as for exact counts.

    The mean is B <- (1 - a) B + a gap, where a is 1 / (times seen) until that falls to `rate`: first a plain average, which
    needs no starting value, then one that forgets, for a catalogue that drifts.
    """

    def __init__(self, slots: int = 1 << 20, hashes: int = 2, rate: float = 0.01, seed: int = 0) -> None:
        """`slots` of each array (a power of two, several times the items), `hashes` arrays, `rate` of forgetting."""
        if slots < 2 or slots & (slots - 1):
            raise InputError(f"the number of slots must be a power of two, got {slots}")
        if hashes < 1 or not 0 < rate <= 1:
            raise InputError(f"needs at least one hash function and a rate in (0, 1], got {hashes} and {rate}")
        self.rate = rate
        self.seen = 0  # rows so far
        rng = np.random.default_rng(seed)
        # multiply-shift: odd factor, wrap at 64 bits, keep the top bits
        self._factors = rng.integers(0, _MASK, (hashes, 1), dtype=np.uint64, endpoint=True) | np.uint64(1)
        self._offsets = rng.integers(0, _MASK, (hashes, 1), dtype=np.uint64, endpoint=True)
        self._shift = np.uint64(64 - slots.bit_length() + 1)
        self._last = np.zeros((hashes, slots), dtype=np.int64)
        self._gap = np.zeros((hashes, slots), dtype=np.float64)
        self._times = np.zeros((hashes, slots), dtype=np.int64)

    def update(self, items: ArrayLike) -> None:
        """(n,) int64 item numbers of the next n training rows, in order."""
        ids = np.asarray(items, dtype=np.int64)
        slots = self._slots(ids)
        # row after row, since a batch may hold an item twice; popular ones come often, so rounds of first sights are slower
        for last, gap, times, row in zip(self._last, self._gap, self._times, slots.tolist(), strict=True):
            for now, slot in enumerate(row, start=self.seen + 1):
                times[slot] += 1
                gap[slot] += max(self.rate, 1.0 / times[slot]) * (now - last[slot] - gap[slot])
                last[slot] = now
        self.seen += len(ids)

    def log_q(self, items: ArrayLike) -> NDArray[np.float64]:
        """(n,) item numbers -> (n,) log of the probability of one draw; for an item never seen, that of the next row."""
        slots = self._slots(np.asarray(items, dtype=np.int64))
        hashes = np.arange(len(slots))[:, None]
        gaps = np.where(self._times[hashes, slots] > 0, self._gap[hashes, slots], self.seen + 1.0)
        return -np.log(np.maximum(gaps.max(axis=0), 1.0))

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to go on as if nothing had happened; arrays are copies."""
        arrays = {
            "last": self._last,
            "gap": self._gap,
            "times": self._times,
            "factors": self._factors,
            "offsets": self._offsets,
        }
        return {name: array.copy() for name, array in arrays.items()} | {"seen": self.seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave. InputError when it comes from arrays of another size."""
        if state["last"].shape != self._last.shape:
            raise InputError(f"the saved estimate has (hashes, slots) {state['last'].shape}, this one {self._last.shape}")
        self._last, self._gap, self._times = (np.array(state[name]) for name in ("last", "gap", "times"))
        self._factors, self._offsets = np.array(state["factors"]), np.array(state["offsets"])
        self.seen = int(state["seen"])

    def _slots(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """(hashes, n): the slot of each item in each array."""
        if ids.ndim != 1:
            raise InputError(f"item numbers must be a row of numbers, got shape {ids.shape}")
        with np.errstate(over="ignore"):
            mixed = ids.astype(np.uint64) * self._factors + self._offsets
        return (mixed >> self._shift).astype(np.int64)
