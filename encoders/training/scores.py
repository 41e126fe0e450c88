"""From cosines to training scores: the one place of the order temperature, logQ, mask.

A score matrix is `(n queries, m columns)`. Row i has one positive, in column `positives[i]` (column i unless said otherwise);
all other columns are its negatives: the other rows' positives, hard negatives, sampled or queued ones. A cell that must not
count as a negative (another right answer) is masked: its score is -inf.

The order matters. Dividing by a temperature of .05 after the subtraction of log q would make the correction 20 times too
strong, and a correction after the mask would have to know about it. logQ belongs to training: serving uses the plain cosine.
"""

import math

import torch
from torch import Tensor, nn

from encoders.errors import InputError

__all__ = ["Temperature", "own_cells", "own_columns", "training_scores"]

_COLDEST, _WARMEST = 0.01, 1.0


class Temperature(nn.Module):
    """() -> scalar tensor t > 0 by which cosines are divided, learned (in [.01, 1]) or fixed.

    What is learned is ln(1/t), from ln(1/.07), never above ln 100 (Radford et al. 2021, section 2.5). The bound is put on the
    parameter itself before it is used: a bound on the result would cut the gradient, and the parameter could not come back.

    >>> round(Temperature()().item(), 4), [name for name, _ in Temperature(learned=False).named_parameters()]
    (0.07, [])
    """

    log_scale: Tensor

    def __init__(self, initial: float = 0.07, learned: bool = True) -> None:
        super().__init__()
        if not (_COLDEST <= initial <= _WARMEST if learned else 0 < initial < math.inf):
            allowed = f"between {_COLDEST} and {_WARMEST}" if learned else "above 0"
            raise InputError(f"a {'learned' if learned else 'fixed'} temperature must be {allowed}, got {initial}")
        value = torch.tensor(-math.log(initial))
        self.learned = learned
        if learned:
            self.log_scale = nn.Parameter(value)
        else:
            self.register_buffer("log_scale", value)

    def forward(self) -> Tensor:
        """Scalar tensor: the temperature."""
        if self.learned:
            with torch.no_grad():
                self.log_scale.clamp_(-math.log(_WARMEST), -math.log(_COLDEST))
        return torch.exp(-self.log_scale)


def own_columns(scores: Tensor, positives: Tensor | None) -> Tensor:
    """(n,) int64: the column of each row's positive; None means column i for row i. InputError when the shapes do not fit.

    >>> own_columns(torch.zeros(2, 5), None).tolist()
    [0, 1]
    """
    if scores.ndim != 2:
        raise InputError(f"scores must have shape (n queries, m columns), got {tuple(scores.shape)}")
    n, m = scores.shape
    if positives is None:
        if m < n:
            raise InputError(f"{n} rows and only {m} columns: say with positives which column is each row's own")
        return torch.arange(n, device=scores.device)
    if positives.shape != (n,) or positives.dtype != torch.int64:
        raise InputError(f"positives must be ({n},) int64, got {tuple(positives.shape)} {positives.dtype}")
    return positives.to(scores.device)


def own_cells(scores: Tensor, positives: Tensor | None) -> Tensor:
    """(n, m) bool, True at each row's own positive and nowhere else.

    >>> own_cells(torch.zeros(2, 3), torch.tensor([2, 0])).int().tolist()
    [[0, 0, 1], [1, 0, 0]]
    """
    own = own_columns(scores, positives)
    return torch.zeros_like(scores, dtype=torch.bool).scatter_(1, own[:, None], True)


def training_scores(
    cosines: Tensor,
    temperature: float | Tensor,
    *,
    log_q: Tensor | None = None,
    corrected: bool = False,
    positives: Tensor | None = None,
    mask: Tensor | None = None,
) -> Tensor:
    """(n, m) cosines or dot products -> (n, m) scores for a loss, at least float32: temperature, then logQ, then mask.

    - `temperature`: t, a number or what `Temperature` answers. Scores are cosines / t.
    - `log_q` (m,): natural log of the probability with which each column was drawn (frequencies.py, negatives.py). Plain
      (Yi et al. 2019): subtracted from every column, the positive's, too; a common factor of all q plays no part.
      A mined column takes the log_q that its item has in the catalogue: with 0 it would stand log(1/q) below the drawn ones.
    - `corrected` (Khrylchenko et al. 2025, arXiv 2507.09331): the positive was not drawn, so it stays as it is; a negative is
      drawn from what is left without the positive, Q' = q / (1 - q_positive), and the k negatives of a row are a mean, so that
      log Q' + log k is subtracted. q must be probabilities here, not just proportional to them. In these scores the softmax of
      the positive is the paper's P, and the gradient of plain cross-entropy is the paper's, weight stop_grad(1 - P) included.
      They are scores of the direction query to item only; see `column_scores` of `losses.softmax_loss`.
    - `mask` (n, m) bool: True where a column is no negative of the row. A row's own positive is never masked.

    Raises InputError for shapes that do not fit, a temperature that is not above 0, a log_q that is no log of a probability.

    >>> cosines, log_q = torch.tensor([[0.8, 0.4]]), torch.tensor([0.5, 0.5]).log()
    >>> training_scores(cosines, 0.1).tolist()
    [[8.0, 4.0]]
    >>> [round(score, 3) for score in training_scores(cosines, 0.1, log_q=log_q)[0].tolist()]  # log 2 = .693
    [8.693, 4.693]
    """
    if not isinstance(temperature, Tensor) and not temperature > 0:
        raise InputError(f"the temperature must be above 0, got {temperature}")
    # half precision has 8 to 11 bits: too few for a log-sum over thousands of columns
    scores = (cosines if cosines.dtype == torch.float64 else cosines.float()) / temperature
    own = own_cells(scores, positives)
    if mask is not None:
        if mask.shape != scores.shape or mask.dtype != torch.bool:
            raise InputError(f"the mask must be {tuple(scores.shape)} bool, got {tuple(mask.shape)} {mask.dtype}")
        mask = mask.to(scores.device) & ~own
    if log_q is not None:
        log_q = _checked_log_q(log_q, scores)
        scores = _without_drawing_bias(scores, log_q, own, mask) if corrected else scores - log_q
    elif corrected:
        raise InputError("the corrected logQ needs log_q, the log probability of each column")
    return scores if mask is None else scores.masked_fill(mask, -math.inf)


def _checked_log_q(log_q: Tensor, scores: Tensor) -> Tensor:
    """(m,) on the scores' device; one inf here would turn a whole run into NaN."""
    if log_q.shape != scores.shape[1:]:
        raise InputError(f"log_q must hold one number a column, ({scores.shape[1]},), got {tuple(log_q.shape)}")
    bad = ~(torch.isfinite(log_q) & (log_q <= 1e-6))
    if bad.any():
        column = int(bad.int().argmax())
        raise InputError(
            f"log_q of column {column} is {float(log_q[column])}, no log of a probability: it must be finite and not above 0"
        )
    return log_q.to(scores)


def _without_drawing_bias(scores: Tensor, log_q: Tensor, own: Tensor, mask: Tensor | None) -> Tensor:
    """(n, m): negatives less log Q' and less the log of their number; positives untouched."""
    negatives = ~own if mask is None else ~(own | mask)
    number = negatives.sum(1, keepdim=True).clamp(min=1)  # (n, 1)
    q_positive = log_q.expand_as(scores)[own].exp()[:, None]  # (n, 1), row order: own has one True a row
    log_rest = torch.log1p(-q_positive.clamp(max=1.0))
    return torch.where(own, scores, scores - (log_q - log_rest) - number.log())
