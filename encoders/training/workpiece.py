"""A network on its way from a plan to a trained tower: copied, given a head or LoRA, and compared with what it was."""

import copy
import hashlib
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from encoders.headed import Headed, with_head
from encoders.plans import PicturePlan, TextPlan
from encoders.training.heads import HeadConfig, make_head
from encoders.training.lora import LoraConfig, add_lora, merge_lora

__all__ = ["TrainableNetwork", "Workpiece"]


class TrainableNetwork(Headed):
    """A headed network whose frozen parts stay in evaluation mode, whatever mode the rest is in.

    So batch-norm of a frozen part keeps its running statistics, and frozen parts drop nothing out.
    """

    def train(self, mode: bool = True) -> "TrainableNetwork":
        """Switch the parts that learn to training, or all to evaluation."""
        super().train(mode)
        if mode:
            _rest(self)
        return self


class Workpiece:
    """One network on its way from a plan to a trained tower. It is loaded when it is first used."""

    def __init__(
        self,
        plan: TextPlan | PicturePlan,
        device: str,
        head: HeadConfig | None = None,
        lora: LoraConfig | None = None,
        frozen: bool = False,
    ) -> None:
        self.plan = plan
        self.head = head
        self.dimension = (head and head.dimension) or plan.dimension
        self._device = device
        self._lora = lora
        self._frozen = frozen
        self._before: dict[str, bytes] = {}
        self._tuner: Any = None

    @cached_property
    def module(self) -> TrainableNetwork:
        """The network. First weights of a head and of LoRA come from torch's global generator."""
        # a copy: a plan may hand out one network to several towers
        network = copy.deepcopy(self.plan.blueprint.build())
        headed = with_head(network, make_head(self.plan.dimension, self.head) if self.head else None)
        module = TrainableNetwork(headed.trunk, headed.head).requires_grad_(not self._frozen)
        if not self._frozen:
            self._before = {name: _digest(tensor) for name, tensor in module.state_dict().items()}
        if self._lora and not self._frozen:
            self._tuner = add_lora(module.trunk, self._lora)
        return module.to(self._device).eval()

    def changed(self) -> dict[str, Tensor]:
        """Name -> CPU tensor of all that training changed, LoRA merged; empty when it changed nothing.

        A head that was added counts only together with a change: as it was made, it changes nothing. One that changes
        the dimension always counts.
        """
        resized = self.head is not None and self.dimension != self.plan.dimension
        if self._frozen or ("module" not in vars(self) and not resized):
            return {}
        module = self.module
        state = module.state_dict()
        if self._tuner is not None:
            state = Headed(merge_lora(self._tuner), module.head).state_dict()
        changed = {name: tensor for name, tensor in state.items() if _digest(tensor) != self._before[name]}
        if self.head and (changed or resized):
            changed |= {name: tensor for name, tensor in state.items() if name.startswith("head.")}
        return {name: tensor.detach().cpu().clone().contiguous() for name, tensor in changed.items()}


def _rest(module: nn.Module) -> None:
    """Put every part that has parameters, none of which learns, into evaluation mode."""
    learns = [parameter.requires_grad for parameter in module.parameters()]
    if learns and not any(learns):
        module.eval()
    else:
        for child in module.children():
            _rest(child)


def _digest(tensor: Tensor) -> bytes:
    """SHA-256 of a tensor's numbers: a copy of a network's weights would cost their memory."""
    flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    return hashlib.sha256(flat.numpy().data).digest()
