"""Why an item answered: which signals brought it, how much each counts, and which of its words are the query's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.items import Payload
from indexer.store.base import FusedItem
from indexer.store.sparse import word_stems
from indexer.words import distinct_words, query_words, split_words, word_fields
from search.hits import Reason

__all__ = ["Asked", "give_reasons", "highlight", "read_words"]

_SIGNALS = {
    "title": "words",
    "keywords": "words",
    "text": "words",
    "ocr": "words in the picture",
    "names": "name",
    "paths": "name",
}
_SAYS = {
    "words": "says {words}",
    "words in the picture": "shows the words {words}",
    "name": "its name has {words}",
    "phrase": "holds {words}",
}
_MOST_WORDS = 6  # named in one reason
_MOST_CHARACTERS = 20_000  # of one field that are looked at


@dataclass(frozen=True)
class Asked:
    """The words of a query, as they are compared."""

    words: tuple[str, ...]  # without stop words
    stems: tuple[int, ...]  # one each
    peaks: tuple[float, ...]  # the BM25 of the item that each suits best; 0: no item holds it


def read_words(text: str | None) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Words of a query that count, and their stems."""
    words = query_words(text or "")
    pairs = [(word, stem) for word, stem in zip(words, word_stems(words), strict=True) if stem is not None]
    return tuple(word for word, _ in pairs), tuple(stem for _, stem in pairs)


def give_reasons(
    item: FusedItem,
    surprise: float,
    words_slope: float,
    asked: Asked,
    held: Sequence[str] = (),
    phrase: float = 0.0,
    gain: float = 0.0,
) -> tuple[Reason, ...]:
    """Signals of one hit with their shares, which add up to 1, the largest first.

    `surprise`: evidence of its cosine alone; `phrase`: of each phrase that it holds. The words' evidence goes to the
    fields that hold them, by the words' weight. `gain`: of a second look (`search.rerank`); what speaks against the item
    is no reason that it answered.
    """
    evidence: dict[str, float] = {"meaning": surprise, "second look": max(0.0, gain)}
    named: dict[str, list[str]] = {}
    if item.words > 0:
        weights: dict[str, float] = {}
        for signal, words in _found(item.payload, asked).items():
            named[signal] = list(words)
            weights[signal] = sum(words.values())
        total = sum(weights.values())
        for signal, weight in weights.items():
            evidence[signal] = words_slope * item.words * weight / total if total else 0.0
    if held:
        named["phrase"], evidence["phrase"] = list(held), phrase * len(held)
    whole = sum(evidence.values())
    shares = {signal: part / whole if whole > 0 else float(signal == "meaning") for signal, part in evidence.items()}
    told = [Reason(signal, round(share, 3), _told(signal, item, named)) for signal, share in shares.items() if share > 0.005]
    return tuple(sorted(told, key=lambda reason: -reason.share))


def highlight(text: str, asked: Asked) -> tuple[tuple[int, int], ...]:
    """Where the query's words stand in a text: (begin, end) of each, in order, none overlapping.

    Words of one stem count as the same, so "cats" is marked where "cat" was asked for.
    """
    if not asked.stems or not text:
        return ()
    wanted = set(asked.stems)
    found = list(split_words(text))
    marks: dict[tuple[int, int], None] = {}
    for (_, start, end), stem in zip(found, word_stems([word for word, _, _ in found]), strict=True):
        if stem in wanted:
            marks.setdefault((start, end))
    return tuple(marks)


def _found(payload: Payload, asked: Asked) -> dict[str, dict[str, float]]:
    """Signal -> the query's words that its fields hold, each with its weight."""
    weights = dict(zip(asked.stems, zip(asked.words, asked.peaks, strict=True), strict=True))
    found: dict[str, dict[str, float]] = {}
    for field, texts in word_fields(payload).items():
        held = _stems_of(texts)
        words = {word: peak for stem, (word, peak) in weights.items() if stem in held}
        if words:
            found.setdefault(_SIGNALS[field], {}).update(words)
    return found


def _stems_of(texts: Sequence[str]) -> set[int | None]:
    words = {word for text in texts for word in distinct_words(text[:_MOST_CHARACTERS])}
    return set(word_stems(list(words)))


def _told(signal: str, item: FusedItem, named: Mapping[str, list[str]]) -> str:
    if signal == "meaning":
        return f"close in meaning (similarity {item.cosine:.2f})"
    if signal == "second look":
        return "better, looked at again together with the query"
    words = [f"“{word}”" for word in named[signal][:_MOST_WORDS]]
    return _SAYS[signal].format(words=", ".join(words))
