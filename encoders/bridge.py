"""The bridge of the starter: from what EfficientNet-Lite2 sees in a picture to the text tower's space.

Three readers look at the same picture, and a gate weighs them.

- ConSE (encoders/headed.py) names the picture with the network's own 1,000 classes. It knows photographs and little of
  drawings.
- The drawing head reads all stages: the early ones for colour, line and texture, the last one for things, twice: as the
  network has it, and in a copy that was trained with the head on drawings with captions (encoders/stages.py). It knows
  nothing else.
- The class head reads the network's own last stage. It was trained where the drawings are not: on the network's own class
  prototypes, so that photographs and drawings answer a query on one scale.
- The gate is how far (Mahalanobis) the picture's early stages are from those of the drawings. Near them the drawing
  head speaks, far away the class head, and ConSE with them, the more and the more sharply the farther away.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from encoders.errors import ModelError
from encoders.headed import Conse
from encoders.stages import DRAWN, POOLED, STAGES, LastStage

__all__ = ["Blend", "Bridge", "Gate", "Head", "join_bridges", "load_bridge", "load_last_stage", "save_bridge"]

_SCALED = DRAWN + POOLED  # all columns but the logits
_EARLY = slice(POOLED, POOLED + sum(STAGES[:4]))  # what the gate reads: colour, line and texture
_CLIP = 6.0  # deviations: one odd value must not rule a picture
_LIKELIEST, _TEMPERATURE = 20, 1.5  # of ConSE alone
_LAST = "last."  # how the names of the last stage's tensors begin in the file

_Module = TypeVar("_Module", bound=nn.Module)


@dataclass(frozen=True)
class Blend:
    """How ConSE is mixed in near the drawings, where the gate is 0, and far from them, where it is 1.

    Of a drawing the network's classes are guesses, of which many together say most; a photograph it names for sure.
    """

    near_weight: float = 0.5  # the trained heads' is 1
    near_temperature: float = 2.0
    far_weight: float = 2.0
    far_temperature: float = 1.0


class Gate(nn.Module):
    """(n, SEEN) features -> (n, 1) in (0, 1): 0 for what looks like the drawings, 1 for what is far from them."""

    centre: Tensor
    precision: Tensor

    def __init__(self, border: float = 28.0, width: float = 5.0) -> None:
        super().__init__()
        early = _EARLY.stop - _EARLY.start
        self.register_buffer("centre", torch.zeros(early))
        self.register_buffer("precision", torch.eye(early))  # inverse of the drawings' covariance
        self.border, self.width = border, width

    def forward(self, features: Tensor) -> Tensor:
        """Half where the distance is `border`."""
        apart = features[:, _EARLY] - self.centre
        distance = ((apart @ self.precision) * apart).sum(1, keepdim=True).clamp(min=0).sqrt()
        return torch.sigmoid((distance - self.border) / self.width)

    def fit(self, features: Tensor, ridge: float = 1e-4) -> None:
        """(n, SEEN) features of drawings: learn where they are."""
        early = features[:, _EARLY].double()
        covariance = torch.cov(early.T) + ridge * torch.eye(early.shape[1], dtype=torch.float64)
        self.centre.copy_(early.mean(0))
        self.precision.copy_(torch.linalg.inv(covariance))


class Head(nn.Module):
    """(n, f) standardised features -> (n, d): a line and a curve, added."""

    def __init__(self, features: int, hidden: int, dimension: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        self.line = nn.Linear(features, dimension)
        self.bend = nn.Linear(features, hidden)
        self.out = nn.Linear(hidden, dimension)
        nn.init.zeros_(self.line.weight)

    def forward(self, features: Tensor) -> Tensor:
        """Not of unit length."""
        bent = functional.gelu(self.bend(functional.dropout(features, self.dropout, self.training)))
        answer: Tensor = self.line(features) + self.out(functional.dropout(bent, self.dropout, self.training))
        return answer


class Bridge(nn.Module):
    """(n, SEEN) features of StagedPictures -> (n, d), unit rows."""

    centre: Tensor
    deviation: Tensor
    offset: Tensor

    def __init__(self, class_vectors: Tensor, hidden: int, blend: Blend, dropout: float = 0.0) -> None:
        """`class_vectors` (1000, d), unit rows; `hidden`: width of the drawing head's curve, the class head's is half of it."""
        super().__init__()
        dimension = class_vectors.shape[1]
        self.hidden = hidden
        self.gate = Gate()
        self.drawing = Head(_SCALED, hidden, dimension, dropout)
        self.classes = Head(POOLED, hidden // 2, dimension, dropout)
        self.conse = Conse(class_vectors, _LIKELIEST, _TEMPERATURE)
        self.blend = blend
        self.register_buffer("centre", torch.zeros(_SCALED))
        self.register_buffer("deviation", torch.ones(_SCALED))
        # what all class vectors have in common says nothing of a picture, and would make it answer every query
        self.register_buffer("offset", 0.8 * class_vectors.mean(0))

    def fit(self, features: Tensor) -> None:
        """(n, SEEN) features of the drawings that training sees: learn their scale and where they are."""
        self.centre.copy_(features[:, :_SCALED].mean(0))
        self.deviation.copy_(features[:, :_SCALED].std(0) + 1e-3)
        self.gate.fit(features)

    def forward(self, features: Tensor, far: Tensor | None = None) -> Tensor:
        """Unit rows. `far` (n, 1) overrules the gate where it is not NaN: training knows what it made up."""
        gate = self.gate(features)
        far = gate if far is None else torch.where(far.isnan(), gate, far)
        scaled = ((features[:, :_SCALED] - self.centre) / self.deviation).clamp(-_CLIP, _CLIP)
        trained = (1 - far) * self.drawing(scaled) + far * self.classes(scaled[:, DRAWN:])
        temperature = (1 - far) * self.blend.near_temperature + far * self.blend.far_temperature
        named = functional.normalize(self.conse(features[:, _SCALED:], temperature), dim=-1) - self.offset
        weight = (1 - far) * self.blend.near_weight + far * self.blend.far_weight
        together = functional.normalize(trained, dim=-1) + weight * functional.normalize(named, dim=-1)
        return functional.normalize(together, dim=-1)


def join_bridges(members: Sequence[Bridge]) -> Bridge:
    """Make one bridge of several that were fitted to the same drawings: its heads answer with the mean of theirs.

    Curves are laid side by side and lines are averaged, so the joined bridge is exact, and as quick as one of its width.
    """
    first = members[0]
    joined = Bridge(first.conse.class_vectors, sum(one.hidden for one in members), first.blend)
    states = [one.state_dict() for one in members]
    tensors = {}
    for name in states[0]:
        together = [state[name] for state in states]
        if ".bend." in name:
            tensors[name] = torch.cat(together)
        elif name.endswith(".out.weight"):
            tensors[name] = torch.cat(together, 1) / len(members)
        else:
            tensors[name] = torch.stack(together).mean(0)
    joined.load_state_dict(tensors)
    return joined.eval()


def save_bridge(bridge: Bridge, last: LastStage, path: Path) -> None:
    """Write a bridge, and the last stage that it reads, to a safetensors file.

    Matrices in float16, what distances and scales are measured by in float32.
    """
    heads = {name for name, _ in bridge.named_parameters() if name.endswith("weight")} | {"conse.class_vectors"}
    tensors = {
        name: tensor.half().contiguous() if name in heads and tensor.ndim == 2 else tensor.contiguous()
        for name, tensor in bridge.state_dict().items()
    }
    tensors |= {_LAST + name: tensor.half().contiguous() for name, tensor in last.state_dict().items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"hidden": bridge.hidden, **asdict(bridge.blend)}
    save_file(tensors, path, metadata={name: str(value) for name, value in about.items()})


def load_bridge(path: Path) -> Bridge:
    """Read the bridge that `save_bridge` wrote, ready to run. Raises ModelError for a file that is missing or damaged."""

    def build(tensors: dict[str, Tensor], about: dict[str, str]) -> Bridge:
        own = {name: tensor for name, tensor in tensors.items() if not name.startswith(_LAST)}
        blend = Blend(**{field.name: float(about[field.name]) for field in fields(Blend)})
        bridge = Bridge(own["conse.class_vectors"], int(about["hidden"]), blend)
        bridge.load_state_dict(own)
        return bridge

    return _read(path, build).eval()


def load_last_stage(path: Path) -> LastStage:
    """Read the last stage that `save_bridge` wrote beside the bridge. Raises ModelError like `load_bridge`."""

    def build(tensors: dict[str, Tensor], _: dict[str, str]) -> LastStage:
        last = LastStage()
        last.load_state_dict({name.removeprefix(_LAST): one for name, one in tensors.items() if name.startswith(_LAST)})
        return last

    return _read(path, build).eval()


def _read(path: Path, build: Callable[[dict[str, Tensor], dict[str, str]], _Module]) -> _Module:
    try:
        with safe_open(path, "pt") as file:
            return build({name: file.get_tensor(name).float() for name in file.keys()}, file.metadata())  # noqa: SIM118 - it is no dict
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"the bridge {path} cannot be read ({reason}). Train it again, or take Skybridge's own") from error
