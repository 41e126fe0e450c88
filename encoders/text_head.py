"""What the multilingual text tower has of its own: the network's last layers, trained further, and a head behind them.

E5's vectors sit in a narrow cone, and every language in a corner of it. The head takes away what all have in common and
turns the rest, so that what tells languages apart is lost. It was trained on the same things said in many languages, and the
last layers with it (encoders/recipe/). One file holds both, its matrices in float16.
"""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from encoders.errors import ModelError

__all__ = ["TextHead", "load_last_layers", "load_text_head", "save_text_tower"]

_LAYERS = "layers."  # as `encoders.bert.Bert` names its own


class TextHead(nn.Module):
    """(n, d) -> (n, d), not of unit length: the centre taken away, then a line."""

    centre: Tensor

    def __init__(self, dimension: int) -> None:
        """As it begins, it changes nothing."""
        super().__init__()
        self.register_buffer("centre", torch.zeros(dimension))
        self.line = nn.Linear(dimension, dimension)
        nn.init.eye_(self.line.weight)
        nn.init.zeros_(self.line.bias)

    def forward(self, vectors: Tensor) -> Tensor:
        """The rows where languages meet."""
        answer: Tensor = self.line(vectors - self.centre)
        return answer


def save_text_tower(head: TextHead, network: nn.Module, first: int, path: Path) -> None:
    """Write a head, and the layers of a network from `first` on, to a safetensors file."""
    layers = {name: tensor for name, tensor in network.state_dict().items() if _is_layer(name) and _number(name) >= first}
    tensors = {
        name: tensor.half().contiguous() if tensor.ndim == 2 else tensor.contiguous()
        for name, tensor in {**head.state_dict(), **layers}.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)


def load_text_head(path: Path) -> TextHead:
    """Read the head that `save_text_tower` wrote, ready to run. Raises ModelError for a file that is missing or damaged."""
    tensors = {name: tensor for name, tensor in _read(path).items() if not _is_layer(name)}
    try:
        head = TextHead(len(tensors["centre"]))
        head.load_state_dict(tensors)
    except (KeyError, RuntimeError) as error:
        raise _unreadable(path, error) from error
    return head.eval()


def load_last_layers(path: Path, network: nn.Module) -> None:
    """Put the layers that `save_text_tower` wrote in the place of a network's own. Raises ModelError like `load_text_head`."""
    layers = {name: tensor for name, tensor in _read(path).items() if _is_layer(name)}
    try:
        unknown = network.load_state_dict(layers, strict=False).unexpected_keys
    except RuntimeError as error:
        raise _unreadable(path, error) from error
    if unknown:
        raise _unreadable(path, KeyError(unknown[0]))


def _is_layer(name: str) -> bool:
    return name.startswith(_LAYERS)


def _number(name: str) -> int:
    return int(name.removeprefix(_LAYERS).partition(".")[0])


def _read(path: Path) -> dict[str, Tensor]:
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - it is no dict
    except (OSError, SafetensorError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> ModelError:
    reason = " ".join(str(error).split())[:200]
    return ModelError(f"the text head {path} cannot be read ({reason}). It is part of Skybridge: install it again")
