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
    """(n, d) -> (n, d), not of unit length: a line and a curve of the centred input, added."""

    centre: Tensor
    scale: Tensor

    def __init__(self, dimension: int, hidden: int, dropout: float = 0.0) -> None:
        """As it begins, it only takes the centre away."""
        super().__init__()
        self.register_buffer("centre", torch.zeros(dimension))
        self.register_buffer("scale", torch.ones(()))  # makes the centred rows about as long as a unit vector
        self.line = nn.Linear(dimension, dimension)
        self.curve = nn.Sequential(
            nn.Linear(dimension, hidden), nn.GELU(), nn.Dropout(dropout), nn.Linear(hidden, dimension)
        )
        nn.init.eye_(self.line.weight)
        for last in (self.line.bias, self.curve[-1].weight, self.curve[-1].bias):
            nn.init.zeros_(last)

    def fit(self, vectors: Tensor) -> None:
        """(n, d): learn where the texts are, and how far apart."""
        self.centre.copy_(vectors.mean(0))
        self.scale.copy_((vectors - self.centre).norm(dim=1).mean().reciprocal())

    def forward(self, vectors: Tensor) -> Tensor:
        """Both, added."""
        apart = (vectors - self.centre) * self.scale
        answer: Tensor = self.line(apart) + self.curve(apart)
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
        hidden, dimension = tensors["curve.0.weight"].shape
        head = TextHead(dimension, hidden)
        head.load_state_dict(tensors)
    except (OSError, SafetensorError, KeyError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"the text head {path} cannot be read ({reason}). It is part of Skybridge: install it again") from error
    return head.eval()
