"""Training of the interaction layer (`encoders.interaction`) over vectors of towers that stay as they are.

The pieces are the trainer's own: batches in which a query's wrong answers are the other rows' items and mined ones, one score
matrix, the softmax over it, the rate, the seed, looks at held-out pairs, the best of which is kept. What differs: hard answers
come from the best `depth` by the cosine, those above the right one too, since these are what the layer has to put in order.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from encoders.errors import TrainingError
from encoders.evaluation.metrics import Ranking, mrr, rank, recall_at
from encoders.evaluation.ranking import rank_scores
from encoders.interaction import Interaction
from encoders.training.batches import Batch, Batches, Numbers, Table
from encoders.training.conditions import drawn_from, out_of_memory_explained
from encoders.training.config import NegativesSettings, TrainConfig
from encoders.training.held_out import Look
from encoders.training.losses import softmax_loss
from encoders.training.mining import false_negatives_by_id
from encoders.training.precision import Precision
from encoders.training.progress import Progress, Quiet
from encoders.training.rates import parameter_groups
from encoders.training.schedule import rate_factor, steps_of
from encoders.training.scores import Temperature, training_scores
from encoders.training.stopping import Stopping
from encoders.vectors import Vectors

__all__ = ["Encoded", "Fitted", "InteractionLayer", "fit_interaction", "rank_again"]

_BATCH = 64  # rows, where the settings leave it open: each is compared with some 200 columns, and every cell is an MLP
_RATE = 1e-3


class InteractionLayer(nn.Module):
    """(n, d) and (m, d), unit rows -> (n, m) logits; zero before training. Formulas: `encoders.interaction`."""

    def __init__(self, dimension: int, width: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dimension, self.dropout = dimension, dropout
        self.gmf = nn.Linear(dimension, 1, bias=False)
        self.first = nn.Linear(4 * dimension, width)
        self.second = nn.Linear(width, max(1, width // 2))
        self.last = nn.Linear(max(1, width // 2), 1, bias=False)  # a bias would say the same of every candidate
        nn.init.zeros_(self.gmf.weight)
        nn.init.zeros_(self.last.weight)

    def forward(self, queries: Tensor, items: Tensor) -> Tensor:
        """Every query with every item: the parts of the first layer that see one vector alone are computed once a vector."""
        root = math.sqrt(self.dimension)
        both, far, asked, offered = self.first.weight.split(self.dimension, dim=1)
        products = queries[:, None] * items[None] * self.dimension  # (n, m, d)
        apart = (queries[:, None] - items[None]).abs() * root
        alone = (queries @ asked.T * root)[:, None] + (items @ offered.T * root)[None] + self.first.bias
        inner = functional.relu(products @ both.T + apart @ far.T + alone)
        inner = functional.relu(self.second(functional.dropout(inner, self.dropout, self.training)))
        answer: Tensor = (self.gmf(products) + self.last(inner))[..., 0]
        return answer

    def frozen(self, temperature: float, query: Mapping[str, str], candidate: Mapping[str, str]) -> Interaction:
        """The layer as it is now, to be served. `query` and `candidate`: modality -> fingerprint of its space."""
        weights = {name: tensor.detach().cpu().float().numpy().copy() for name, tensor in self.state_dict().items()}
        return Interaction(weights, temperature, dict(query), dict(candidate))


@dataclass(frozen=True)
class Encoded:
    """A table of pairs with the vectors of its queries and items, each computed once."""

    table: Table
    queries: Vectors  # (q, d) float32, unit rows
    items: Vectors  # (m, d)


@dataclass(frozen=True)
class Fitted:
    """The best moment of a training, and how it went."""

    layer: Interaction
    steps: int
    before: Look
    best: Look
    seconds: float
    parameters: int


def fit_interaction(
    config: TrainConfig,
    train: Encoded,
    held_out: Encoded,
    fingerprints: tuple[Mapping[str, str], Mapping[str, str]],
    precision: Precision,
    progress: Progress | None = None,
    log: Callable[[Mapping[str, Any]], None] = lambda line: None,
) -> Fitted:
    """Train a layer on `train`, keeping the moment that ranks `held_out` best; it may be the one before the first step.

    `fingerprints`: of the query and of the candidate vectors, by modality. Uses [loss] temperature, [optimiser] (not
    micro_batch, rates and precision), [rerank] and [run] seed. Raises InputError for too few pairs, TrainingError for numbers
    that are none, KeyboardInterrupt when a person stops it: a run takes minutes, and begins anew.
    """
    with drawn_from(config.run.seed, precision), out_of_memory_explained(config.optimiser), torch.enable_grad():
        return _Run(config, train, held_out, fingerprints, precision.device, progress or Quiet(), log).go()


class _Run:
    def __init__(
        self,
        config: TrainConfig,
        train: Encoded,
        held_out: Encoded,
        fingerprints: tuple[Mapping[str, str], Mapping[str, str]],
        device: str,
        progress: Progress,
        log: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self.config, self.train, self.held_out, self.fingerprints = config, train, held_out, fingerprints
        self.progress, self.log, self.device = progress, log, device
        settings = config.optimiser
        batch_size = settings.batch_size or _BATCH
        self.batches = Batches(
            train.table, np.arange(len(train.table.query_of)), NegativesSettings(), batch_size, config.run.seed
        )
        self.steps, self.an_epoch = steps_of(len(self.batches.rows), batch_size, settings.epochs, settings.steps)
        self.layer = InteractionLayer(train.queries.shape[1], config.rerank.width, config.rerank.dropout).to(device)
        self.temperature = Temperature(config.loss.temperature, config.loss.learn_temperature).to(device)
        groups = parameter_groups(self.layer, [("*", settings.learning_rate or _RATE)])
        groups[0]["weight_decay"] = settings.weight_decay
        own = {"params": list(self.temperature.parameters()), "lr": _RATE, "weight_decay": 0.0}
        self.optimiser = torch.optim.AdamW([*groups, *([own] if own["params"] else [])])
        self.queries, self.items = (torch.from_numpy(one).to(device) for one in (train.queries, train.items))
        self.near = _nearest_wrong(train, config.rerank.depth) if config.rerank.hard else None

    def go(self) -> Fitted:
        began = time.monotonic()
        best = self._look(0)
        before, best_layer, waited, step = best, self._frozen(), 0, 0
        with Stopping(self.progress.say) as stopping:
            while step < self.steps and not (self.config.optimiser.patience and waited >= self.config.optimiser.patience):
                loss = self._take_step(step)
                step += 1
                self.progress.step("training", step, self.steps, f"loss {loss:.3f}, R@1 {best.recall:.3f}")
                if step % max(1, self.steps // 1000) == 0:
                    self.log({"step": step, "loss": round(loss, 6)})
                if step % (self.config.run.evaluate_every or self.an_epoch) == 0 or step == self.steps:
                    look, waited = self._look(step), waited + 1
                    if look.better_than(best):
                        best, best_layer, waited = look, self._frozen(), 0
                if stopping.asked:
                    raise KeyboardInterrupt(f"stopped after step {step} of {self.steps}, as asked; nothing was kept.")
        count = sum(one.numel() for one in self.layer.parameters())
        return Fitted(best_layer, step, before, best, round(time.monotonic() - began, 1), count)

    def _take_step(self, step: int) -> float:
        batch = self.batches.batch(step, self._hard(step))
        self.layer.train()
        scores = self._scores(batch)
        own = torch.arange(len(batch.rows), device=self.device)
        weights = torch.from_numpy(self.train.table.weights[batch.rows]).to(self.device)
        loss = softmax_loss(scores, own, weights)
        for group in self.optimiser.param_groups:
            group.setdefault("full", group["lr"])
            group["lr"] = group["full"] * rate_factor(step, self.steps, self.config.optimiser.warm_up)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.layer.parameters(), self.config.optimiser.clip_norm or math.inf)
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            raise TrainingError(
                f"training went wrong at step {step + 1}: loss or gradient is not finite. Set [optimiser] learning_rate to a"
                " tenth, and begin another run with --out FOLDER"
            )
        self.optimiser.step()
        return float(loss.detach())

    def _scores(self, batch: Batch) -> Tensor:
        """(n, m): cosines as the trainer scales and masks them, and the layer's logits on top."""
        rows, columns = self.queries[batch.queries], self.items[batch.items]
        right = [self.train.table.right[query] for query in batch.queries.tolist()]
        mask = false_negatives_by_id(right, batch.items.tolist())
        return training_scores(rows @ columns.T, self.temperature(), mask=mask) + self.layer(rows, columns)

    def _hard(self, step: int) -> Numbers | None:
        """(q, hard): for each query, some of the wrong answers that it is likely to be shown; others at each step."""
        if self.near is None:
            return None
        places = np.random.default_rng([self.config.run.seed, 3, step]).permutation(self.near.shape[1])
        found: Numbers = self.near[:, places[: self.config.rerank.hard]]
        return found

    def _frozen(self) -> Interaction:
        return self.layer.frozen(float(self.temperature().detach()), *self.fingerprints)

    def _look(self, step: int) -> Look:
        judged = self.held_out
        again = rank_again(self._frozen(), judged.queries, judged.items, judged.table.right, self.config.rerank.depth)
        look = Look(step, recall_at(again, 1), recall_at(again, 10), mrr(again), len(judged.queries), len(judged.items))
        self.log(look.record())
        self.progress.say(f"step {step}: R@1 {look.recall:.3f}, R@10 {look.recall_10:.3f}, MRR {look.mrr:.3f}")
        return look


