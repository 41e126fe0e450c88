"""A queue of item vectors from earlier batches, as further negatives (CBNS, Wang et al. 2021, arXiv 2110.15154)."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from encoders.errors import InputError

__all__ = ["CrossBatchQueue", "QueuedColumns"]


class QueuedColumns(NamedTuple):
    """What the queue holds, in no particular order: vectors (k, d), ids (k,) int64, log_q (k,)."""

    vectors: Tensor
    ids: Tensor
    log_q: Tensor


class CrossBatchQueue:
    """The last `capacity` item vectors, detached, each with its id and the log probability it was drawn with.

    The probability travels with the vector: a queued column is as biased towards popular items as when it was drawn. Early
    in training vectors still move so fast that old ones mislead, so the queue fills but answers nothing until `warm_up`
    batches have gone in. Push a batch after its step: a batch that is already in the queue would be its own negative.
    """

    def __init__(self, capacity: int, dimension: int, warm_up: int = 0, device: str | torch.device = "cpu") -> None:
        if capacity < 1 or dimension < 1 or warm_up < 0:
            raise InputError(
                "a queue needs a capacity and a dimension of at least 1 and a warm-up of 0 or more, "
                f"got {capacity}, {dimension} and {warm_up}"
            )
        self.warm_up = warm_up
        self._pushed = 0  # batches
        self._next = 0  # row that the next vector takes
        self._filled = 0
        self._vectors = torch.zeros(capacity, dimension, device=device)
        self._ids = torch.zeros(capacity, dtype=torch.int64, device=device)
        self._log_q = torch.zeros(capacity, device=device)

    def __len__(self) -> int:
        """Vectors held, whether they answer yet or not."""
        return self._filled

    def push(self, vectors: Tensor, ids: Tensor, log_q: Tensor) -> None:
        """(b, d) vectors, (b,) int64 ids, (b,) log probabilities; the oldest make room. InputError for other shapes."""
        rows = len(vectors)
        if vectors.shape != (rows, self._vectors.shape[1]) or ids.shape != (rows,) or log_q.shape != (rows,):
            raise InputError(
                f"the queue takes vectors (b, {self._vectors.shape[1]}), ids (b,) and log_q (b,), "
                f"got {tuple(vectors.shape)}, {tuple(ids.shape)}, {tuple(log_q.shape)}"
            )
        capacity = len(self._ids)
        kept = min(rows, capacity)
        places = (self._next + torch.arange(kept, device=self._ids.device)) % capacity
        self._vectors[places] = vectors[rows - kept :].detach().to(self._vectors)
        self._ids[places] = ids[rows - kept :].to(self._ids)
        self._log_q[places] = log_q[rows - kept :].detach().to(self._log_q)
        self._next = (self._next + kept) % capacity
        self._filled = min(self._filled + kept, capacity)
        self._pushed += 1

    def columns(self) -> QueuedColumns:
        """What may serve as negatives now: copies, so that a push before the backward pass does no harm; empty in the warm-up.

        >>> queue = CrossBatchQueue(capacity=2, dimension=1, warm_up=1)
        >>> len(queue.columns().ids)
        0
        >>> queue.push(torch.ones(1, 1), torch.tensor([7]), torch.zeros(1)); queue.columns().ids.tolist()
        [7]
        """
        filled = self._filled if self._pushed >= self.warm_up else 0
        return QueuedColumns(self._vectors[:filled].clone(), self._ids[:filled].clone(), self._log_q[:filled].clone())

    def state_dict(self) -> dict[str, Any]:
        """Everything that `load_state_dict` needs to go on as if nothing had happened; tensors are copies."""
        tensors = {"vectors": self._vectors.clone(), "ids": self._ids.clone(), "log_q": self._log_q.clone()}
        return tensors | {"pushed": self._pushed, "next": self._next, "filled": self._filled}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave. InputError when it comes from a queue of another size."""
        if state["vectors"].shape != self._vectors.shape:
            raise InputError(
                f"the saved queue is (capacity, dimension) {tuple(state['vectors'].shape)}, "
                f"this one {tuple(self._vectors.shape)}"
            )
        self._vectors.copy_(state["vectors"])
        self._ids.copy_(state["ids"])
        self._log_q.copy_(state["log_q"])
        self._pushed, self._next, self._filled = (int(state[name]) for name in ("pushed", "next", "filled"))
