"""A network before and after it is opened: the blueprint a tower describes it by, and what can then be called."""

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

__all__ = ["Arrays", "Blueprint", "Network", "Run", "RunMany", "Runner", "in_order"]

Arrays = tuple[NDArray[Any], ...]

Run = Callable[[Arrays], NDArray[np.float32]]
"""Inputs of one call -> (n, d) float32."""

RunMany = Callable[[Iterable[Arrays]], list[NDArray[np.float32]]]
"""Inputs of many calls -> their answers, in order."""


@dataclass(frozen=True)
class Blueprint:
    """A network before anything heavy has happened."""

    name: str  # for people and for the folder it is kept in: "minilm"
    fingerprint: str  # equal fingerprints mean equal networks; names the exported file
    build: Callable[[], "torch.nn.Module"]  # makes the module, with its weights, ready to run; called only when needed
    example: Arrays  # inputs as they will come, what speed is measured on; no axis that varies may have length 1 here
    varying: tuple[Mapping[int, str], ...]  # for each input: axes that vary, each with its name
    bfloat16: bool = True  # False: this network's answers change too much in less than float32


@dataclass(frozen=True)
class Runner:
    """A network on one engine, in one precision. One call at a time."""

    run: Run  # one call, as quickly as it can be answered
    run_many: RunMany | None = None  # many calls, as many of them at a time as suits the machine; None: one by one


class Network:
    """A network that can be called: arrays -> (n, d) float32. Safe to call from several threads."""

    def __init__(self, run: Run, about: str, run_many: RunMany | None = None) -> None:
        self.about = about
        self._run, self._run_many = run, run_many
        self._lock = threading.Lock()

    def __call__(self, *arrays: NDArray[Any]) -> NDArray[np.float32]:
        """(n, d) float32 for inputs like the blueprint's example, with any length on varying axes.

        One call at a time: a network already uses every core, so two at once would only cost memory.
        """
        with self._lock:
            return self._run(arrays)

    def many(self, batches: Iterable[Arrays]) -> list[NDArray[np.float32]]:
        """One (n, d) float32 for each batch, in order; several are computed at once where that is quicker."""
        waiting = iter(batches)
        first = list(islice(waiting, 2))
        every = chain(first, waiting)
        if self._run_many is None or len(first) < 2:  # a query is one batch, and gets every core
            return [self(*arrays) for arrays in every]
        with self._lock:
            return self._run_many(every)


def in_order(network: Callable[..., NDArray[np.float32]], batches: Iterable[Arrays]) -> list[NDArray[np.float32]]:
    """One answer for each batch: `Network.many` where it is a Network, else call by call.

    >>> in_order(lambda rows: rows + 1, [(np.zeros(2, np.float32),), (np.ones(1, np.float32),)])
    [array([1., 1.], dtype=float32), array([2.], dtype=float32)]
    """
    if isinstance(network, Network):
        return network.many(batches)
    return [network(*arrays) for arrays in batches]
