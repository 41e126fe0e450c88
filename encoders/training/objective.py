"""From the vectors of a batch to its loss: scores, masks and the loss that the settings ask for, both ways, at every length."""

from functools import partial

import torch
from torch import Tensor, nn

from encoders.training.config import LossSettings
from encoders.training.losses import bpr_loss, hinge_loss, initial_bias, matryoshka, sigmoid_loss, softmax_loss
from encoders.training.mining import hardest_columns
from encoders.training.scores import Temperature, own_cells, training_scores

__all__ = ["Objective"]


class Objective(nn.Module):
    """(n, d) queries, (m, d) columns, the first n of them the rows' own items -> the loss, a scalar.

    What it learns itself are the temperature and, for the sigmoid loss, the bias.
    """

    def __init__(self, settings: LossSettings, columns: int, online: int = 0) -> None:
        """`columns`: how many there will be, about; `online`: only so many hardest negatives of a row count, 0 for all."""
        super().__init__()
        self.settings = settings
        self.online = online
        self.temperature = Temperature(settings.temperature, settings.learn_temperature)
        if settings.kind == "hinge":  # its margin is one of cosines
            self.temperature = Temperature(1.0, learned=False)
        if settings.kind == "sigmoid":
            self.bias = nn.Parameter(torch.tensor(initial_bias(max(2, columns))))

    def forward(
        self,
        queries: Tensor,
        items: Tensor,
        mask: Tensor | None = None,
        log_q: Tensor | None = None,
        weights: Tensor | None = None,
    ) -> Tensor:
        """Scalar. `mask` (n, m) bool: True where a column is no negative of a row; `log_q` (m,); `weights` (n,)."""
        loss = partial(self._loss, mask=mask, log_q=log_q, weights=weights)
        if not self.settings.matryoshka:
            return loss(queries, items)
        return matryoshka(loss, queries, items, sorted({*self.settings.matryoshka, queries.shape[1]}))

    def _loss(
        self, queries: Tensor, items: Tensor, *, mask: Tensor | None, log_q: Tensor | None, weights: Tensor | None
    ) -> Tensor:
        cosines = queries @ items.T
        forth = self._one_way(cosines, mask, log_q, weights)
        if not self.settings.both or self.settings.kind == "sigmoid":  # the sigmoid's cells know no direction
            return forth
        # from the items to the queries: only what is some row's own item has a query here; nothing was drawn, so no logQ
        n = len(queries)
        return (forth + self._one_way(cosines[:, :n].T, None if mask is None else mask[:, :n].T, None, weights)) / 2

    def _one_way(self, cosines: Tensor, mask: Tensor | None, log_q: Tensor | None, weights: Tensor | None) -> Tensor:
        if self.online:
            easy = ~hardest_columns(training_scores(cosines, 1.0, mask=mask), self.online) & ~own_cells(cosines, None)
            mask = easy if mask is None else mask | easy
        temperature = self.temperature()
        if self.settings.kind == "sigmoid":
            return sigmoid_loss(cosines, None, temperature, self.bias, weights, mask)
        corrected = self.settings.logq == "corrected" and log_q is not None
        scores = training_scores(cosines, temperature, log_q=log_q, corrected=corrected, mask=mask)
        if self.settings.kind == "softmax":
            return softmax_loss(scores, None, weights)
        if self.settings.kind == "bpr":
            return bpr_loss(scores, None, weights)
        return hinge_loss(scores, None, weights, self.settings.margin)
