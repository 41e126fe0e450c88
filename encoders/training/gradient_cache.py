"""Gradients of a large batch on a small machine (GradCache, Gao et al. 2021, arXiv 2101.06983, section 3.2).

A loss over a batch needs all vectors at once, but not all the networks' inner values: those take most of the memory. So
vectors are made in parts without them, the loss gives each vector its gradient, and part by part the vectors are made
again, this time with what the backward pass needs, and the gradient is carried on into the network.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

__all__ = ["Part", "Runner", "backward"]


class Runner(Protocol):
    """Makes the vectors of one part; called twice, it must answer the same (what it draws at random, too)."""

    def __call__(self) -> Tensor:
        """(k, d)."""


@dataclass(frozen=True)
class Part:
    """Some vectors of a batch, and how they are made."""

    run: Runner
    learns: bool = True  # False: no gradient goes into it


def backward(
    parts: Sequence[Part],
    loss_of: Callable[[list[Tensor]], Tensor],
    in_parts: bool,
    scale: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Add the gradients of `loss_of` (the parts' vectors) to all parameters behind it, and return the loss, a scalar.

    `in_parts`: one part at a time in memory, each made twice; else all at once. The gradients are the same. `scale`
    multiplies the loss before the backward pass (mixed precision). A loss that is not finite is returned without one.
    """
    if not in_parts:
        whole = loss_of([_made(part) for part in parts])
        if torch.isfinite(whole):
            (scale(whole) if scale else whole).backward()
        return whole.detach()
    with torch.no_grad():
        vectors = [part.run() for part in parts]
    leaves = [one.detach().requires_grad_(part.learns) for one, part in zip(vectors, parts, strict=True)]
    loss = loss_of(leaves)
    if not torch.isfinite(loss):
        return loss.detach()
    (scale(loss) if scale else loss).backward()
    for part, leaf in zip(parts, leaves, strict=True):
        if part.learns and leaf.grad is not None:
            part.run().backward(leaf.grad)
    return loss.detach()


def _made(part: Part) -> Tensor:
    if part.learns:
        return part.run()
    with torch.no_grad():
        return part.run()
