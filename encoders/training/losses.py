"""Losses: each a pure function of one score matrix, `(n queries, m columns)` -> a scalar.

`scores` come from `scores.training_scores`, with -inf where a column is no negative of a row; `positives[i]` is the column of
row i's own positive (column i when None); `weights` (n,) make the mean over rows a weighted one. A row with no negative left
costs nothing. All raise InputError when shapes do not fit.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from encoders.errors import InputError
from encoders.training.scores import own_cells, own_columns, training_scores

__all__ = ["bpr_loss", "hinge_loss", "initial_bias", "matryoshka", "sigmoid_loss", "softmax_loss"]


def softmax_loss(
    scores: Tensor,
    positives: Tensor | None = None,
    weights: Tensor | None = None,
    both: bool = False,
    column_scores: Tensor | None = None,
) -> Tensor:
    """(n, m) scores -> scalar: cross-entropy of each row's own positive among all columns (InfoNCE, van den Oord et al. 2018).

    `both` adds the other direction, each row's item among the n queries, and halves the sum; columns that are nobody's positive
    have no query of their own and take no part in it. Rows that share one positive column are right answers of one item, not
    each other's negatives.

    Plain log_q leaves the other direction as it is (a constant down a column). Corrected log_q does not: give then, as
    `column_scores`, the scores without log_q.

    >>> round(softmax_loss(torch.tensor([[2.0, 0.0], [0.0, 2.0]])).item(), 4)  # log(1 + e^-2)
    0.1269
    """
    own = own_columns(scores, positives)
    loss = _mean(functional.cross_entropy(scores, own, reduction="none"), weights)
    if not both:
        if column_scores is not None:
            raise InputError("column_scores are the scores of the other direction: they need both=True")
        return loss
    back = scores if column_scores is None else column_scores
    if back.shape != scores.shape:
        raise InputError(f"column_scores must have the shape of scores, {tuple(scores.shape)}, got {tuple(back.shape)}")
    back = back[:, own].T  # (n items, n queries)
    rows = torch.arange(len(own), device=scores.device)
    twins = (own[:, None] == own) & (rows[:, None] != rows)
    other = functional.cross_entropy(back.masked_fill(twins, -math.inf), rows, reduction="none")
    return (loss + _mean(other, weights)) / 2


def initial_bias(columns: int) -> float:
    """The sigmoid loss's first bias, log(p / (1 - p)) with p = 1 / columns: the share of cells that are positives.

    SigLIP's own -10 is meant for batches of 32k (Zhai et al. 2023); at a small batch it has to be unlearned first.

    >>> round(initial_bias(256), 2)
    -5.54
    """
    if columns < 2:
        raise InputError(f"the sigmoid loss needs at least 2 columns, got {columns}")
    return -math.log(columns - 1)


def sigmoid_loss(
    cosines: Tensor,
    positives: Tensor | None,
    temperature: float | Tensor,
    bias: float | Tensor,
    weights: Tensor | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """(n, m) cosines -> scalar: each cell a yes or no of its own, summed along a row (SigLIP, Zhai et al. 2023, algorithm 1).

    score = cosine / temperature + bias; both are usually learned, the temperature from .1 and the bias from `initial_bias(m)`.
    Takes cosines, not scores, since a bare cosine in a sigmoid never says more than .73: without a temperature and a bias, a
    perfect pair still costs .313. `mask` (n, m) bool: True where a column is neither right nor wrong for the row.

    >>> round(sigmoid_loss(torch.eye(2), None, temperature=0.1, bias=-5.0).item(), 4)  # 2 log(1 + e^-5)
    0.0134
    """
    own = own_cells(cosines, positives)
    scores = training_scores(cosines, temperature, positives=positives) + bias
    cells = -functional.logsigmoid(torch.where(own, scores, -scores))
    if mask is not None:
        cells = cells.masked_fill(mask.to(cells.device) & ~own, 0.0)
    return _mean(cells.sum(1), weights)


def bpr_loss(scores: Tensor, positives: Tensor | None = None, weights: Tensor | None = None) -> Tensor:
    """(n, m) scores -> scalar: -log sigmoid(positive - negative), the mean over a row's negatives (Rendle et al. 2009).

    >>> round(bpr_loss(torch.tensor([[0.0, 100.0]])).item(), 1)  # the log of a sigmoid would have no gradient to come back with
    100.0
    """
    return _mean(_mean_over_negatives(scores, positives, lambda lead: -functional.logsigmoid(lead)), weights)


def hinge_loss(scores: Tensor, positives: Tensor | None = None, weights: Tensor | None = None, margin: float = 0.2) -> Tensor:
    """(n, m) scores -> scalar: max(0, margin - (positive - negative)), the mean over a row's negatives.

    The margin is in the unit of the scores: .2 is meant for cosines, that is for a temperature of 1. For the hardest negatives
    only (Faghri et al. 2018), mask all others: `mask | ~mining.hardest_columns(scores, 1)`.

    >>> round(hinge_loss(torch.tensor([[0.5, 0.4, 0.1]])).item(), 4)
    0.05
    """
    if not 0 < margin < math.inf:
        raise InputError(f"the margin must be above 0, got {margin}")
    return _mean(_mean_over_negatives(scores, positives, lambda lead: functional.relu(margin - lead)), weights)


def matryoshka(
    loss_of_vectors: Callable[[Tensor, Tensor], Tensor],
    queries: Tensor,
    items: Tensor,
    dimensions: Sequence[int],
    weights: Sequence[float] | None = None,
) -> Tensor:
    """(n, D) and (m, D) vectors -> scalar: the weighted mean of a loss over their first d numbers (Kusupati et al. 2022).

    What is cut is brought back to length 1 before `loss_of_vectors(queries, items)` sees it, as it will be when it is stored.
    A mean, not a sum, so that the learning rate need not follow the number of dimensions.

    >>> matryoshka(lambda q, v: (q @ v.T).mean(), torch.tensor([[0.6, 0.8]]), torch.tensor([[0.6, 0.8]]), [1]).item()
    1.0
    """
    full = queries.shape[-1]
    if not dimensions or len(set(dimensions)) < len(dimensions) or not all(1 <= d <= full for d in dimensions):
        raise InputError(f"Matryoshka dimensions must be different numbers from 1 to {full}, got {list(dimensions)}")
    shares = [1.0] * len(dimensions) if weights is None else [float(weight) for weight in weights]
    if len(shares) != len(dimensions) or not all(0 < share < math.inf for share in shares):
        raise InputError(f"Matryoshka needs one weight above 0 for each of {list(dimensions)}, got {shares}")
    losses = [
        share * loss_of_vectors(functional.normalize(queries[:, :d], dim=1), functional.normalize(items[:, :d], dim=1))
        for d, share in zip(dimensions, shares, strict=True)
    ]
    return torch.stack(losses).sum() / sum(shares)


def _mean_over_negatives(scores: Tensor, positives: Tensor | None, cost: Callable[[Tensor], Tensor]) -> Tensor:
    """(n,): the mean cost of the positive's lead over each unmasked negative."""
    own = own_columns(scores, positives)
    counted = ~own_cells(scores, positives) & ~torch.isneginf(scores)
    # masked cells leave before the subtraction: inf has a value in every loss here, but no gradient that can be trusted
    lead = scores.gather(1, own[:, None]) - scores.masked_fill(~counted, 0.0)
    return cost(lead).masked_fill(~counted, 0.0).sum(1) / counted.sum(1).clamp(min=1)


def _mean(rows: Tensor, weights: Tensor | None) -> Tensor:
    """(n,) -> scalar, weighted."""
    if weights is None:
        return rows.mean()
    if weights.shape != rows.shape:
        raise InputError(f"weights must hold one number a row, {tuple(rows.shape)}, got {tuple(weights.shape)}")
    weights = weights.to(rows)
    return (rows * weights).sum() / weights.sum()
