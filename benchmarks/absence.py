"""Whether a collection holds anything that a query could mean: by the words that both share."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

__all__ = ["WordTable", "content_words", "list_words"]

_WORD = re.compile(r"[^\W\d_]{3,}")
_STOP_WORDS = """
about above after all also and any are based been before being between both but can could did does each etc few for from
given had has have having her here him his how into its just may more most must not off one only onto other our out over
own per same set she should some such than that the their them then there these they this those through too two under
until use used uses using very via was were what when where whether which while who why will with without would you your
return returns get gets
"""
_STOP = frozenset(_STOP_WORDS.split())
_ENDINGS = ("ations", "ation", "ings", "ing", "ies", "ers", "ed", "er", "es", "s", "e", "y")
_SHORTEST_STEM = 3


def content_words(text: str) -> frozenset[str]:
    """Words that say what a text is about, without their endings.

    >>> sorted(content_words("Returns the houses of foxes"))
    ['fox', 'hous']
    """
    return frozenset(list_words(text))


def list_words(text: str) -> list[str]:
    """The same in order, each as often as it stands there."""
    return [_stem(word) for word in _WORD.findall(text.casefold()) if word not in _STOP]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: -len(ending)]
    return word


class WordTable:
    """The content words of many items, to ask which of them a query shares."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._places: dict[str, list[int]] = defaultdict(list)
        for place, text in enumerate(texts):
            for word in content_words(text):
                self._places[word].append(place)

    def largest_share(self, query: str, among: Iterable[int] | None = None) -> float:
        """The largest part of the query's content words that one item holds, 0 to 1; 0 for a query that has none.

        >>> WordTable(["red foxes", "a blue car"]).largest_share("red blue car")
        0.6666666666666666
        """
        words = content_words(query)
        allowed = None if among is None else set(among)
        counts = Counter(place for word in words for place in self._places.get(word, ()) if allowed is None or place in allowed)
        return max(counts.values(), default=0) / max(1, len(words))
