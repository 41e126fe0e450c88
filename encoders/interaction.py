"""The interaction layer: what two towers lose by meeting late, looked for where a query and a candidate meet early.

A cosine adds up d products of the same place in both vectors, each with the same weight. The layer sees the products, the
distances and both vectors, weighs them (GMF) and bends them (MLP), as in NeuralCF (He et al. 2017, section 3.4):

    x = [u * v, |u - v|, u, v]        scaled so that entries are about 1, whatever the dimension
    score = cosine / temperature + gmf(u * v) + mlp(x)

The last weights begin at zero, so an untrained layer changes nothing. It is trained by `encoders.training.reranker`, and runs
here without torch: fifty candidates are one small matrix product.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.errors import InputError, ModelError
from encoders.vectors import Vectors

__all__ = ["INTERACTION", "Interaction", "load_interaction", "save_interaction"]

INTERACTION = "interaction.safetensors"
"""Name of the file in a reranker's folder."""

_FORMAT = "1"
_NAMES = {"gmf.weight", "first.weight", "first.bias", "second.weight", "second.bias", "last.weight"}
_REPAIR = "Train it again with python -m encoders train-reranker, or copy it again from where it came"


@dataclass(frozen=True)
class Interaction:
    """A trained layer, and the space it was trained for."""

    weights: Mapping[str, NDArray[np.float32]]  # as `encoders.training.reranker.InteractionLayer` names them
    temperature: float  # what the cosine was divided by beside it
    query_fingerprints: Mapping[str, str]  # modality -> fingerprint of the tower whose vectors it knows
    candidate_fingerprints: Mapping[str, str]

    def __post_init__(self) -> None:
        """Raise ModelError for weights that do not fit together."""
        if set(self.weights) != _NAMES:
            raise ModelError(f"an interaction layer holds {', '.join(sorted(_NAMES))}, not {', '.join(sorted(self.weights))}")
        (inner, hidden), d = _matrix(self.weights, "second.weight"), _matrix(self.weights, "gmf.weight")[1]
        wanted: dict[str, tuple[int, ...]] = {
            "gmf.weight": (1, d),
            "first.weight": (hidden, 4 * d),
            "first.bias": (hidden,),
            "second.bias": (inner,),
        }
        wanted["last.weight"] = (1, inner)
        for name, shape in wanted.items():
            if self.weights[name].shape != shape:
                raise ModelError(f"{name} of an interaction layer must be {shape}, got {self.weights[name].shape}")
        if not 0 < self.temperature < np.inf or not all(np.isfinite(one).all() for one in self.weights.values()):
            raise ModelError("an interaction layer holds numbers that are none")

    @property
    def dimension(self) -> int:
        """Length d of the vectors it takes."""
        return int(self.weights["gmf.weight"].shape[1])

    def logits(self, query: NDArray[np.float32], candidates: Vectors) -> NDArray[np.float32]:
        """(d,) and (n, d), unit rows -> (n,) float32: what is added to cosine / temperature. InputError for other shapes."""
        d = self.dimension
        if query.shape != (d,) or candidates.ndim != 2 or candidates.shape[1] != d:
            raise InputError(f"the interaction layer takes ({d},) and (n, {d}), got {query.shape} and {candidates.shape}")
        weights, root = self.weights, np.float32(np.sqrt(d))
        products, apart = candidates * query * np.float32(d), np.abs(candidates - query) * root
        both, far, asked, offered = np.split(weights["first.weight"], 4, axis=1)
        first = products @ both.T + apart @ far.T + candidates @ offered.T * root + (asked @ query) * root
        inner = np.maximum(first + weights["first.bias"], 0)
        inner = np.maximum(inner @ weights["second.weight"].T + weights["second.bias"], 0)
        answer: NDArray[np.float32] = (products @ weights["gmf.weight"].T + inner @ weights["last.weight"].T)[:, 0]
        return answer

    def corrections(self, query: NDArray[np.float32], candidates: Vectors) -> NDArray[np.float32]:
        """(d,) and (n, d) -> (n,) float32: the same in cosines, less their mean.

        Training compares the candidates of one query, so what it adds to all of them alike means nothing.
        """
        found = self.temperature * self.logits(query, candidates)
        return (found - found.mean()).astype(np.float32) if len(found) else found.astype(np.float32)

    def check(self, side: str, modality: str, found: str | None) -> None:
        """Return only if vectors of this fingerprint are what it was trained for; ModelError with both otherwise."""
        known = (self.query_fingerprints if side == "query" else self.candidate_fingerprints).get(modality)
        if known != found:
            raise ModelError(
                f"the reranker was trained for vectors of the {side} tower for {modality} with fingerprint {known}, and this"
                f" collection has {found}. Train one for this model with python -m encoders train-reranker, or search without"
            )


def save_interaction(layer: Interaction, path: Path) -> None:
    """Write one safetensors file, the fingerprints in its metadata."""
    from safetensors.numpy import save

    from encoders.training.run_folder import write_whole

    about = {
        "format": _FORMAT,
        "temperature": repr(float(layer.temperature)),
        "query": json.dumps(dict(layer.query_fingerprints)),
        "candidate": json.dumps(dict(layer.candidate_fingerprints)),
    }
    tensors = {name: np.ascontiguousarray(one, np.float32) for name, one in layer.weights.items()}
    write_whole(path, save(tensors, metadata=about))


def load_interaction(path: Path) -> Interaction:
    """Read what `save_interaction` wrote. Raises ModelError for a file that is missing, damaged or of another format."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            about = file.metadata() or {}
            if about.get("format") != _FORMAT:
                raise ModelError(f"{path} is no interaction layer of format {_FORMAT}. {_REPAIR}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
        return Interaction(tensors, float(about["temperature"]), json.loads(about["query"]), json.loads(about["candidate"]))
    except ModelError as error:
        raise ModelError(f"the reranker {path} cannot be used: {error}") from error
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ModelError(f"the reranker {path} cannot be read ({reason}). {_REPAIR}") from error


def _matrix(weights: Mapping[str, NDArray[np.float32]], name: str) -> tuple[int, int]:
    shape = weights[name].shape
    if len(shape) != 2:
        raise ModelError(f"{name} of an interaction layer must be a matrix, got {shape}")
    return int(shape[0]), int(shape[1])
