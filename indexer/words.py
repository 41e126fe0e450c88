"""The words of an item and of a query, brought to one form: what lexical search compares.

Lower case, without accents, and cut so that people find a name by any part of it: `IMG_2041.jpg` gives "img_2041", "img",
"2041" and "jpg". Scripts without spaces between words are cut into overlapping pairs of characters, as search engines
do (Lucene's CJK bigrams). Stemming and stop words come later, with the weights (`indexer.store.sparse`).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import PurePosixPath

from indexer.items import Payload

__all__ = [
    "WORD_FIELDS",
    "Found",
    "distinct_words",
    "is_compound",
    "item_words",
    "query_words",
    "split_words",
    "word_fields",
    "word_rows",
]

WORD_FIELDS = ("title", "keywords", "names", "paths", "text", "ocr")
"""Fields of the payload that words are taken from."""

_FOLDERS = 2  # how many of the folders above a file lend it their names
_MOST_CHARACTERS = 40_000  # of one field: a passage has about 1,500, a pathological keyword list may have any
# Letters, digits and marks that stand behind their letter, as macOS writes the accents of file names (Unicode's NFD).
_SIGNS = r"[\w\u0300-\u036f\u3099\u309a]+"
_RUN = re.compile(rf"{_SIGNS}(?:[-.'’&+]{_SIGNS})*")
_PIECE = re.compile(r"[^\W_]+")
# Between a lower-case letter and a capital, and between letters and digits: summerHouse2019 -> summer House 2019.
_SEAM = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
# Han, kana, hangul syllables, Thai, Lao, Khmer, Burmese: written without spaces, or with endings that grow onto words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+")
_UNSPACED_SIGN = re.compile(f"({_UNSPACED.pattern.removesuffix('+')})")

Found = tuple[str, int, int]
"""A word, and where what it was made of begins and ends in the text."""


def split_words(text: str) -> Iterator[Found]:
    r"""Words of a text in order, with their places; one stretch of text may give several.

    >>> [word for word, _, _ in split_words("IMG_2041.jpg: Café, summerHouse")]
    ['img_2041.jpg', 'img_2041', 'img', '2041', 'jpg', 'cafe', 'summerhouse', 'summer', 'house']
    >>> [word for word, _, _ in split_words("黒い猫, 2024_117")]
    ['黒い', 'い猫', '2024_117', '2024-117', '2024', '117']

    An accent may be part of its letter or a mark behind it: places are those of the text as it is.

    >>> list(split_words("Cafe\u0301 Noir"))
    [('cafe', 0, 5), ('noir', 6, 10)]
    """
    for run in _RUN.finditer(text):
        for word in _wholes(run[0]):
            yield word, run.start(), run.end()


def distinct_words(text: str) -> set[str]:
    """The words that `split_words` gives, each once, in no order and at half the cost."""
    return {word for run in set(_RUN.findall(text)) for word in _wholes(run)}


def query_words(text: str) -> list[str]:
    """The different words of a query, in order.

    A compound stands for its parts in documents, too, so here its parts alone are taken unless it holds a digit: then the
    compound itself finds the one file that is meant.

    >>> query_words("Red-haired cats and IMG_2041")
    ['red', 'haired', 'cats', 'and', 'img_2041', 'img', '2041']
    """
    found: dict[str, None] = {}
    for run in _RUN.finditer(text):
        words = _wholes(run[0])
        atoms = {word for word in words if _PIECE.fullmatch(word)}
        for word in words:
            if word in atoms or any(character.isdigit() for character in word):
                found.setdefault(word)
    return list(found)


def word_rows(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a text in a row, each stretch once: with runs of letters and digits whole, and cut at their seams.

    Signs of scripts that write no spaces are words of their own. Two texts say the same where either row is the same.

    >>> word_rows("Café summerHouse IMG2041.jpg")
    (('cafe', 'summerhouse', 'img2041', 'jpg'), ('cafe', 'summer', 'house', 'img', '2041', 'jpg'))
    """
    composed = unicodedata.normalize("NFC", text)
    pieces = [part for piece in _PIECE.findall(composed) for part in _UNSPACED_SIGN.split(piece) if part]
    seams = [part for piece in pieces for part in _SEAM.split(piece)]
    return tuple(map(_plain, pieces)), tuple(map(_plain, seams))


