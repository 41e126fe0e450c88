"""A network in two parts: a trunk that knows the inputs, and a head that carries its answers into the space.

The parts are apart so that a trunk that stays as it is can be run once, and its answers be used again and again.
"""

from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Conse", "Corrected", "Headed", "with_head"]


class Headed(nn.Module):
    """Inputs -> (n, d) float32, unit rows: `head(trunk(*inputs))`, then unit length."""

    def __init__(self, trunk: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head

    def forward(self, *inputs: Tensor) -> Tensor:
        """Like `project(trunk(*inputs))`."""
        return self.project(self.trunk(*inputs))

    def project(self, features: Tensor) -> Tensor:
        """(n, f), the trunk's answers -> (n, d), unit rows.

        >>> Headed(nn.Identity(), nn.Identity()).project(Tensor([[3.0, 4.0]]))
        tensor([[0.6000, 0.8000]])
        """
        return functional.normalize(self.head(features), dim=-1)


def with_head(network: nn.Module, head: nn.Module | None) -> Headed:
    """Put a head on a network. Without one: the network in its own two parts, or with an end that changes nothing.

    >>> with_head(Headed(nn.Identity(), nn.Tanh()), None).head
    Tanh()
    """
    if head is None and isinstance(network, Headed):
        return Headed(network.trunk, network.head)
    return Headed(network, nn.Identity() if head is None else head)


class Corrected(nn.Module):
    """(n, f) -> (n, d): `straight` of the input, plus a learned correction."""

    def __init__(self, straight: nn.Module, correction: nn.Module) -> None:
        super().__init__()
        self.straight = straight
        self.correction = correction

    def forward(self, features: Tensor) -> Tensor:
        """Both, added."""
        answer: Tensor = self.straight(features) + self.correction(features)
        return answer


class Conse(nn.Module):
    """(n, c) logits -> (n, d): the mean of the likeliest classes' vectors, weighted by their probability.

    Norouzi et al. 2013, "Zero-shot learning by convex combination of semantic embeddings", equation 2.

    >>> head = Conse(Tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), classes=2, temperature=1.0)
    >>> head(Tensor([[9.0, 9.0, -9.0]]))
    tensor([[0.5000, 0.5000]])
    """

    class_vectors: Tensor

    def __init__(self, class_vectors: Tensor, classes: int, temperature: float) -> None:
        super().__init__()
        self.register_buffer("class_vectors", class_vectors)  # (c, d)
        self.classes = classes
        self.temperature = temperature

    def forward(self, logits: Tensor, temperature: Tensor | None = None) -> Tensor:
        """Only the `classes` likeliest classes count. `temperature` (n, 1): another one for each row."""
        likeliest, places = logits.topk(self.classes, dim=-1)
        weights = (likeliest / (self.temperature if temperature is None else temperature)).softmax(-1)
        return (weights[:, :, None] * self.class_vectors[places]).sum(1)
