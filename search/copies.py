"""Documents that say the same: two versions of a letter, a PDF and the file that it was made of.

Judged by what is stored of the passages that a search brought: their words, and their vectors for a second opinion. Files of
different kinds are cut into different passages, so what counts is how much of the shorter side stands in the longer one as
well (containment of rows of three words, Broder 1997). Numbers must agree: two invoices differ in nothing else.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

import numpy as np

from encoders.vectors import Vectors
from indexer.items import Payload
from indexer.words import word_rows

__all__ = ["SameTexts", "Text", "cosine_of", "likely_copies", "read_texts", "same_text", "words_of"]

_PIECE = re.compile(r"[^\W_]+")
_ROW = 3  # words
_SHARED = 0.85  # of the rows of the shorter side: about one word of twenty may differ
_FEWEST = 12  # words: shorter texts must be equal
_LONG = 8  # letters: such words are few, and tell texts apart
_FEWEST_LONG = 6  # with fewer, all words count
_ALIKE = 0.5  # of the long words of the shorter passage: with less in common, texts are not compared
_MOST_CHARACTERS = 20_000  # of a passage
_COMPARED = 128  # passages of a pool: time and memory grow with their square


@dataclass
class Text:
    """What a search brought of one document."""

    ids: list[str] = field(default_factory=list)  # of its passages, the best first
    passages: list[str] = field(default_factory=list)
    pages: set[str] = field(default_factory=set)  # their numbers, which may be printed on them

    @cached_property
    def words(self) -> list[tuple[str, ...]]:
        """Of each passage, in one form."""
        return [words_of(passage) for passage in self.passages]

    @cached_property
    def rows(self) -> frozenset[tuple[str, ...]]:
        """All rows of three words, wherever they stand."""
        return frozenset(row for words in self.words for row in zip(*(words[start:] for start in range(_ROW)), strict=False))

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Words that hold a digit, but for the numbers of pages."""
        held = {word for words in self.words for word in words if any(map(str.isdigit, word))}
        return frozenset(held - self.pages)


def read_texts(passages: Iterable[tuple[str, Payload]]) -> dict[str, Text]:
    """(id, payload) of passages, the best first -> content -> its text, in that order, of those that have any."""
    texts: dict[str, Text] = {}
    for item, payload in passages:
        if written := str(payload.get("text") or "")[:_MOST_CHARACTERS]:
            text = texts.setdefault(str(payload.get("content", item)), Text())
            text.ids.append(item)
            text.passages.append(written)
            text.pages.update({str(payload["page"])} if payload.get("page") else ())
    return texts


def likely_copies(texts: Sequence[Text]) -> list[tuple[int, int]]:
    """Places of two texts each, the earlier first, that have enough long words in common to be worth a closer look; sorted."""
    sketches = [(place, _sketch(passage)) for place, text in enumerate(texts) for passage in text.passages]
    counts = Counter(word for _, sketch in sketches for word in sketch)
    columns = {word: column for column, word in enumerate(word for word, count in counts.items() if count > 1)}
    if not columns:
        return []
    held = [(row, columns[word]) for row, (_, sketch) in enumerate(sketches) for word in sketch if word in columns]
    holds = np.zeros((len(sketches), len(columns)), np.float32)
    holds[tuple(np.array(held).T)] = 1
    sizes = np.array([len(sketch) for _, sketch in sketches])
    places = np.array([place for place, _ in sketches])
    near = (holds @ holds.T >= _ALIKE * np.minimum.outer(sizes, sizes)) & np.less.outer(places, places)
    ones, others = np.nonzero(near)
    return sorted(set(zip(places[ones].tolist(), places[others].tolist(), strict=True)))


def same_text(one: Text, other: Text) -> bool:
    """Nearly everything that the shorter one says, the other says word for word, and with the same numbers.

    A longer text may hold further ones.

    >>> letter = "The contract ends thirty days after a notice in writing that names its reason, but not within"
    >>> letter += " the first year, and keys are to be handed over on its last day, at noon, in the office of the house"
    >>> versions = [letter.replace("thirty", days) for days in ("thirty", "ninety", "30", "90")]
    >>> texts = [(version, {"text": version}) for version in versions]
    >>> one, two, three, four = read_texts(texts).values()
    >>> same_text(one, two), same_text(three, four)
    (True, False)
    """
    short, long = sorted((one, other), key=lambda text: len(text.rows))
    if sum(map(len, short.words)) < _FEWEST:
        return short.words == long.words
    shared = len(short.rows & long.rows)
    if shared < _SHARED * len(short.rows):
        return False
    ours, theirs = short.numbers - long.pages, long.numbers - short.pages
    return ours == theirs if shared >= _SHARED * len(long.rows) else ours <= theirs


class SameTexts:
    """Which documents of a pool say what one before them says."""

    def __init__(self, passages: Iterable[tuple[str, Payload]]) -> None:
        """(id, payload) of passages, the best first; so many of them are compared with each other."""
        self._texts = read_texts(islice(passages, _COMPARED))
        contents, texts = list(self._texts), list(self._texts.values())
        self._before: dict[str, list[str]] = {}
        for one, other in likely_copies(texts):
            if same_text(texts[one], texts[other]):
                self._before.setdefault(contents[other], []).append(contents[one])

    @property
    def passages(self) -> list[str]:
        """Ids of all passages of documents that say the same: their vectors have to be looked at."""
        contents = dict.fromkeys(each for content, others in self._before.items() for each in (content, *others))
        return [item for content in contents for item in self._texts[content].ids]

    def before(self, content: str) -> Sequence[str]:
        """Contents that say the same and come first, in order."""
        return self._before.get(content, ())

    def cosine(self, vectors: Mapping[str, Vectors | None], one: str, other: str) -> float:
        """Of the two nearest passages of two contents."""
        pairs = ((ours, theirs) for ours in self._texts[one].ids for theirs in self._texts[other].ids)
        return max(cosine_of(vectors, *pair) for pair in pairs)


def cosine_of(vectors: Mapping[str, Vectors | None], one: str, other: str) -> float:
    """Cosine of two items by id; -1 where one of them was deleted meanwhile."""
    pair = vectors.get(one), vectors.get(other)
    return -1.0 if pair[0] is None or pair[1] is None else float(pair[0] @ pair[1])


def words_of(passage: str) -> tuple[str, ...]:
    """`word_rows(passage)[0]`; for ASCII alone ten times as quick."""
    return tuple(_PIECE.findall(passage.lower())) if passage.isascii() else word_rows(passage)[0]


def _sketch(passage: str) -> set[str]:
    words = set(passage.casefold().split())
    long = {word for word in words if len(word) >= _LONG}
    return long if len(long) >= _FEWEST_LONG else words
