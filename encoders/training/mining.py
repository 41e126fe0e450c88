"""Hard negatives, mined from the whole catalogue or picked from a batch, and the false ones among them, masked.

Throughout, `margin` says how far below the positive a negative has to stay: what comes closer is more likely an answer that
nobody has labelled than a wrong one.
"""

from collections.abc import Collection, Hashable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from encoders.errors import InputError
from encoders.training.scores import own_cells, own_columns
from encoders.vectors import Vectors

__all__ = ["false_negatives_by_guide", "false_negatives_by_id", "hardest_columns", "mine_hard_negatives"]

_CELLS = 1 << 24  # scores in memory at a time: 64 MB of float32


def mine_hard_negatives(
    queries: Vectors,
    items: Vectors,
    positives: Sequence[Collection[int]],
    number: int,
    relative_margin: float = 0.05,
    skip: int = 0,
    guide: tuple[Vectors, Vectors] | None = None,
    item_ids: Sequence[Hashable] | None = None,
) -> list[NDArray[np.int64]]:
    """(n, d) queries and (m, d) items -> for each query up to `number` places of items, hardest first. Exact, in chunks.

    - `positives[i]`: places of the right items of query i, at least one. They never come out, nor does an item whose
      `item_ids` entry equals one of theirs (the same picture twice in the catalogue).
    - `relative_margin`: an item scoring above p - |p| * margin is left out, where p is the score of the query's worst
      positive (NV-Retriever, Moreira et al. 2024, arXiv 2407.15831: TopK-PercPos at 95%).
    - `skip`: so many of the hardest that are left are passed over, for data with many unlabelled answers.
    - `guide`: query and item vectors of a better model; its scores decide about the margin, ours about the order.

    Fewer than `number` come back where nothing more is left; equal scores are ordered by place. InputError for shapes that do
    not fit and for a query without a positive.

    >>> eye = np.eye(3, dtype=np.float32)
    >>> [row.tolist() for row in mine_hard_negatives(np.float32([[0.8, 0.6, 0.1]]), eye, [{0}], number=2)]
    [[1, 2]]
    """
    _check_mining(queries, items, positives, number, relative_margin, skip)
    if guide is not None and (len(guide[0]) != len(queries) or len(guide[1]) != len(items)):
        raise InputError(
            f"the guide has {len(guide[0])} query and {len(guide[1])} item vectors, needs {len(queries)} and {len(items)}"
        )
    twins = _twins(item_ids, len(items))
    rows = max(1, _CELLS // max(1, len(items)))
    mined: list[NDArray[np.int64]] = []
    for start in range(0, len(queries), rows):
        chunk = slice(start, start + rows)
        scores = queries[chunk] @ items.T
        judged = scores if guide is None else guide[0][chunk] @ guide[1].T
        for row, judge, right in zip(scores, judged, positives[chunk], strict=True):
            places = np.fromiter(right, dtype=np.int64)
            worst = judge[places].min()
            allowed = judge <= worst - abs(worst) * relative_margin
            allowed[places if twins is None else np.concatenate([twins[place] for place in right])] = False
            mined.append(_hardest(row, allowed, skip, number))
    return mined


def hardest_columns(scores: Tensor, number: int, positives: Tensor | None = None) -> Tensor:
    """(n, m) scores -> (n, m) bool, True at the `number` highest negatives of each row: the hardest of the batch.

    Masked columns (-inf) are never among them. Train on these alone with `mask | ~hardest_columns(scores, number)`.

    >>> hardest_columns(torch.tensor([[9.0, 1.0, 3.0, 2.0]]), 2).int().tolist()
    [[0, 0, 1, 1]]
    """
    if number < 1:
        raise InputError(f"the number of hardest columns must be at least 1, got {number}")
    negatives = scores.detach().masked_fill(own_cells(scores, positives), -torch.inf)
    best = negatives.topk(min(number, scores.shape[1]), dim=1).indices
    return torch.zeros_like(negatives, dtype=torch.bool).scatter_(1, best, True) & ~torch.isneginf(negatives)


def false_negatives_by_id(
    known: Sequence[Collection[Hashable]], columns: Sequence[Hashable], positives: Tensor | None = None
) -> Tensor:
    """Sets of ids (n) and ids (m) -> (n, m) bool, True where column j is a known right answer of row i, not its own positive.

    `known[i]` holds the ids of all items that answer query i. Two captions of one picture share its id, so neither is the
    other's negative.

    >>> false_negatives_by_id([{"cat"}, {"dog"}, {"cat"}], ["cat", "dog", "cat"]).int().tolist()
    [[0, 0, 1], [0, 0, 0], [1, 0, 0]]
    """
    places: dict[Hashable, list[int]] = {}
    for column, name in enumerate(columns):
        places.setdefault(name, []).append(column)
    mask = torch.zeros(len(known), len(columns), dtype=torch.bool)
    for row, names in enumerate(known):
        mask[row, [column for name in names for column in places.get(name, ())]] = True
    return mask & ~own_cells(mask, positives)


def false_negatives_by_guide(guide_scores: Tensor, positives: Tensor | None = None, margin: float = 0.0) -> Tensor:
    """(n, m) scores of a guide -> (n, m) bool, True where it puts column j above row i's positive less the margin.

    A better, frozen model sees right answers that nobody has labelled (GISTEmbed, Solatorio 2024, arXiv 2402.16829).

    >>> false_negatives_by_guide(torch.tensor([[0.5, 0.6, 0.45]])).int().tolist()
    [[0, 1, 0]]
    """
    own = own_columns(guide_scores, positives)
    bar = guide_scores.gather(1, own[:, None]) - margin
    return (guide_scores > bar) & ~own_cells(guide_scores, positives)


def _hardest(scores: NDArray[np.float32], allowed: NDArray[np.bool_], skip: int, number: int) -> NDArray[np.int64]:
    """Places of the allowed scores from rank skip on; a partition first, since a full sort of a large catalogue costs more."""
    places = np.flatnonzero(allowed)
    wanted = skip + number
    if len(places) > wanted:
        bar = np.partition(scores[places], len(places) - wanted)[len(places) - wanted]
        places = places[scores[places] >= bar]
    order = np.argsort(-scores[places], kind="stable")
    return places[order[skip:wanted]].astype(np.int64)


def _twins(item_ids: Sequence[Hashable] | None, size: int) -> list[NDArray[np.int64]] | None:
    """For each item the places of all items of its id, itself among them; None without ids."""
    if item_ids is None:
        return None
    if len(item_ids) != size:
        raise InputError(f"{len(item_ids)} item ids for {size} items")
    places: dict[Hashable, list[int]] = {}
    for place, name in enumerate(item_ids):
        places.setdefault(name, []).append(place)
    rows = {name: np.array(row, dtype=np.int64) for name, row in places.items()}
    return [rows[name] for name in item_ids]


def _check_mining(
    queries: Vectors, items: Vectors, positives: Sequence[Collection[int]], number: int, margin: float, skip: int
) -> None:
    if queries.ndim != 2 or items.ndim != 2 or queries.shape[1] != items.shape[1]:
        raise InputError(f"queries (n, d) and items (m, d) must share d, got {queries.shape} and {items.shape}")
    if len(positives) != len(queries):
        raise InputError(f"{len(positives)} sets of positives for {len(queries)} queries")
    for row, right in enumerate(positives):
        if not right or min(right) < 0 or max(right) >= len(items):
            raise InputError(f"query {row} needs positives among items 0 to {len(items) - 1}, got {sorted(right)}")
    if number < 1 or skip < 0 or not 0 <= margin < 1:
        raise InputError(f"needs number >= 1, skip >= 0 and a margin in [0, 1), got {number}, {skip} and {margin}")
