"""What may stand between a network and the space: a linear layer or a small MLP that changes nothing at first.

Describing a head loads nothing heavy; making one loads torch.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from encoders.errors import InputError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["HeadConfig", "make_head"]

_Kind = Literal["linear", "mlp"]


@dataclass(frozen=True)
class HeadConfig:
    """A head, as data."""

    kind: _Kind = "linear"
    dimension: int | None = None  # of the space; None: that of the network's own vectors
    hidden: int = 1024  # width of the MLP's inner layer
    dropout: float = 0.0  # share of the inner layer that is dropped while training

    def __post_init__(self) -> None:
        """Raise InputError for what cannot be."""
        if self.kind not in get_args(_Kind):
            raise InputError(f"a head is {' or '.join(map(repr, get_args(_Kind)))}, not {self.kind!r}")
        if self.hidden < 1 or (self.dimension is not None and self.dimension < 1):
            raise InputError(f"a head's widths must be at least 1, got dimension {self.dimension}, hidden {self.hidden}")
        if not 0 <= self.dropout < 1:
            raise InputError(f"a head's dropout must be at least 0 and less than 1, got {self.dropout}")


def make_head(width: int, config: HeadConfig) -> "nn.Module":
    """(n, width) -> (n, dimension), as a torch module.

    Where both are equal, the input is returned plus a correction whose last layer is zero: an untrained head changes
    nothing. Where they differ, an orthogonal projection stands in for the input (Saxe et al. 2014), so that angles
    between vectors are kept as far as the smaller dimension can. First weights come from torch's global generator.

    >>> import torch
    >>> rows = torch.eye(3)
    >>> bool((make_head(3, HeadConfig("mlp", hidden=8))(rows) == rows).all())
    True
    """
    from torch import nn

    from encoders.headed import Corrected

    dimension = config.dimension or width
    straight: nn.Module = nn.Identity()
    if dimension != width:
        projection = nn.Linear(width, dimension)
        nn.init.orthogonal_(projection.weight)
        nn.init.zeros_(projection.bias)
        if config.kind == "linear":
            return projection  # a linear correction of a linear layer would say the same thing twice
        straight = projection
    last = nn.Linear(config.hidden if config.kind == "mlp" else width, dimension)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    if config.kind == "linear":
        return Corrected(straight, last)
    # unit rows have small entries: without the norm, the inner layer would start out all but linear
    inner = [nn.LayerNorm(width), nn.Linear(width, config.hidden), nn.GELU(), nn.Dropout(config.dropout)]
    return Corrected(straight, nn.Sequential(*inner, last))
