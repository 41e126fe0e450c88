"""Pictures to stored vectors: this project's indexer against what people use instead, in turns.

ViT-B/32 of the same random weights everywhere; rclip's network takes 256 pixels, so it meets this project at 256 pixels.
rclip and clip-retrieval run from environments of their own below WORK/peers, made when they are missing.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.performance_networks import checkpoint, rclip_folder
from benchmarks.performance_sizes import Size, write_folders
from benchmarks.performance_turns import compare_vectors, take_turns

__all__ = ["NETWORKS", "measure"]

NETWORKS = {"ViT-B-32": ("loop", "clip-retrieval"), "ViT-B-32-256": ("rclip",)}
"""Architecture -> who else runs it."""

_REQUIREMENTS = {
    "rclip": ("rclip==3.3.0",),
    "clip-retrieval": ("clip-retrieval==2.45.0", "setuptools<81"),  # its CLIP imports pkg_resources
}


def measure(work: Path, size: Size, architecture: str, folder: str) -> dict[str, Any]:
    """Costs of each side on "small" or "large" photographs, and how our vectors compare with each other's."""
    pictures, others = write_folders(work, size)[folder], NETWORKS[architecture]
    if "rclip" in others:
        rclip_folder(work)
    weights = checkpoint(work, architecture)
    commands = {}
    for side in ("ours", *others):
        python = _environment(work, side) if side in _REQUIREMENTS else sys.executable
        program = f"benchmarks.performance_{side.replace('-', '_')}"
        commands[side] = [str(python), "-m", program, architecture, str(weights), str(pictures), str(work)]
    rounds = take_turns(commands, work, f"{architecture}-{pictures.name}", size.repeats)
    compared = {side: compare_vectors(rounds.vectors["ours"], rounds.vectors[side]) for side in others}
    return {"sides": rounds.costs, "vectors": compared}


def _environment(work: Path, name: str) -> Path:
    """The Python of an environment that has a package and what it pins, made unless it is there."""
    folder = work / "peers" / name
    python = folder / "bin" / "python"
    if not python.exists():
        wanted = _REQUIREMENTS[name]
        if uv := shutil.which("uv"):
            subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
            subprocess.run([uv, "pip", "install", "-q", "--python", python, *wanted], check=True)
        else:
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
    return python
