"""LoRA (Hu et al. 2021, "LoRA: Low-rank adaptation of large language models") by way of the package peft.

Each chosen layer keeps its weights W and learns a low-rank change: W + (alpha / rank) B A. The change is added to W when
a tower is saved, so nothing of it is left when the tower is used.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from encoders.errors import InputError, MissingDependency
from encoders.training.patterns import fitting_names

if TYPE_CHECKING:
    from torch import nn

__all__ = ["LoraConfig", "add_lora", "merge_lora"]


_TRUNK = "trunk."


@dataclass(frozen=True)
class LoraConfig:
    """Which layers learn a change of which rank."""

    rank: int = 8
    alpha: float = 16.0  # the change is multiplied by alpha / rank
    dropout: float = 0.0  # on the way into the change, while training
    layers: tuple[str, ...] = ()  # patterns of layer names ("trunk.layers.*.inner"); empty: every layer it is made for

    def __post_init__(self) -> None:
        """Raise InputError for what cannot be."""
        if self.rank < 1 or self.alpha <= 0:
            raise InputError(f"LoRA needs a rank of at least 1 and an alpha above 0, got rank {self.rank}, alpha {self.alpha}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"LoRA's dropout must be at least 0 and less than 1, got {self.dropout}")


def add_lora(trunk: "nn.Module", config: LoraConfig) -> Any:
    """Change layers of a trunk in place, freeze the rest of it, and return what `merge_lora` takes.

    Without patterns: every linear layer, attention and 1 x 1 convolution. Raises InputError for a pattern that fits no
    layer, MissingDependency without peft.
    """
    if find_spec("peft") is None:
        raise MissingDependency("peft", "LoRA")
    import peft

    chosen = _chosen(trunk, config.layers)
    settings = peft.LoraConfig(
        r=config.rank,
        lora_alpha=config.alpha,  # type: ignore[arg-type]  # declared int, used as a factor
        lora_dropout=config.dropout,
        target_modules=chosen,
    )
    return peft.LoraModel(trunk, settings, "default")


def merge_lora(tuner: Any) -> "nn.Module":
    """Copy the trunk that `add_lora` changed, with the changes added to its weights; names are the old ones again."""
    trunk: nn.Module = copy.deepcopy(tuner).merge_and_unload()
    return trunk


def _chosen(trunk: "nn.Module", patterns: tuple[str, ...]) -> list[str]:
    """Names below the trunk; patterns name layers as they name parameters, from "trunk." on."""
    names = [f"{_TRUNK}{name}" for name in _adaptable(trunk)]
    chosen = [name for pattern in patterns for name in fitting_names(pattern, names, "layer for LoRA")] if patterns else names
    if not chosen:
        raise InputError("this network has no layer that LoRA can change; train it without LoRA")
    return [name.removeprefix(_TRUNK) for name in chosen]


def _adaptable(trunk: "nn.Module") -> Iterator[str]:
    """Name of every layer that can take a change."""
    from torch import nn

    within: tuple[str, ...] = ()
    for name, layer in trunk.named_modules():
        if within and name.startswith(within):
            continue  # torch's attention reads its projection's weights past its forward: adapted with it, or in vain
        if isinstance(layer, nn.MultiheadAttention):
            within = (*within, f"{name}.")
            yield name
        elif isinstance(layer, nn.Linear) or (
            isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1) and layer.groups == 1
        ):
            yield name
