"""The head of the multilingual text tower: what brings the same words in different languages to one place.

E5's vectors sit in a narrow cone, and every language in a corner of it. The head takes away what all have in common and
turns the rest, so that what tells languages apart is lost; it was trained on the same things said in many languages
(encoders/recipe/).
"""

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from encoders.errors import ModelError

__all__ = ["TextHead", "load_text_head", "save_text_head"]


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


def save_text_head(head: TextHead, path: Path) -> None:
    """Write a head to a safetensors file: its matrices in float16, the rest in float32."""
    tensors = {
        name: tensor.half().contiguous() if tensor.ndim == 2 else tensor.contiguous()
        for name, tensor in head.state_dict().items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path)


def load_text_head(path: Path) -> TextHead:
    """Read what `save_text_head` wrote, ready to run. Raises ModelError for a file that is missing or damaged."""
    try:
        with safe_open(path, "pt") as file:
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118 - it is no dict
        head = TextHead(len(tensors["centre"]))
        head.load_state_dict(tensors)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(
            f"the text head {path} cannot be read ({reason}). It is part of Skybridge: install it again"
        ) from error
    return head.eval()
