"""Judgements that people gave while they searched -> pairs: what fits is an answer, what does not is a wrong one.

The columns are those of `pair_rows`, and `judgement`: 1 fits, -1 does not, 0 takes back what was said before. The last
word on a query and an item counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from encoders.errors import InputError
from encoders.training.pair_rows import Drawn
from encoders.training.pairs import Content, Pair, Refused

__all__ = ["judged_pairs", "judgement_of"]


def judgement_of(value: object) -> int:
    """1, 0 or -1, as the file says it. Raises InputError for anything else.

    >>> judgement_of("-1")
    -1
    """
    known = {"1": 1, "+1": 1, "0": 0, "-1": -1}.get(str(value).strip())
    if known is None or isinstance(value, bool):
        raise InputError(f"the judgement {value!r} is none: 1 fits, -1 does not, 0 takes it back")
    return known


def judged_pairs(judged: Iterable[tuple[int, Drawn]]) -> Iterator[Drawn | Refused]:
    """Pairs of everything that was judged, in order of time -> one pair for each answer that fits, the wrong ones with it.

    A query to which nothing fits teaches nothing yet: what was said of it is named as refused.
    """
    last: dict[tuple[Content, str], tuple[int, Drawn, Pair]] = {}
    for judgement, drawn in judged:
        if drawn.pair is not None:
            key = (drawn.pair.query, drawn.pair.item_id)
            last.pop(key, None)
            last[key] = (judgement, drawn, drawn.pair)
    wrong: dict[Content, list[tuple[Drawn, Pair]]] = {}
    for judgement, drawn, pair in last.values():
        if judgement < 0:
            wrong.setdefault(pair.query, []).append((drawn, pair))
    answered = set()
    for judgement, drawn, pair in last.values():
        if judgement > 0:
            answered.add(pair.query)
            against = [other for _, other in wrong.get(pair.query, ())]
            others = tuple((other.item_id, other.item) for other in against)
            yield replace(drawn, pair=replace(pair, negatives=tuple(other.item_id for other in against)), others=others)
    for query, rest in wrong.items():
        if query not in answered:
            yield from (Refused(drawn.where, "nothing fits this query yet, so it cannot be learnt from") for drawn, _ in rest)
