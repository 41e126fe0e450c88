"""Words as sparse vectors: BM25 (Robertson and Zaragoza 2009), whose inverse document frequency the engine adds when asked.

Documents carry the term-frequency part, queries ones, and both engines multiply by the IDF that they keep themselves
(`Modifier.IDF`). Stemming and stop words are Qdrant Edge's own English ones; words of other languages pass as they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from indexer.items import Payload
from indexer.words import item_words

if TYPE_CHECKING:
    from qdrant_edge import Bm25

__all__ = ["WORDS", "SparseWords", "embed_item", "embed_query", "word_stems"]

WORDS = "words"
"""Name of the sparse vector of every collection."""

_AVERAGE = 100.0  # words of an item: between a picture's name and a passage


@dataclass(frozen=True)
class SparseWords:
    """A sparse vector: different indices (n,), a weight above 0 for each."""

    indices: Sequence[int]
    values: Sequence[float]

    def __bool__(self) -> bool:
        return bool(self.indices)


def embed_item(payload: Payload) -> SparseWords:
    """Term frequencies of the words of an item, saturated and brought to one length."""
    return _taken(_model().embed_document(item_words(payload)))


def embed_query(words: Sequence[str]) -> SparseWords:
    """Ones for words as `indexer.words.query_words` gives them; stop words are left out, so it may be empty."""
    return _taken(_model().embed_query(" ".join(words)))


def word_stems(words: Sequence[str]) -> list[int | None]:
    """For each word a number that all words of its stem share, None for stop words."""
    return [_stem(word) for word in words]


@lru_cache(maxsize=1 << 16)  # the hits of a query hold the same words again and again
def _stem(word: str) -> int | None:
    indices = _model().embed_query(word).indices
    return indices[0] if indices else None


@cache
def _model() -> "Bm25":
    from qdrant_edge import Bm25, Bm25Config, TokenizerType

    return Bm25(Bm25Config(tokenizer=TokenizerType.Whitespace, language="english", avg_len=_AVERAGE))


def _taken(vector: Any) -> SparseWords:
    return SparseWords(vector.indices, vector.values)
