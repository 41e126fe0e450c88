"""What the recipe keeps of a picture: all that the network alone says of it, and its states before the last stage.

From these everything can be trained without running the rest of the network again.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from encoders.stages import CLASSES, DRAWN, SEEN, STAGES, LastStage, StagedPictures, with_last_stage

__all__ = ["KEPT", "alone", "kept_network", "states_before", "through_last"]

_SIDE = 9  # of the states, for pictures of 260 pixels
KEPT = SEEN + STAGES[-2] * _SIDE**2  # columns
_AT_ONCE = 256


class _Kept(nn.Module):
    """(n, 3, 260, 260) normalised float32 -> (n, KEPT)."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.staged = StagedPictures(network)

    def forward(self, pictures: Tensor) -> Tensor:
        features, before = self.staged.look(pictures)
        return torch.cat([features, before.flatten(1)], 1)


def kept_network(weights: Path) -> nn.Module:
    """Weights of the picture network -> a module: (n, 260, 260, 3) uint8 RGB -> (n, KEPT) float32."""
    from encoders.efficientnet import load_efficientnet, on_pixels

    return on_pixels(_Kept(load_efficientnet(weights)))


def alone(kept: NDArray[np.float16]) -> NDArray[np.float16]:
    """(n, KEPT) -> (n, 3992): what the network alone says, each column once. By these, look-alikes are found."""
    return np.concatenate([kept[:, :DRAWN], kept[:, SEEN - CLASSES : SEEN]], 1)


def states_before(kept: Tensor) -> Tensor:
    """(n, KEPT) -> (n, 208, 9, 9): what the last stage gets."""
    return kept[:, SEEN:].unflatten(1, (STAGES[-2], _SIDE, _SIDE)).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def through_last(kept: NDArray[np.float16], last: LastStage) -> NDArray[np.float32]:
    """(n, KEPT) -> (n, SEEN) float32, as `StagedPictures` with this last stage sees the pictures."""
    found = np.empty((len(kept), SEEN), np.float32)
    for start in range(0, len(kept), _AT_ONCE):
        some = torch.from_numpy(kept[start : start + _AT_ONCE].astype(np.float32))
        found[start : start + _AT_ONCE] = with_last_stage(some[:, :SEEN], last(states_before(some))).numpy()
    return found
