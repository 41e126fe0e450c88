"""What stands beside a batch's vectors when its loss is computed: masks, logQ, queued items, a guide's opinion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from encoders.training.batches import Batch, Batches, column_log_q
from encoders.training.config import TrainConfig
from encoders.training.frequencies import StreamingFrequencies
from encoders.training.mining import false_negatives_by_guide, false_negatives_by_id
from encoders.training.queue import CrossBatchQueue

__all__ = ["Beside", "Columns", "Guide"]


@dataclass(frozen=True)
class Guide:
    """Vectors of a better model for all queries (q, g) and items (m, g); zeros where a content could not be read."""

    queries: NDArray[np.float32]
    items: NDArray[np.float32]


@dataclass(frozen=True)
class Beside:
    """What `Objective` takes beside the vectors of a batch."""

    queued: Tensor  # (k, d) vectors of further columns, behind the batch's own
    mask: Tensor  # (n, m + k) bool
    log_q: Tensor | None  # (m + k,)
    weights: Tensor  # (n,)


class Columns:
    """Keeps the queue and the frequencies; asked once a batch, in the batches' order."""

    def __init__(self, config: TrainConfig, batches: Batches, dimension: int, device: str, guide: Guide | None = None) -> None:
        self._batches = batches
        self._device = device
        self._guide = guide
        self._margin = config.loss.guide_margin
        self._corrects = config.loss.logq != "none"
        self._mixed = config.negatives.extra_from == "uniform"
        negatives, streaming = config.negatives, config.loss.frequencies == "streaming"
        self._queue = None
        if negatives.queue:
            self._queue = CrossBatchQueue(negatives.queue, dimension, negatives.queue_warm_up, device)
        self._frequencies = None
        if self._corrects and streaming:  # slots enough that few items share one: a checkpoint holds them all
            slots = 1 << max(10, (8 * len(batches.counts)).bit_length())
            self._frequencies = StreamingFrequencies(slots, seed=config.run.seed)
        # an item that only stands in rows that cannot be read still may come as a drawn column
        counts = np.maximum(batches.counts, 1)
        self._log_share = np.log(counts / counts.sum())

    def beside(self, batch: Batch) -> Beside:
        """Everything for one batch; the queue as it is before this batch goes in."""
        table = self._batches.table
        queued = self._queue.columns() if self._queue is not None else None
        ids = queued.ids.cpu().numpy() if queued else np.empty(0, np.int64)
        columns = np.concatenate([batch.items, ids])
        known = [table.right[query] for query in batch.queries.tolist()]
        mask = false_negatives_by_id(known, columns.tolist())
        if self._guide is not None:
            scores = torch.from_numpy(self._guide.queries[batch.queries] @ self._guide.items[columns].T)
            mask |= false_negatives_by_guide(scores, margin=self._margin)
        log_q = None
        if self._corrects:
            log_q = torch.from_numpy(self._log_q(batch)).float().to(self._device)
            log_q = log_q if queued is None else torch.cat([log_q, queued.log_q])
        weights = torch.from_numpy(table.weights[batch.rows]).to(self._device)
        nothing = torch.empty(0, 0, device=self._device)
        return Beside(queued.vectors if queued else nothing, mask.to(self._device), log_q, weights)

    def push(self, batch: Batch, vectors: Tensor, beside: Beside) -> None:
        """After the step: (n, d) vectors of the rows' own items go into the queue."""
        if self._queue is not None:
            n = len(batch.rows)
            log_q = torch.zeros(n) if beside.log_q is None else beside.log_q[:n]
            self._queue.push(vectors, torch.from_numpy(batch.items[:n]), log_q)

    def state_dict(self) -> dict[str, Any]:
        """Queue and frequencies, in tensors and plain numbers."""
        estimate = self._frequencies.state_dict() if self._frequencies is not None else {}
        return {"queue": self._queue.state_dict() if self._queue is not None else {}, "frequencies": _to_tensors(estimate)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        if self._queue is not None:
            self._queue.load_state_dict(state["queue"])
        if self._frequencies is not None:
            self._frequencies.load_state_dict(_to_arrays(state["frequencies"]))

    def _log_q(self, batch: Batch) -> NDArray[np.float64]:
        """(m,) and the batch counted."""
        if self._frequencies is None:
            shares = self._log_share[batch.items]
        else:
            self._frequencies.update(batch.items[: len(batch.rows)])
            shares = self._frequencies.log_q(batch.items)
        return np.minimum(column_log_q(batch, shares, self._batches.extra_log_q, self._mixed), 0.0)


def _to_tensors(state: Mapping[str, Any]) -> dict[str, Any]:
    """Arrays as tensors, which a checkpoint can hold; unsigned ones by their bits."""
    arrays = {name: np.asarray(one) for name, one in state.items()}
    return {
        name: torch.from_numpy(one.view(np.int64) if one.dtype == np.uint64 else one.copy()) for name, one in arrays.items()
    }


def _to_arrays(state: Mapping[str, Tensor]) -> dict[str, Any]:
    """Undo `_to_tensors`."""
    hashed = {"factors", "offsets"}
    return {name: one.numpy().view(np.uint64) if name in hashed else one.numpy() for name, one in state.items()}
