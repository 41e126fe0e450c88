"""What runs a network: chosen here, in one place, and told with its reason.

A tower describes its network as a Blueprint and gets back a Network: arrays in, array out, on what is quickest here.

1. `SKYBRIDGE_RUNTIME` (`torch` or `openvino`) says which engine, where it is set.
2. Torch on an NVIDIA or Apple GPU, where there is one: in float32, float16 or bfloat16.
3. Else OpenVINO in float32, OpenVINO in bfloat16 where the CPU has it, or torch in float32.

Where several are left, the first start measures them on this very network, and what came out is kept (encoders/measured.py).
OpenVINO's networks are kept, too (encoders/exported.py): from the second start on, this imports no torch.
"""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from encoders.errors import ModelError
from encoders.measured import Candidate, best_of, keep_findings, kept_findings, measure, tell_findings
from encoders.network import Arrays, Blueprint, Network, Runner, in_order

if TYPE_CHECKING:
    import torch

__all__ = ["Blueprint", "Choice", "Network", "candidates_for", "choose_runtime", "in_order", "open_candidate", "open_network"]

_DEVICES = {"cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}


@dataclass(frozen=True)
class Choice:
    """Which engine, on which device, and why."""

    engine: Literal["torch", "openvino"]
    device: str  # as torch names it: "cpu", "cuda", "mps"
    reason: str
    asked: bool = False  # by a person: no other engine is considered


def choose_runtime() -> Choice:
    """Choose the engine for this machine. Raises ModelError for an unknown `SKYBRIDGE_RUNTIME`."""
    wanted = os.environ.get("SKYBRIDGE_RUNTIME", "").strip().lower()
    if wanted == "openvino":
        if find_spec("openvino") is None:
            raise ModelError("SKYBRIDGE_RUNTIME=openvino, but it is not installed. Install it with: pip install openvino")
        return Choice("openvino", "cpu", "SKYBRIDGE_RUNTIME asks for it", asked=True)
    if wanted == "torch":
        return Choice("torch", _torch_device(), "SKYBRIDGE_RUNTIME asks for it", asked=True)
    if wanted:
        raise ModelError(f"SKYBRIDGE_RUNTIME is {wanted!r}; it may be torch or openvino, or be left out")
    if _may_have_gpu() and (device := _torch_device()) != "cpu":
        return Choice("torch", device, "torch sees a GPU")
    if find_spec("openvino") is not None:
        return Choice("openvino", "cpu", "no GPU, and openvino is installed")
    return Choice("torch", "cpu", "no GPU, and openvino is not installed: pip install openvino makes it quicker")


def candidates_for(choice: Choice, blueprint: Blueprint) -> list[Candidate]:
    """Ways to run this network, the one that the others are held to first: it is in float32."""
    plain = Candidate(choice.engine, choice.device, "f32")
    if choice.engine == "torch":
        reduced = ["f16", "bf16"] if choice.device != "cpu" and blueprint.bfloat16 else []
        return [plain, *(Candidate("torch", choice.device, precision) for precision in reduced)]
    from encoders.exported import has_bfloat16

    found = [plain]
    if blueprint.bfloat16 and has_bfloat16():
        found.append(Candidate("openvino", "cpu", "bf16"))
    return found if choice.asked else [*found, Candidate("torch", "cpu", "f32")]


def open_network(blueprint: Blueprint, cache: Path) -> Network:
    """Blueprint -> Network; exported networks and what was measured are kept below `cache`.

    A network that OpenVINO cannot convert runs in torch, and `about` says so. Raises what `build` raises.
    """
    return _Opening(blueprint, cache).network()


def open_candidate(blueprint: Blueprint, cache: Path, candidate: Candidate) -> Runner:
    """Open one certain way to run it. Raises ConversionFailed where OpenVINO cannot, and what `build` raises."""
    return _Opening(blueprint, cache).open(candidate)


class _Opening:
    """One network on its way to being open. Its module is built once, however many engines ask for it."""

    def __init__(self, blueprint: Blueprint, cache: Path) -> None:
        self._blueprint, self._cache = blueprint, cache
        self._remark = ""

    @cached_property
    def _module(self) -> "torch.nn.Module":
        return self._blueprint.build().eval().requires_grad_(False)

    def network(self) -> Network:
        """Open it on what is best here."""
        choice = choose_runtime()
        candidates = candidates_for(choice, self._blueprint)
        if len(candidates) > 1:
            return self._measured(candidates, choice.reason)
        from encoders.exported import ConversionFailed

        try:
            return self._told(candidates[0], self.open(candidates[0]), choice.reason)
        except ConversionFailed as failure:
            return self._without_openvino(str(failure))

    def _measured(self, candidates: list[Candidate], reason: str) -> Network:
        from encoders.exported import ConversionFailed

        place = self._cache / f"{self._blueprint.name}-{self._blueprint.fingerprint}-measured.json"
        findings = kept_findings(place, candidates)
        opened: dict[Candidate, Runner | str] = {}
        if findings is None:
            for candidate in candidates:
                try:
                    opened[candidate] = self.open(candidate)
                except ConversionFailed as failure:
                    opened[candidate] = str(failure)
            findings = measure(opened, self._blueprint.example)
            keep_findings(place, findings)
        best, plain = best_of(findings), findings[candidates[0]]
        if best is None or (best.engine != candidates[0].engine and plain.seconds is None):
            return self._without_openvino(plain.reason)
        runner = opened.get(best)
        try:
            return self._told(
                best, runner if isinstance(runner, Runner) else self.open(best), f"{reason}; {tell_findings(findings)}"
            )
        except ConversionFailed as failure:  # the kept export was damaged, and it cannot be made again
            return self._without_openvino(str(failure))

    def open(self, candidate: Candidate) -> Runner:
        """Raises ConversionFailed, and what `build` raises."""
        if candidate.engine == "torch":
            return _torch_runner(self._module, candidate)
        from encoders.exported import open_exported

        runner, self._remark = open_exported(self._blueprint, lambda: self._module, self._cache, candidate.precision)
        return runner

    def _without_openvino(self, reason: str) -> Network:
        self._remark = ""
        plain = Candidate("torch", "cpu", "f32")
        return self._told(plain, self.open(plain), f"OpenVINO could not convert this network: {reason}")

    def _told(self, candidate: Candidate, runner: Runner, reason: str) -> Network:
        why = "; ".join(filter(None, (reason, self._remark if candidate.engine == "openvino" else "")))
        device = _DEVICES.get(candidate.device, candidate.device)
        return Network(runner.run, f"{candidate} on {device} ({why})", runner.run_many)


def _torch_runner(module: "torch.nn.Module", candidate: Candidate) -> Runner:
    import torch

    module = module.to(candidate.device)
    kinds = {"f16": torch.float16, "bf16": torch.bfloat16}
    reduced = torch.autocast(candidate.device, kinds.get(candidate.precision), enabled=candidate.precision in kinds)

    def run(arrays: Arrays) -> NDArray[np.float32]:
        with torch.inference_mode(), reduced:
            # copies: torch warns about arrays that cannot be written to, and pictures often come that way
            tensors = [torch.from_numpy(np.array(array)).to(candidate.device) for array in arrays]
            answer: torch.Tensor = module(*tensors)
            floats: NDArray[Any] = answer.float().cpu().numpy()
            return floats

    return Runner(run)


def _may_have_gpu() -> bool:
    """Look for cheap signs of a GPU, so that torch is not imported just to hear that there is none."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return Path("/dev/nvidiactl").exists() or Path("/dev/kfd").exists() or bool(shutil.which("nvidia-smi"))


def _torch_device() -> str:
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
