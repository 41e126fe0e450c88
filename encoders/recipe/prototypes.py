"""What the picture network would see in photographs of its own classes, guessed from its classifier alone.

The training data holds no photograph, but the network was made from them, and its classifier remembers: under one
covariance for all classes (linear discriminant analysis), the row of class c is the direction in which the class's mean
lies, once the covariance has shaped it. So a prototype is the drawings' mean, moved along covariance times row, plus
what a random drawing differs from the mean. Only the last stage can be guessed so; the other columns stay at their mean.
"""

import numpy as np
from numpy.typing import NDArray

from encoders.stages import CLASSES, DRAWN, POOLED, SEEN

__all__ = ["Prototypes"]

_STRENGTH = (10.0, 22.0)  # by how much the class's own logit rises
_NOISE = (0.3, 1.0)  # share of a random drawing's difference from the mean
_POOLED = slice(DRAWN, DRAWN + POOLED)  # the network's own pooled answer
_HIGHEST = 6.0  # of ReLU6


class Prototypes:
    """Draws features of make-believe photographs, with their classes."""

    def __init__(self, features: NDArray[np.float32], weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        """`features` (n, SEEN) of drawings; `weight` (1000, 1280) and `bias` (1000,) of the network's classifier."""
        pooled = features[:, _POOLED]
        self._pooled_mean = pooled.mean(0)
        self._mean = features[:, :DRAWN].mean(0)
        self._rest = pooled - self._pooled_mean
        self._towards = weight @ np.cov(pooled.T).astype(np.float32)
        self._rise = np.einsum("cf,cf->c", self._towards, weight - weight.mean(0))
        self._weight, self._bias = weight, bias

    def draw(self, rng: np.random.Generator, number: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Features (number, SEEN) float32, and classes (number,)."""
        classes = rng.integers(0, CLASSES, number)
        strength = rng.uniform(*_STRENGTH, number) / self._rise[classes]
        noise = rng.uniform(*_NOISE, number)[:, None] * self._rest[rng.integers(0, len(self._rest), number)]
        pooled = self._pooled_mean + strength[:, None] * self._towards[classes] + noise
        pooled = pooled.clip(0, _HIGHEST).astype(np.float32)
        features = np.empty((number, SEEN), np.float32)
        features[:, :DRAWN] = self._mean
        features[:, _POOLED] = pooled
        features[:, SEEN - CLASSES :] = pooled @ self._weight.T + self._bias
        return features, classes
