"""What the picture network sees: every stage of EfficientNet-Lite2, and the last stage once more, as drawings need it.

The network was made from photographs. Its early stages (colour, line, texture) serve drawings as well; its last one, which
says what things are, reads drawings worse. So there is a second last stage, trained on drawings (encoders/recipe/). The
network itself stays as it is: photographs and its own 1,000 classes need it unchanged.
"""

from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

__all__ = ["CLASSES", "DRAWN", "POOLED", "SEEN", "STAGES", "LastStage", "StagedPictures", "with_last_stage"]

STAGES = (16, 24, 48, 88, 120, 208, 352)  # channels of each stage of EfficientNet-Lite2
POOLED, CLASSES = 1280, 1000  # columns of a pooled answer, and of the class logits
DRAWN = POOLED + 2 * sum(STAGES)  # the pooled answer, means and peaks of all stages
SEEN = DRAWN + POOLED + CLASSES  # all columns: those, the network's own pooled answer, its logits

_BEFORE, _LAST = STAGES[-2:]
_INNER = 1248  # channels inside the last stage


class LastStage(nn.Module):
    """(n, 208, h, w) states before the last stage -> (n, 1984): pooled answer, means and peaks of the last stage."""

    def __init__(self) -> None:
        super().__init__()
        self.widen = nn.Conv2d(_BEFORE, _INNER, 1)
        self.look = nn.Conv2d(_INNER, _INNER, 3, padding=1, groups=_INNER)
        self.narrow = nn.Conv2d(_INNER, _LAST, 1)
        self.answer = nn.Conv2d(_LAST, POOLED, 1)

    def forward(self, states: Tensor) -> Tensor:
        """Columns: 1,280 pooled, 352 means, 352 peaks."""
        last = self.narrow(functional.relu6(self.look(functional.relu6(self.widen(states)))))
        pooled = functional.relu6(self.answer(last)).mean((2, 3))
        return torch.cat([pooled, last.mean((2, 3)), last.amax((2, 3))], 1)

    def copy_from(self, network: nn.Module) -> None:
        """Begin as the last stage of timm's EfficientNet, its batch norms folded into the convolutions."""
        whole: Any = network
        block = whole.blocks[-1][0]
        pairs = (
            (self.widen, block.conv_pw, block.bn1),
            (self.look, block.conv_dw, block.bn2),
            (self.narrow, block.conv_pwl, block.bn3),
            (self.answer, whole.conv_head, whole.bn2),
        )
        for own, convolution, norm in pairs:
            own.load_state_dict(fuse_conv_bn_eval(convolution.eval(), _plain(norm)).state_dict())


def with_last_stage(features: Tensor, last: Tensor) -> Tensor:
    """(n, SEEN) features and (n, 1984), what another last stage says of the same pictures -> (n, SEEN), that laid in."""
    own = STAGES[-1]
    pooled, means, peaks = last.split([POOLED, own, own], 1)
    middle = POOLED + sum(STAGES)
    parts = [pooled, features[:, POOLED : middle - own], means, features[:, middle : DRAWN - own], peaks, features[:, DRAWN:]]
    return torch.cat(parts, 1)


class StagedPictures(nn.Module):
    """(n, 3, h, w) normalised float32 -> (n, SEEN): what all stages say, the network's own pooled answer, its logits."""

    def __init__(self, network: nn.Module, last: LastStage | None = None) -> None:
        """`network`: timm's EfficientNet; without `last`, its own last stage is read for drawings, too."""
        super().__init__()
        self.network = network
        self.last = last

    def forward(self, pictures: Tensor) -> Tensor:
        """Columns: 1,280 pooled, 856 means and 856 peaks of all stages; 1,280 pooled and 1,000 logits of the network alone."""
        features, before = self.look(pictures)
        return features if self.last is None else with_last_stage(features, self.last(before))

    def look(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """(n, SEEN) of the network alone, and (n, 208, h, w), its states before the last stage."""
        network: Any = self.network
        states = network.bn1(network.conv_stem(pictures))
        means, peaks, before = [], [], states
        for stage in network.blocks:
            before, states = states, stage(states)
            means.append(states.mean((2, 3)))
            peaks.append(states.amax((2, 3)))
        pooled = network.bn2(network.conv_head(states)).mean((2, 3))
        return torch.cat([pooled, *means, *peaks, pooled, network.classifier(pooled)], 1), before


def _plain(norm: nn.Module) -> nn.BatchNorm2d:
    """The batch norm alone, without the activation that timm's holds."""
    there = cast(nn.BatchNorm2d, norm)
    plain = nn.BatchNorm2d(there.num_features, eps=there.eps)
    plain.load_state_dict(there.state_dict())
    return plain.eval()
