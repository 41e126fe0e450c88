"""The machine a number was measured on, in general terms, and what ran there."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

__all__ = ["describe_machine"]

_PACKAGES = ("torch", "openvino", "sentence-transformers", "open_clip_torch", "qdrant-edge-py", "pillow", "streamlit")


def describe_machine() -> dict[str, Any]:
    """Cores, architecture, CPU features that matter, versions, commit. No names."""
    flags: set[str] = set()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
        flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "cpu": sorted(flags & {"avx2", "avx512f", "avx512_bf16", "amx_bf16"}),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in _PACKAGES},
        "commit": commit.stdout.strip() or None,
    }
