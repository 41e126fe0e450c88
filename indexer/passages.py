"""Text to passages that fit a text tower: cut at paragraph and sentence ends, with some overlap, losing nothing."""

import re
from functools import lru_cache
from itertools import accumulate, pairwise

__all__ = ["OVERLAP", "PASSAGE_SHARE", "estimate_tokens", "split_passages", "title_line", "titled"]

OVERLAP = 0.15
"""Share of a passage that the next one repeats, so that a sentence at a cut is whole in one of the two."""

PASSAGE_SHARE = 0.75
"""How much of what a tower reads a passage may fill: passages are cut by an estimate, and what is over would go unread."""

_FILL = 0.6  # a passage is at least this full before a good place to cut is taken
_TITLE_SHARE = 4  # a title may take 1/4 of what the tower reads

# A unit is never cut. Runs are bounded, so a line of a million letters is many units.
_UNIT = re.compile(r"[A-Za-z]{1,16}|[0-9]{1,8}|[^\W\d_A-Za-z]{1,8}|\S")
_SENTENCE_END = frozenset(".!?…")
_SENTENCE_END_WIDE = frozenset("。！？｡؟।")
_CLOSING = frozenset("\"')]}”’»」』）")
_VOWELS = frozenset("aeiouyAEIOUY")
_NEVER, _NOTHING, _SPACE, _LINE, _SENTENCE, _PARAGRAPH = range(6)


def estimate_tokens(text: str) -> int:
    """How many tokens a tower's tokenizer makes of this, rather too many than too few.

    Short words count one, long ones one for every four letters, digits and abbreviations without a vowel one for every
    two, letters of other alphabets two for every three, signs of scripts that write no spaces (Chinese, Japanese,
    Thai ...) one each. Towers made for English alone cut German, Russian or Arabic finer than that, by up to a third.

    >>> estimate_tokens("two words"), estimate_tokens("internationalization"), estimate_tokens("猫が好き")
    (2, 5, 4)
    """
    return sum(_cost(unit[0]) for unit in _UNIT.finditer(text))


def split_passages(text: str, max_tokens: int) -> list[str]:
    """Text -> passages of at most `max_tokens` estimated tokens each, in order, overlapping by about 15%.

    Every word is in at least one passage. Takes time linear in the length of the text. A unit that alone costs more
    than `max_tokens` still becomes a passage of its own.

    >>> split_passages("One is here. Two is here. Three is here.", 8)  # too small to overlap
    ['One is here. Two is here.', 'Three is here.']
    """
    units = list(_UNIT.finditer(text))
    if not units:
        return []
    total = [0, *accumulate(_cost(unit[0]) for unit in units)]  # total[k]: tokens before unit k
    breaks = _breaks(text, units)
    out = []
    start, count = 0, len(units)
    while True:
        stop = start + 1
        while stop < count and total[stop + 1] - total[start] <= max_tokens:
            stop += 1
        if stop < count:
            stop = _cut(breaks, total, start, stop, max_tokens)
        out.append(text[units[start].start() : units[stop - 1].end()])
        if stop == count:
            return out
        start = _resume(breaks, total, start, stop, max_tokens)


def title_line(title: str | None, max_tokens: int) -> str:
    r"""A title and a line end, to stand before a passage; shortened to a quarter of `max_tokens`, "" for no title.

    >>> title_line("A day at the sea", 64)
    'A day at the sea\n'
    """
    if not title:
        return ""
    parts = split_passages(title, max_tokens // _TITLE_SHARE) if max_tokens >= _TITLE_SHARE else []
    if not parts or estimate_tokens(parts[0]) > max_tokens // _TITLE_SHARE:
        return ""
    return parts[0] + "\n"


def titled(heading: str, text: str) -> str:
    r"""What a tower reads of a passage: the line of `title_line` before it, unless it begins with that itself.

    >>> titled("Tea\n", "Boil water."), titled("Tea\n", "Tea is drunk hot.")
    ('Tea\nBoil water.', 'Tea is drunk hot.')
    """
    return text if text.startswith(heading.rstrip()) else heading + text


@lru_cache(maxsize=1 << 16)  # words repeat
def _cost(unit: str) -> int:
    first, length = unit[0], len(unit)
    if first < "\x80":
        if not first.isalpha() or _VOWELS.isdisjoint(unit):  # 2023, ctx, html
            return -(-length // 2)
        return 1 if length <= 7 else -(-length // 4)
    if any(sign >= "\u0e00" for sign in unit):  # Thai and what follows it in Unicode; emoji are two
        return sum(1 if sign <= "\uffff" else 2 for sign in unit)
    return -(-2 * length // 3)


def _breaks(text: str, units: list[re.Match[str]]) -> list[int]:
    """How good a place to cut is before each unit; one more at the end."""
    out = [_PARAGRAPH]
    for before, after in pairwise(units):
        gap = text[before.end() : after.start()]
        sign = before[0]
        if "\n" in gap and gap.count("\n") > 1:
            out.append(_PARAGRAPH)
        elif sign in _SENTENCE_END_WIDE or (gap and _ends_sentence(text, before.end())):
            out.append(_SENTENCE)
        elif "\n" in gap:
            out.append(_LINE)
        else:
            out.append(_SPACE if gap else _NOTHING if after[0][0].isalnum() else _NEVER)  # no passage begins with a comma
    return [*out, _PARAGRAPH]


def _ends_sentence(text: str, end: int) -> bool:
    last = end - 1
    if text[last] in _CLOSING and last:  # She said "yes." And left.
        last -= 1
    return text[last] in _SENTENCE_END


def _cut(breaks: list[int], total: list[int], start: int, stop: int, max_tokens: int) -> int:
    """The best place to end a passage that must end at `stop` at the latest: the best kind of break, then the last."""
    least = total[start] + _FILL * max_tokens
    best = stop
    for at in range(stop, start, -1):
        if total[at] < least or breaks[best] == _PARAGRAPH:
            break
        if breaks[at] > breaks[best]:
            best = at
    return best


def _resume(breaks: list[int], total: list[int], start: int, stop: int, max_tokens: int) -> int:
    """Where the next passage begins: inside the overlap, the best kind of break, then the first; always after start."""
    best = stop
    kind = _NOTHING
    for at in range(stop - 1, start, -1):
        if total[stop] - total[at] > OVERLAP * max_tokens:
            break
        if breaks[at] >= kind:
            best, kind = at, breaks[at]
    return best
