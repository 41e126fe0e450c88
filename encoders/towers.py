"""What a tower is, and the two kinds that all models here are made of."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from encoders.errors import InputError
from encoders.network import in_order
from encoders.picture import PictureSpec, Pixels
from encoders.vectors import Vectors, unit_rows

__all__ = ["AnyNetwork", "PictureTower", "TextTower", "Tokens", "Tower", "checked_text"]

_PICTURES_A_CALL = 4  # measured best on 2 cores: larger batches leave the cache, one by one wastes a core

Tokens = Callable[[Sequence[str]], Iterable[tuple[list[int], tuple[NDArray[Any], ...]]]]
"""Texts -> batches: which texts are in it, and the network's inputs for them."""


class AnyNetwork(Protocol):
    """What a tower needs of its network: `encoders.runtime.Network`, or what stands for one."""

    @property
    def about(self) -> str:
        """What runs it, and why, for people."""

    def __call__(self, *arrays: NDArray[Any]) -> NDArray[np.float32]:
        """(n, d) float32; from any thread."""


class Tower(Protocol):
    """A network from one kind of input to a unit vector."""

    @property
    def modality(self) -> str:
        """What it takes: "text" or "image"."""

    @property
    def dimension(self) -> int:
        """Length of its vectors."""

    @property
    def fingerprint(self) -> str:
        """Hex; changes exactly when its vectors do."""

    @property
    def runtime(self) -> str:
        """What runs it, and why, for people."""

    def encode(self, contents: Sequence[Any]) -> Vectors:
        """(n, d) float32, unit rows, for n inputs; from any thread. Raises InputError for one it cannot take."""


class TextTower:
    """Texts -> unit vectors. Over-long texts are cut at `max_tokens`."""

    modality = "text"

    def __init__(
        self,
        network: AnyNetwork,
        tokens: Tokens,
        dimension: int,
        fingerprint: str,
        max_tokens: int,
        prompt: str = "",
    ) -> None:
        self.dimension = dimension
        self.fingerprint = fingerprint
        self.max_tokens = max_tokens  # of the text itself, special tokens and prompt not counted
        self._network = network
        self._tokens = tokens
        self._prompt = prompt

    @property
    def runtime(self) -> str:
        """What runs it, and why, for people."""
        return self._network.about

    def encode(self, contents: Sequence[str]) -> Vectors:
        """(n, d) float32, unit rows, for n texts. Raises InputError for an empty text."""
        if isinstance(contents, str):
            raise InputError("a text tower takes a list of texts, got one text")
        texts = [self._prompt + checked_text(text, place) for place, text in enumerate(contents)]
        vectors = np.empty((len(texts), self.dimension), np.float32)
        batches = list(self._tokens(texts))
        for (places, _), rows in zip(batches, in_order(self._network, (arrays for _, arrays in batches)), strict=True):
            vectors[places] = rows
        return unit_rows(vectors)


class PictureTower:
    """Prepared pictures -> unit vectors."""

    modality = "image"

    def __init__(self, network: AnyNetwork, spec: PictureSpec, dimension: int, fingerprint: str) -> None:
        self.dimension = dimension
        self.fingerprint = fingerprint
        self.spec = spec
        self._network = network

    @property
    def runtime(self) -> str:
        """What runs it, and why, for people."""
        return self._network.about

    def encode(self, contents: Sequence[Pixels]) -> Vectors:
        """(n, d) float32, unit rows, for n arrays (size, size, 3) uint8. Raises InputError for any other array."""
        pictures = [_checked_pixels(pixels, self.spec.size, place) for place, pixels in enumerate(contents)]
        starts = range(0, len(pictures), _PICTURES_A_CALL)
        answers = in_order(self._network, ((np.stack(pictures[start : start + _PICTURES_A_CALL]),) for start in starts))
        return unit_rows(np.concatenate(answers) if answers else np.empty((0, self.dimension), np.float32))


def checked_text(text: str, place: int) -> str:
    """Return the text as valid Unicode; raise InputError, naming its place, when there is nothing in it."""
    if not isinstance(text, str):
        raise InputError(f"text {place} is a {type(text).__name__}, not text")
    if not text.strip():
        raise InputError(f"text {place} is empty: there is nothing to encode")
    # Lone surrogates (from file names, broken JSON) are no Unicode, and tokenizers refuse them.
    return text.encode("utf-8", "replace").decode("utf-8")


def _checked_pixels(pixels: Pixels, size: int, place: int) -> Pixels:
    array = np.asarray(pixels)
    if array.size == 0:
        raise InputError(f"picture {place} has no pixels")
    if array.shape != (size, size, 3) or array.dtype != np.uint8:
        raise InputError(
            f"picture {place} must be ({size}, {size}, 3) uint8, as encoders.picture.prepare makes it with this "
            f"model's picture_spec; got {array.shape} {array.dtype}"
        )
    return array
