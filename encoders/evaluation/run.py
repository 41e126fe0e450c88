"""Measure a model on pairs: queries through its query towers, items through its candidate towers, and the other way round."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from encoders.dual import DualEncoder
from encoders.errors import FileError, InputError
from encoders.evaluation.comparison import Comparison, Difference, compare
from encoders.evaluation.encoding import Encoded, Progress, Reader, Side, content_modality
from encoders.evaluation.measure import (
    BACKWARD,
    FORWARD,
    Direction,
    Estimate,
    Evaluation,
    Subject,
    evaluate_vectors,
    measure,
)
from encoders.evaluation.ranking import rank
from encoders.training.pairs import Content, Joined, PairSet, Refused
from encoders.vectors import Vectors

__all__ = [
    "BACKWARD",
    "FORWARD",
    "Comparison",
    "Difference",
    "Direction",
    "Estimate",
    "Evaluation",
    "Subject",
    "compare",
    "evaluate",
    "evaluate_vectors",
]

_NOTHING = "nothing is left to measure on"


@dataclass(frozen=True)
class _Table:
    """Pairs, with everything that is there twice merged: n queries, m items."""

    queries: tuple[Content, ...]
    items: tuple[Content, ...]
    item_ids: tuple[str, ...]
    right: tuple[tuple[int, int], ...]  # (query, item)
    query_groups: tuple[str, ...]  # queries of one group are resampled together
    item_groups: tuple[str, ...]


def evaluate(
    encoder: DualEncoder,
    pairs: PairSet,
    directions: Collection[str] = (FORWARD, BACKWARD),
    *,
    popularity: Mapping[str, float] | None = None,
    rounds: int = 1000,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Evaluation:
    """Measure `encoder` on `pairs`, ranking all items for every query and all queries for every item.

    The same query in several pairs is one query with several right items; pairs of one item_id are one item with several
    queries. Queries of one group (without groups: of one item) are resampled together for the intervals. Weights and known
    negatives are for training and play no part. `popularity`: item_id -> how often training saw it, for the tail share.

    A picture that cannot be read is named in `refused` and left out; who loses the last right answer is not asked. "item to
    query" is left out with a note where the model has no towers for it. Raises InputError when there is nothing to measure
    on, and when the model lacks a tower for "query to item".
    """
    begun = time.perf_counter()
    _check_directions(directions)
    if not pairs.pairs:
        raise InputError(f"{pairs.name} has no pairs to evaluate on{_first_reason(pairs.refused)}")
    table = _merge(pairs)
    reader = Reader(encoder, on_progress or (lambda what, done, total: None))
    notes: list[str] = []
    failures: dict[str, str] = {}
    measured = []
    for direction in (FORWARD, BACKWARD):
        if direction not in directions:
            continue
        missing = _missing(reader, table, direction)
        if missing and (direction == FORWARD or FORWARD not in directions):
            raise InputError(f"{missing}. Choose another model, or data of its kind (python -m encoders cards lists both)")
        if missing:
            notes.append(f"{direction} is left out: {missing}.")
            continue
        catalogue = None if popularity is None or direction == BACKWARD else [popularity.get(i, 0.0) for i in table.item_ids]
        measured.append(_measure(reader, table, direction, catalogue, failures, rounds=rounds, seed=seed))
    subject = Subject(
        model=encoder.card.id,
        runtime=encoder.runtime,
        dimension=encoder.dimension,
        data=pairs.name,
        fingerprint=_fingerprint(pairs, notes),
        pairs=len(pairs.pairs),
    )
    refused = (*pairs.refused, *(Refused(where, why) for where, why in failures.items()))
    notes += [note for one in measured for note in _small(one)]
    return Evaluation(tuple(measured), time.perf_counter() - begun, subject, refused, tuple(notes))


def _check_directions(directions: Collection[str]) -> None:
    unknown = set(directions) - {FORWARD, BACKWARD}
    if unknown or not directions:
        raise InputError(f"directions are {FORWARD!r} and {BACKWARD!r}, got {sorted(directions)}")


def _merge(pairs: PairSet) -> _Table:
    """Equal queries and equal item ids become one. Groups as in `PairSet.split`; a query is in that of its first item."""
    item_places = {item_id: place for place, item_id in enumerate(pairs.items)}
    together = Joined()
    for pair in pairs.pairs:
        together.join(("item", pair.item_id), ("group", pair.group) if pair.group else ("item", pair.item_id))
    item_groups = [str(together.root(("item", item_id))) for item_id in item_places]
    query_places: dict[Content, int] = {}
    query_groups: list[str] = []
    right: dict[tuple[int, int], None] = {}
    for pair in pairs.pairs:
        place = query_places.setdefault(pair.query, len(query_places))
        item = item_places[pair.item_id]
        if place == len(query_groups):
            query_groups.append(item_groups[item])
        right[place, item] = None
    items = pairs.items
    return _Table(
        tuple(query_places), tuple(items.values()), tuple(items), tuple(right), tuple(query_groups), tuple(item_groups)
    )


def _sides(table: _Table, direction: str) -> tuple[tuple[str, Sequence[Content], Side], tuple[str, Sequence[Content], Side]]:
    """Who asks and who is ranked: (name, contents, side) of both."""
    if direction == FORWARD:
        return ("queries", table.queries, "query"), ("items", table.items, "candidate")
    return ("items", table.items, "query"), ("queries", table.queries, "candidate")


def _missing(reader: Reader, table: _Table, direction: str) -> str:
    """What the model lacks for this direction, or nothing."""
    for name, contents, side in _sides(table, direction):
        counts = {"text": 0, "image": 0}
        for content in contents:
            counts[content_modality(content)] += 1
        for modality, count in counts.items():
            if count and not reader.takes(side, modality):
                kind = "pictures" if modality == "image" else "texts"
                role = "queries" if side == "query" else "candidates"
                model = reader.encoder.card.id
                return f"{model} takes no {kind} as {role}, and {count:,} of the {len(contents):,} {name} are {kind}"
    return ""


def _measure(
    reader: Reader,
    table: _Table,
    direction: str,
    popularity: Sequence[float] | None,
    failures: dict[str, str],
    *,
    rounds: int,
    seed: int,
) -> Direction:
    asking, ranked = _sides(table, direction)
    asked, found = reader.encode(*asking), reader.encode(*ranked)
    for (_, contents, _), encoded in ((asking, asked), (ranked, found)):
        failures.update({_label(contents[place]): why for place, why in encoded.failed.items()})
    right = table.right if direction == FORWARD else tuple((item, query) for query, item in table.right)
    rows, columns, truth = _what_is_left(right, asked, found)
    if not rows:
        raise InputError(f"{_NOTHING}: no pair has both sides that can be read{_first_failure(failures)}")
    ranking = rank(_pick(asked.vectors, rows), _pick(found.vectors, columns), truth)
    groups = table.query_groups if direction == FORWARD else table.item_groups
    kept = None if popularity is None else [popularity[column] for column in columns]
    measured = measure(direction, ranking, [groups[row] for row in rows], popularity=kept, rounds=rounds, seed=seed)
    return replace(
        measured,
        queries=tuple(_label(asking[1][row]) for row in rows),
        candidates=tuple(_label(ranked[1][column]) for column in columns),
    )


def _what_is_left(
    right: Iterable[tuple[int, int]], asked: Encoded, found: Encoded
) -> tuple[list[int], list[int], list[set[int]]]:
    """Rows of queries and columns of candidates that can be used, and the truth in places among them."""
    columns = [place for place in range(len(found.vectors)) if place not in found.failed]
    places = {column: place for place, column in enumerate(columns)}
    wanted: dict[int, set[int]] = {}
    for row, column in right:
        if row not in asked.failed and column in places:
            wanted.setdefault(row, set()).add(places[column])
    rows = sorted(wanted)
    return rows, columns, [wanted[row] for row in rows]


def _label(content: Content) -> str:
    """What a content is called in a report: a text is itself, a picture its path; always text that can be printed."""
    return str(content).encode("utf-8", "backslashreplace").decode("utf-8")


def _fingerprint(pairs: PairSet, notes: list[str]) -> str:
    try:
        return pairs.fingerprint
    except FileError as error:  # a picture that is gone must not cost the others
        notes.append(f"these data have no fingerprint: {error}.")
        return ""


def _pick(vectors: Vectors, rows: Sequence[int]) -> Vectors:
    """Some rows, in order; all of them are not copied."""
    return vectors if len(rows) == len(vectors) else vectors[rows]


def _small(direction: Direction) -> list[str]:
    """What makes numbers look better or surer than they are."""
    ranking = direction.ranking
    notes = []
    if ranking.candidates == 1:
        notes.append(f"{direction.name}: there is one candidate only, so every model finds it first.")
    elif ranking.candidates <= 10:
        notes.append(f"{direction.name}: with {ranking.candidates} candidates R@10 is 1 whatever the model.")
    groups = len(np.unique(direction.groups))
    if groups < 10:
        some = "only 1 group, so there are no intervals" if groups == 1 else f"only {groups} groups, too few for good intervals"
        notes.append(f"{direction.name}: the queries form {some}.")
    return notes


def _first_reason(refused: Sequence[Refused]) -> str:
    return f": {len(refused):,} were refused, the first is {refused[0].where}: {refused[0].why}" if refused else ""


def _first_failure(failures: Mapping[str, str]) -> str:
    return f" ({next(iter(failures.values()))})" if failures else ""