def rank_again(
    layer: Interaction | None, queries: Vectors, items: Vectors, truth: tuple[frozenset[int], ...], depth: int
) -> Ranking:
    """Rank (m, d) items for (q, d) queries by cosine, then the best `depth` of each anew, as a search does; None: not anew."""
    scores: NDArray[np.float64] = queries.astype(np.float64) @ items.astype(np.float64).T
    if layer is None:
        return rank_scores(scores, truth)
    depth = min(depth, scores.shape[1])
    for place, query in enumerate(queries):
        row = scores[place]  # a view
        top = np.argsort(-row, kind="stable")[:depth]
        anew = row[top] + layer.corrections(query, items[top])
        row[:] -= 2 + row.max() - anew.min()  # what was not looked at again stays below what was
        row[top] = anew
    return rank_scores(scores, truth)


def _nearest_wrong(train: Encoded, depth: int) -> Numbers:
    """(q, depth): the items nearest to each query that do not answer it, by cosine; -1 where there are fewer."""
    right = train.table.right
    most = max(map(len, right))
    top = rank(train.queries, train.items, right, k=depth + most).top
    near = np.full((len(right), depth), -1, np.int64)
    for place, (row, own) in enumerate(zip(top, right, strict=True)):
        wrong = row[~np.isin(row, list(own))][:depth]
        near[place, : len(wrong)] = wrong
    return near
