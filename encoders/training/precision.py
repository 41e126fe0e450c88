"""On what a run trains, and with how many bits: chosen here, in one place, and told with its reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from encoders.errors import InputError

__all__ = ["Precision", "choose_device", "choose_precision"]

_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}  # as Linux names them, on x86 and on ARM


@dataclass(frozen=True)
class Precision:
    """Where and how the networks run. What follows them, heads and losses, stays in float32."""

    device: Literal["cpu", "cuda", "mps"]
    kind: Literal["f32", "bf16", "fp16"]
    reason: str

    @property
    def scales(self) -> bool:
        """Whether losses have to be scaled so that gradients do not fall below what the format can hold."""
        return self.kind == "fp16"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the networks inside this."""
        if self.kind == "f32":
            yield
            return
        with torch.autocast(self.device, dtype=torch.bfloat16 if self.kind == "bf16" else torch.float16):
            yield

    def __str__(self) -> str:
        device = {"cpu": "CPU", "cuda": "NVIDIA GPU", "mps": "Apple GPU"}[self.device]
        return f"{self.kind} on {device} ({self.reason})"


def choose_device() -> Literal["cpu", "cuda", "mps"]:
    """Return the best device that torch sees."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(
    wanted: Literal["auto", "f32", "bf16", "fp16"], device: Literal["cpu", "cuda", "mps"], networks_learn: bool
) -> Precision:
    """Choose the precision. Raises InputError for one that the device does not have.

    >>> str(choose_precision("auto", "cpu", networks_learn=False))
    'f32 on CPU (only heads learn, which are quick in any)'
    """
    if wanted == "fp16" and device != "cuda":
        raise InputError(
            f'[optimiser] precision = "fp16" needs an NVIDIA GPU, and this runs on {device}; "auto" finds the best'
        )
    if wanted != "auto":
        return Precision(device, wanted, "the settings ask for it")
    if not networks_learn:
        return Precision(device, "f32", "only heads learn, which are quick in any")
    if device == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return Precision(device, "bf16", "the GPU has it, and it needs no scaling")
        return Precision(device, "fp16", "the GPU has no bf16")
    if device == "cpu" and (found := sorted(_cpu_flags() & _BFLOAT16_FLAGS)):
        return Precision(device, "bf16", f"the CPU has {found[0]}")
    return Precision(device, "f32", "no bf16 in this device's hardware")


def _cpu_flags(path: Path = Path("/proc/cpuinfo")) -> set[str]:
    """Return what Linux says the CPU has; elsewhere nothing, since emulated bf16 is slower than float32."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.lower().startswith(("flags", "features"))), set())
