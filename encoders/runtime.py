"""What runs a network: chosen here, in one place, and told with its reason.

A tower describes its network as a Blueprint and gets back a Network: arrays in, array out, on what is best here.

1. `SKYBRIDGE_RUNTIME` (`torch` or `openvino`), where it is set.
2. Torch on an NVIDIA or Apple GPU, where there is one.
3. OpenVINO on the CPU, in bfloat16 where the CPU has it and the network's answers stand it, else in float32.
4. Torch on the CPU.

OpenVINO's networks are kept on disk (see encoders/exported.py): from the second start on, this imports no torch.
"""

import os
import platform
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from encoders.errors import ModelError

if TYPE_CHECKING:
    import torch

__all__ = ["Blueprint", "Choice", "Network", "choose_runtime", "open_network"]

Arrays = tuple[NDArray[Any], ...]


@dataclass(frozen=True)
class Blueprint:
    """A network before anything heavy has happened."""

    name: str  # for people and for the folder it is kept in: "minilm"
    fingerprint: str  # equal fingerprints mean equal networks; names the exported file
    build: Callable[[], "torch.nn.Module"]  # makes the module, with its weights, ready to run; called only when needed
    example: Arrays  # inputs as they will come; no axis that varies may have length 1 here
    varying: tuple[Mapping[int, str], ...]  # for each input: axes that vary, each with its name
    bfloat16: bool = True  # False: this network's answers change too much in bfloat16


@dataclass(frozen=True)
class Choice:
    """Which engine, on which device, and why."""

    engine: Literal["torch", "openvino"]
    device: str  # as torch names it: "cpu", "cuda", "mps"
    reason: str


class Network:
    """A network that can be called: arrays -> (n, d) float32. Safe to call from several threads."""

    def __init__(self, run: Callable[[Arrays], NDArray[np.float32]], about: str) -> None:
        self.about = about
        self._run = run
        self._lock = threading.Lock()

    def __call__(self, *arrays: NDArray[Any]) -> NDArray[np.float32]:
        """(n, d) float32 for inputs like the blueprint's example, with any length on varying axes.

        One call at a time: a network already uses every core, so two at once would only cost memory.
        """
        with self._lock:
            return self._run(arrays)


def choose_runtime() -> Choice:
    """Choose the engine for this machine. Raises ModelError for an unknown `SKYBRIDGE_RUNTIME`."""
    wanted = os.environ.get("SKYBRIDGE_RUNTIME", "").strip().lower()
    if wanted == "openvino":
        if find_spec("openvino") is None:
            raise ModelError("SKYBRIDGE_RUNTIME=openvino, but it is not installed. Install it with: pip install openvino")
        return Choice("openvino", "cpu", "SKYBRIDGE_RUNTIME asks for it")
    if wanted == "torch":
        return Choice("torch", _torch_device(), "SKYBRIDGE_RUNTIME asks for it")
    if wanted:
        raise ModelError(f"SKYBRIDGE_RUNTIME is {wanted!r}; it may be torch or openvino, or be left out")
    if _may_have_gpu() and (device := _torch_device()) != "cpu":
        return Choice("torch", device, "torch sees a GPU")
    if find_spec("openvino") is not None:
        return Choice("openvino", "cpu", "no GPU, and openvino is installed")
    return Choice("torch", "cpu", "no GPU, and openvino is not installed: pip install openvino makes it quicker")


def open_network(blueprint: Blueprint, cache: Path) -> Network:
    """Blueprint -> Network; exported networks are kept below `cache`.

    A network that OpenVINO cannot convert runs in torch, and `about` says so. Raises what `build` raises.
    """
    choice = choose_runtime()
    if choice.engine == "torch":
        return _torch_network(blueprint, choice)
    from encoders.exported import ConversionFailed, open_exported

    try:
        run, precision, remark = open_exported(blueprint, cache)
    except ConversionFailed as failure:
        fallback = Choice("torch", "cpu", f"OpenVINO could not convert this network: {failure}")
        return _torch_network(blueprint, fallback)
    return Network(run, f"OpenVINO {precision} on CPU ({'; '.join(filter(None, (choice.reason, remark)))})")


def _torch_network(blueprint: Blueprint, choice: Choice) -> Network:
    import torch

    module = blueprint.build().eval().requires_grad_(False).to(choice.device)

    def run(arrays: Arrays) -> NDArray[np.float32]:
        with torch.inference_mode():
            # copies: torch warns about arrays that cannot be written to, and pictures often come that way
            tensors = [torch.from_numpy(np.array(array)).to(choice.device) for array in arrays]
            answer: torch.Tensor = module(*tensors)
            return answer.float().cpu().numpy()

    device = {"cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}.get(choice.device, choice.device)
    return Network(run, f"torch f32 on {device} ({choice.reason})")


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
