"""EfficientNet-Lite2, the starter's picture network, with its ImageNet weights from a package."""

from pathlib import Path
from typing import Any

import timm
import torch

from encoders.errors import ModelError
from encoders.pixels import NormalisedPictures
from encoders.stages import LastStage, StagedPictures

__all__ = ["load_efficientnet", "on_pixels", "staged_efficientnet"]


def load_efficientnet(weights: Path) -> Any:
    """Build timm's tf_efficientnet_lite2 with these weights: (n, 3, 260, 260) normalised -> (n, 1000) logits."""
    network = timm.create_model("tf_efficientnet_lite2", pretrained=False)
    saved = torch.load(weights, map_location="cpu", weights_only=True)
    # The file names its tensors in its own way, but holds them in timm's order.
    ours = network.state_dict()
    if [tensor.shape for tensor in saved.values()] != [tensor.shape for tensor in ours.values()]:
        raise ModelError("this release of timm builds tf_efficientnet_lite2 otherwise; install timm==1.0.31")
    network.load_state_dict(dict(zip(ours, saved.values(), strict=True)))
    return network.eval()


def staged_efficientnet(weights: Path, last: LastStage) -> torch.nn.Module:
    """Make a module: (n, 260, 260, 3) uint8 RGB -> (n, SEEN) float32, as StagedPictures answers."""
    return on_pixels(StagedPictures(load_efficientnet(weights), last))


def on_pixels(module: torch.nn.Module) -> torch.nn.Module:
    """Let a module that takes what EfficientNet-Lite2 takes, (n, 3, 260, 260) normalised, take (n, 260, 260, 3) uint8 RGB."""
    return NormalisedPictures(module, mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))
