"""Negatives that are drawn: from where, and with which probability each column came.

A distribution is an array `(items,)` of probabilities over the catalogue. Every function that gives columns gives with them the
natural log of the probability with which a draw yields that item, which is what logQ subtracts (`scores.training_scores`).
Draws are independent and with replacement, so those probabilities are exact. Same generator state, same draws.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike, NDArray

from encoders.errors import InputError

__all__ = ["Columns", "in_batch_columns", "mixed_columns", "popularity_distribution", "sample_columns", "uniform_distribution"]

Columns = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Item numbers (k,) and the log probability of each (k,)."""


def uniform_distribution(items: int) -> NDArray[np.float64]:
    """(items,) probabilities, all the same.

    >>> uniform_distribution(4).tolist()
    [0.25, 0.25, 0.25, 0.25]
    """
    if items < 1:
        raise InputError(f"a catalogue needs at least one item, got {items}")
    return np.full(items, 1.0 / items)


def popularity_distribution(counts: ArrayLike, power: float = 0.75) -> NDArray[np.float64]:
    """(items,) counts -> (items,) probabilities proportional to count ** power (Mikolov et al. 2013: .75).

    Power 1 is the distribution of in-batch negatives, 0 is uniform. An item that was never counted is never drawn (unless the
    power is 0): add 1 to the counts to let it in.

    >>> popularity_distribution([16, 1, 0], power=0.5).tolist()
    [0.8, 0.2, 0.0]
    """
    table = np.asarray(counts, dtype=np.float64)
    if table.ndim != 1 or not table.size or not np.isfinite(table).all() or table.min() < 0 or table.max() == 0:
        raise InputError("counts must be one number a item, none below 0 and at least one above")
    if not 0 <= power < np.inf:
        raise InputError(f"the power of a popularity must be 0 or more, got {power}")
    mass = (table / table.max()) ** power
    return mass / mass.sum()


def sample_columns(
    rng: np.random.Generator, distribution: NDArray[np.float64], number: int, exclude: Collection[int] = ()
) -> Columns:
    """(items,) probabilities -> `number` draws and their log probabilities; what is in `exclude` never comes out.

    `exclude` holds the item numbers of a query's own positives (or of all positives of a batch). What is left is drawn with
    Q' = q / (1 - q of the excluded), and that is the probability returned. InputError when nothing is left to draw.

    >>> ids, log_q = sample_columns(np.random.default_rng(0), uniform_distribution(3), 4, exclude={1})
    >>> set(ids.tolist()) <= {0, 2}, np.exp(log_q).round(3).tolist()
    (True, [0.5, 0.5, 0.5, 0.5])
    """
    left = _without(distribution, exclude)
    ids = _draw(rng, left, number)
    return ids, np.log(left[ids])


def in_batch_columns(items: ArrayLike, frequencies: NDArray[np.float64]) -> Columns:
    """(n,) items of a batch's rows -> themselves as columns: each came with its frequency among the training rows.

    >>> in_batch_columns([1, 1, 0], np.array([0.25, 0.75]))[0].tolist()
    [1, 1, 0]
    """
    ids = _numbers(items, len(frequencies))
    return ids, _log(frequencies[ids], ids)


def mixed_columns(
    rng: np.random.Generator,
    items: ArrayLike,
    frequencies: NDArray[np.float64],
    number: int,
    exclude: Collection[int] = (),
) -> Columns:
    """(n,) items of a batch's rows -> n + number columns: the batch, then uniform draws (Yang et al. 2020).

    In-batch negatives never show what is rare or new; uniform ones do. Together they are draws of a mixture, so every
    column, of either part, has the probability (n * frequency + number * uniform) / (n + number) of its own item.

    >>> ids, log_q = mixed_columns(np.random.default_rng(0), [0, 0], np.array([0.9, 0.1]), 2)
    >>> np.exp(log_q[:2]).round(3).tolist()  # (2 * .9 + 2 * .5) / 4
    [0.7, 0.7]
    """
    batch = _numbers(items, len(frequencies))
    uniform = _without(uniform_distribution(len(frequencies)), exclude)
    ids = np.concatenate([batch, _draw(rng, uniform, number)])
    mixture = (len(batch) * frequencies + number * uniform) / (len(batch) + number)
    return ids, _log(mixture[ids], ids)


def _without(distribution: NDArray[np.float64], exclude: Collection[int]) -> NDArray[np.float64]:
    """The distribution of what is left."""
    if not np.isclose(distribution.sum(), 1.0, rtol=1e-6) or distribution.min() < 0:
        raise InputError(f"a distribution must be probabilities that sum to 1, got a sum of {distribution.sum():g}")
    if not exclude:
        return distribution
    left = distribution.copy()
    left[_numbers(list(exclude), len(distribution))] = 0.0
    if not left.any():
        raise InputError(f"nothing is left to draw: all of the {len(distribution)} items are excluded or have probability 0")
    return left / left.sum()


def _draw(rng: np.random.Generator, distribution: NDArray[np.float64], number: int) -> NDArray[np.int64]:
    """(number,) by inversion."""
    if number < 0:
        raise InputError(f"cannot draw {number} negatives")
    edges = np.cumsum(distribution)
    # a draw in [0, last edge) can fall on no item of probability 0: its two edges are one number
    places = np.searchsorted(edges, rng.random(number) * edges[-1], side="right")
    return np.minimum(places, np.flatnonzero(distribution)[-1]).astype(np.int64)


def _numbers(items: ArrayLike, size: int) -> NDArray[np.int64]:
    ids = np.asarray(items, dtype=np.int64)
    if ids.ndim != 1 or (ids.size and not (ids.min() >= 0 and ids.max() < size)):
        raise InputError(f"item numbers must be a row of numbers from 0 to {size - 1}, got {ids.tolist()[:5]} ...")
    return ids


def _log(probabilities: NDArray[np.float64], ids: NDArray[np.int64]) -> NDArray[np.float64]:
    if (probabilities <= 0).any():
        item = int(ids[np.argmin(probabilities)])
        raise InputError(f"item {item} is a column, but its frequency is 0: count the frequencies over the same training rows")
    return np.log(probabilities)
