"""What frozen networks answer, computed once and kept on disk (LiT, Zhai et al. 2022: train the other tower against it).

On a CPU that is most of the time of a short run, so many contents go through the network as it is served: by what
`encoders.runtime` finds to run it, which is several times quicker than torch there.
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from encoders.errors import FileError, TrainingError
from encoders.runtime import choose_runtime, open_network
from encoders.training.model import TrainableTower
from encoders.training.pairs import Content
from encoders.training.precision import Precision
from encoders.training.progress import Progress

__all__ = ["FrozenAnswers", "FrozenRows", "read_inputs", "state_digest"]

_A_CALL = 32  # contents that go through a network at a time
_MANY = 256  # contents from which it pays to export the network first

Inputs = tuple[Tensor, ...]


@dataclass(frozen=True)
class FrozenRows:
    """One row a content; NaN where the content could not be read."""

    rows: NDArray[np.float32]  # (n, f), read from disk as needed
    problems: Mapping[int, str]  # number of a content that could not be read -> why


class FrozenAnswers:
    """A folder of rows, each file named by the network, by what went in and by the precision."""

    def __init__(self, folder: Path, spec: Any, precision: Precision, progress: Progress) -> None:
        """`spec`: the card or cards that the towers come from: it decides how contents become inputs."""
        self.folder = folder
        self._spec = spec
        self._precision = precision
        self._progress = progress

    def rows(self, tower: TrainableTower, contents: Sequence[Content], what: Literal["features", "vectors"]) -> FrozenRows:
        """(n, f) answers of the trunk, or (n, d) vectors, for n contents: from disk where they are there.

        A picture that cannot be read is a problem of its own row. Raises TrainingError when the disk takes nothing.
        """
        known = [self._spec, tower.name, what, self._precision.device, self._precision.kind, _contents_digest(contents)]
        known.append(state_digest(tower.module, "trunk." if what == "features" else ""))
        known.append(self._is_served(contents))
        name = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:32]
        path = self.folder / f"{tower.name}-{what}-{name}.npy"
        try:
            if not path.exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                self._compute(tower, contents, what, path)
            problems = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
            return FrozenRows(np.load(path, mmap_mode="r"), {int(number): why for number, why in problems.items()})
        except (OSError, ValueError) as error:
            raise TrainingError(f"the answers of the frozen tower {tower.name} cannot be kept in {path}: {error}") from error

    def _compute(self, tower: TrainableTower, contents: Sequence[Content], what: str, path: Path) -> None:
        problems: dict[int, str] = {}
        rows: NDArray[np.float32] | None = None
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        tower.module.eval()
        trunk = self._trunk(tower, contents)
        try:
            for start in range(0, len(contents), _A_CALL):
                chunk = contents[start : start + _A_CALL]
                good, inputs, bad = read_inputs(tower, chunk)
                problems.update({start + place: why for place, why in bad.items()})
                if good:
                    answers = self._answers(tower, trunk(inputs), what)
                    if rows is None:
                        shape = (len(contents), answers.shape[1])
                        rows = np.lib.format.open_memmap(beside, mode="w+", dtype=np.float32, shape=shape)
                        rows[:] = np.nan
                    rows[[start + place for place in good]] = answers
                self._progress.step(f"answers of the frozen tower {tower.name}", start + len(chunk), len(contents))
            if rows is None:
                raise FileError(f"none of the {len(contents)} inputs of {tower.name} can be read. The first: {problems[0]}")
            rows.flush()  # type: ignore[attr-defined]  # a memmap
            path.with_suffix(".json").write_text(json.dumps(problems), encoding="utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)

    def _trunk(self, tower: TrainableTower, contents: Sequence[Content]) -> Callable[[Inputs], Tensor]:
        """Inputs of a batch -> (n, f) float32, what the trunk answers."""
        if self._is_served(contents):
            blueprint = tower.trunk_blueprint(state_digest(tower.module, "trunk.")[:32])
            if blueprint is not None:
                network = open_network(blueprint, self.folder / "networks")
                return lambda inputs: torch.from_numpy(network(*(one.numpy() for one in inputs)))

        def run(inputs: Inputs) -> Tensor:
            with torch.no_grad(), self._precision.running():
                return tower.features(*(one.to(self._precision.device) for one in inputs)).float()

        return run

    def _is_served(self, contents: Sequence[Content]) -> bool:
        """Whether trunks run as they are served: only where torch is the slower one, and only for many contents."""
        return self._precision.device == "cpu" and choose_runtime().engine != "torch" and len(contents) >= _MANY

    def _answers(self, tower: TrainableTower, features: Tensor, what: str) -> NDArray[np.float32]:
        with torch.no_grad():
            answers = features if what == "features" else tower.project(features)
        return answers.float().cpu().numpy()


def read_inputs(
    tower: TrainableTower, contents: Sequence[Content], seed: Sequence[int] | None = None
) -> tuple[list[int], Inputs, dict[int, str]]:
    """(places that could be read, their inputs, place -> why for the others). With `seed`, pictures are augmented.

    Only when something cannot be read is each content read alone, to find which.
    """
    try:
        return list(range(len(contents))), tower.inputs(contents, _generator(seed)), {}
    except FileError:
        problems = {}
        for place, content in enumerate(contents):
            try:
                tower.inputs([content], _generator(seed))
            except FileError as error:
                problems[place] = str(error)
        good = [place for place in range(len(contents)) if place not in problems]
        inputs = tower.inputs([contents[place] for place in good], _generator(seed)) if good else ()
        return good, inputs, problems


def state_digest(module: nn.Module, prefix: str = "") -> str:
    """Hex, of names and numbers of all parameters and buffers whose names begin so."""
    whole = hashlib.sha256()
    for name, tensor in module.state_dict().items():
        if name.startswith(prefix):
            flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
            whole.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            whole.update(flat.numpy().data)
    return whole.hexdigest()


def _generator(seed: Sequence[int] | None) -> np.random.Generator | None:
    return None if seed is None else np.random.default_rng(seed)


def _contents_digest(contents: Sequence[Content]) -> str:
    """Hex, of all texts and of the bytes of all files; a file that cannot be read counts by its path."""
    whole = hashlib.sha256()
    for content in contents:
        if isinstance(content, str):
            whole.update(b"text " + hashlib.sha256(content.encode("utf-8", "surrogatepass")).digest())
            continue
        try:
            with content.open("rb") as file:
                whole.update(b"file " + hashlib.file_digest(file, "sha256").digest())
        except OSError:
            whole.update(b"gone " + os.fsencode(content))
    return whole.hexdigest()