def is_compound(word: str) -> bool:
    """A word of a query that stands for several others of it.

    >>> [is_compound(word) for word in ("img_2041", "img2041", "2041", "cats")]
    [True, True, False, False]
    """
    return not _PIECE.fullmatch(word) or len(_SEAM.split(word)) > 1


def word_fields(payload: Payload) -> dict[str, Sequence[str]]:
    """Field -> its texts, as far as the payload has them. File and folder names stand for `names` and `paths`."""
    fields: dict[str, Sequence[str]] = {}
    for name in ("title", "keywords", "names", "text", "ocr"):
        value = payload.get(name)
        if value:
            fields[name] = [value] if isinstance(value, str) else [str(one) for one in value]
    folders = dict.fromkeys(part for path in payload.get("paths") or () for part in _folder_names(path))
    if folders:
        fields["paths"] = list(folders)
    return fields


def item_words(payload: Payload) -> str:
    """All words of an item in one line, separated by blanks; a word that stands twice counts twice.

    >>> item_words({"title": "Black cat", "names": ["cat.txt"], "paths": ["/home/me/pets/cat.txt"], "text": "It sleeps."})
    'black cat cat.txt cat txt it sleeps me pets'
    """
    words: list[str] = []
    for texts in word_fields(payload).values():
        for text in texts:
            for run in _RUN.findall(text[:_MOST_CHARACTERS]):
                words += _wholes(run)
    return " ".join(words)


def _folder_names(path: str) -> tuple[str, ...]:
    return PurePosixPath(path).parent.parts[1:][-_FOLDERS:]


@lru_cache(maxsize=1 << 16)  # a language has few words, and documents repeat them
def _wholes(run: str) -> tuple[str, ...]:
    """A run of letters, digits and what joins them -> itself, what stands before its last dot, numbers in a row, and parts."""
    run = unicodedata.normalize("NFC", run)
    pieces = _PIECE.findall(run)
    found: list[str] = []
    if len(pieces) > 1:
        found.append(_plain(run))
        stem = run.rpartition(".")[0]
        if stem and len(_PIECE.findall(stem)) > 1:
            found.append(_plain(stem))
        found += _numbers(pieces)
    for piece in pieces:
        found += _pieces(piece)
    return tuple(dict.fromkeys(found))


def _numbers(pieces: Sequence[str]) -> Iterator[str]:
    """Numbers in a row in one form, so that Invoice_2024-117.pdf and "invoice 2024-117" have one rare word in common."""
    for numbers, row in groupby(pieces, str.isdigit):
        parts = list(row)
        if numbers and len(parts) > 1:
            yield _plain("-".join(parts))


def _pieces(piece: str) -> Iterator[str]:
    unspaced = _UNSPACED.findall(piece)
    for stretch in unspaced:
        yield from (stretch[place : place + 2] for place in range(max(1, len(stretch) - 1)))
    for rest in _UNSPACED.split(piece) if unspaced else [piece]:
        if not rest:
            continue
        yield _plain(rest)
        parts = _SEAM.split(rest)
        if len(parts) > 1:
            yield from map(_plain, parts)


@lru_cache(maxsize=1 << 16)
def _plain(word: str) -> str:
    """Lower case, compatibility forms resolved, Latin accents off."""
    folded = unicodedata.normalize("NFKC", word).casefold()
    letters = unicodedata.normalize("NFD", folded)
    if letters != folded:
        bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
        folded = bare if bare.isascii() else unicodedata.normalize("NFC", folded)
    return folded
