"""What learns, and how it is moved: the towers' parameters with their rates, the objective's own, and the optimiser."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from encoders.errors import InputError
from encoders.training.config import TrainConfig
from encoders.training.model import TrainableTower
from encoders.training.objective import Objective
from encoders.training.precision import Precision
from encoders.training.rates import group_parameters

__all__ = ["Learner"]

_OBJECTIVE_RATE = 1e-3  # a temperature or a bias is one number, and no harm is done when it moves quickly


class Learner:
    """Towers, objective and AdamW (Loshchilov and Hutter 2019). Making one freezes what the rates say is frozen."""

    def __init__(
        self, towers: Sequence[TrainableTower], objective: Objective, config: TrainConfig, precision: Precision
    ) -> None:
        """Raises InputError for rates that fit nothing and when nothing learns."""
        self.towers = towers
        self.objective = objective
        named = ((f"{tower.name}.{name}", one) for tower in towers for name, one in tower.module.named_parameters())
        groups = group_parameters(named, config.rates)
        if not groups:
            raise InputError(
                "nothing learns: every parameter is frozen. Give the towers a head ([head] kind), let more of them learn "
                "([model] learn), or change [optimiser] rates"
            )
        self.rates = sorted({group["lr"] for group in groups})  # of the towers, before the schedule
        decay = config.optimiser.weight_decay
        split = [one for group in groups for one in _by_decay(group["params"], group["lr"], decay)]
        own = [{"params": list(objective.parameters()), "lr": _OBJECTIVE_RATE, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW([*split, *(own if own[0]["params"] else [])])
        self._rates = [group["lr"] for group in self.optimiser.param_groups]
        self._scaler = torch.amp.GradScaler(precision.device) if precision.scales else None
        self._clip = config.optimiser.clip_norm or math.inf

    @property
    def parameters(self) -> int:
        """How many numbers of the towers learn."""
        return sum(tensor.numel() for tensor in self._learning().values())

    def scale(self, loss: Tensor) -> Tensor:
        """Scale the loss before the backward pass, where the precision needs it."""
        return self._scaler.scale(loss) if self._scaler else loss

    def switch(self, training: bool) -> None:
        """Put what learns into training mode, or everything into evaluation mode."""
        for tower in self.towers:
            tower.module.train(training)

    def update(self, factor: float) -> float:
        """One step with `factor` times the rates; the norm of the gradient before it was cut.

        A gradient that is not finite changes nothing (with fp16, which finds its scale so, a few of them are usual).
        """
        for group, rate in zip(self.optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor
        if self._scaler:
            self._scaler.unscale_(self.optimiser)
        moved = [one for group in self.optimiser.param_groups for one in group["params"] if one.grad is not None]
        norm = float(torch.nn.utils.clip_grad_norm_(moved, self._clip))
        if self._scaler:
            self._scaler.step(self.optimiser)
            self._scaler.update()
            norm = norm if math.isfinite(norm) else 0.0
        elif math.isfinite(norm):
            self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        return norm

    def tensors(self) -> dict[str, Tensor]:
        """All that training changes, as copies on the CPU: parameters that learn and the buffers beside them."""
        found = {**self._learning(), **self._buffers()}
        return {name: tensor.detach().cpu().clone() for name, tensor in found.items()}

    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Take over what `tensors` gave."""
        with torch.no_grad():
            for name, tensor in {**self._learning(), **self._buffers()}.items():
                tensor.copy_(tensors[name])

    def state_dict(self) -> dict[str, Any]:
        """All that `load_state_dict` needs to go on as if nothing had happened."""
        return {
            "tensors": self.tensors(),
            "objective": {name: tensor.cpu().clone() for name, tensor in self.objective.state_dict().items()},
            "optimiser": self.optimiser.state_dict(),
            "scaler": self._scaler.state_dict() if self._scaler else {},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.load_tensors(state["tensors"])
        self.objective.load_state_dict(state["objective"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self._scaler:
            self._scaler.load_state_dict(state["scaler"])

    def _modules(self) -> dict[str, nn.Module]:
        """Each module in which something learns, once, by the name of its first tower."""
        found: dict[int, tuple[str, nn.Module]] = {}
        for tower in self.towers:
            if any(parameter.requires_grad for parameter in tower.module.parameters()):
                found.setdefault(id(tower.module), (tower.name, tower.module))
        return dict(found.values())

    def _learning(self) -> dict[str, Tensor]:
        return {
            f"{tower}/{name}": parameter
            for tower, module in self._modules().items()
            for name, parameter in module.named_parameters()
            if parameter.requires_grad
        }

    def _buffers(self) -> dict[str, Tensor]:
        """Running statistics and the like; constants that are made anew with the module are not among them."""
        return {
            f"{tower}/{name}": buffer
            for tower, module in self._modules().items()
            for name, buffer in module.named_buffers()
            if name in module.state_dict()
        }


def _by_decay(parameters: Sequence[nn.Parameter], rate: float, decay: float) -> list[dict[str, Any]]:
    """Two groups: matrices, and biases and norms, which are not drawn to zero."""
    matrices = [one for one in parameters if one.ndim > 1]
    others = [one for one in parameters if one.ndim <= 1]
    both = [{"params": matrices, "lr": rate, "weight_decay": decay}, {"params": others, "lr": rate, "weight_decay": 0.0}]
    return [group for group in both if group["params"]]
