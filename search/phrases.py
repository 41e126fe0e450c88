"""Phrases in quotes: which of a query's words are meant exactly as they stand, and which items hold them.

Words are compared in the form that lexical search gives them (`indexer.words`): case, accents and what joins them do not
count, so "invoice 2024-117" is found in Invoice_2024-117.pdf, but "no table" is not found in notable.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from indexer.items import Payload
from indexer.words import word_rows

__all__ = ["PHRASE_FIELDS", "find_phrases", "held_phrases", "unquoted"]

PHRASE_FIELDS = ("title", "names", "keywords", "text", "ocr")
"""Fields of the payload that a phrase may stand in, whole."""

# A straight quote opens where no word ends and closes where none begins, so 24" is a size and opens nothing.
_QUOTED = re.compile(r'(?<!\w)"([^"]*)"(?!\w)|[“„”]([^“”„]+)[“”]|«([^«»]+)»|»([^«»]+)«|「([^「」]+)」|『([^『』]+)』')
_SIGN = re.compile(r"[^\w\u0300-\u036f]")  # neither of a word nor a mark on a letter
_MOST_PHRASES = 8  # of one query
_MOST_CHARACTERS = 40_000  # of one field that are looked at


def find_phrases(text: str) -> tuple[str, ...]:
    """What stands in quotes in a query, each once, as it was written; a quote without its pair makes no phrase.

    >>> find_phrases('the “black cat” and "invoice 2024-117", 24" wide')
    ('black cat', 'invoice 2024-117')
    """
    found = (" ".join(next(part for part in quoted.groups() if part is not None).split()) for quoted in _QUOTED.finditer(text))
    return tuple(dict.fromkeys(phrase for phrase in found if any(word_rows(phrase))))[:_MOST_PHRASES]


def unquoted(text: str) -> str:
    """The same words without the quotes of phrases: what a tower reads.

    >>> unquoted('the "black cat" of 24" width')
    'the black cat of 24" width'
    """
    return _QUOTED.sub(lambda quoted: next(part for part in quoted.groups() if part is not None), text)


def held_phrases(payload: Payload, phrases: Sequence[str]) -> tuple[str, ...]:
    """Those of the phrases that stand in one field of an item, word for word."""
    if not phrases:
        return ()
    texts = [text[:_MOST_CHARACTERS] for text in _texts(payload)]
    return tuple(phrase for phrase in phrases if any(_holds(text, phrase) for text in texts))


def _holds(text: str, phrase: str) -> bool:
    rows, pattern = _asked(phrase)
    if not rows or not pattern.search(_folded(text)):
        return False  # most texts: cutting each into words would take a second
    held = [_joined(row) for row in word_rows(text)]
    return any(row in one for row in rows for one in held)


@lru_cache(maxsize=64)
def _asked(phrase: str) -> tuple[tuple[str, ...], re.Pattern[str]]:
    """Its rows of words, joined, and what a text that holds it matches in its folded form."""
    rows = word_rows(phrase)
    pattern = re.compile(r"[\W_]*".join(re.escape(_folded(word)) for word in rows[1]))
    return tuple(_joined(row) for row in rows if any(row)) if any(rows) else (), pattern


def _folded(text: str) -> str:
    """Without case and any marks: a text that holds words in a row also holds them in this form."""
    if text.isascii():
        return text.lower()
    composed = _SIGN.sub(" ", unicodedata.normalize("NFC", text))
    letters = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", composed).casefold())
    return _SIGN.sub(" ", "".join(letter for letter in letters if not unicodedata.combining(letter)))


def _texts(payload: Payload) -> list[str]:
    values = [payload[field] for field in PHRASE_FIELDS if payload.get(field)]
    return [text for value in values for text in ([value] if isinstance(value, str) else map(str, value))]


def _joined(row: Sequence[str]) -> str:
    """A row of words as one text in which only whole words can be found."""
    return "\n" + "\n".join(row) + "\n"
