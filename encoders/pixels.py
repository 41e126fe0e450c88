"""The first layer of every picture network: bytes from a decoder -> the numbers that the network was trained on."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

__all__ = ["NormalisedPictures"]


class NormalisedPictures(nn.Module):
    """(n, height, width, 3) uint8 RGB -> what `network` makes of it as (n, 3, height, width) normalised float32."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        # in units of bytes, so that no division by 255 is left to do
        self.register_buffer("mean", 255.0 * torch.tensor(mean).reshape(1, 3, 1, 1))
        self.register_buffer("deviation", 255.0 * torch.tensor(deviation).reshape(1, 3, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        """Bytes in, the network's answer out."""
        channels_first = pixels.permute(0, 3, 1, 2).float()
        answer: Tensor = self.network((channels_first - self.mean) / self.deviation)
        return answer
