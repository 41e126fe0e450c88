"""What made a result: the code's commit, the versions of what it stands on, the machine in general words."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["code_version", "machine", "versions"]

_ROOT = Path(__file__).parents[2]
_PACKAGES = ("torch", "torchvision", "timm", "open_clip_torch", "sentence-transformers", "transformers", "peft", "numpy")


def code_version(root: Path = _ROOT) -> str:
    """Commit of the code, with "+changes" where files differ from it; without a checkout, the release."""
    if (root / ".git").exists():
        try:
            commit, changes = (_git(root, *words) for words in (("rev-parse", "HEAD"), ("status", "--porcelain", "-uno")))
            return f"commit {commit}{'+changes' if changes else ''}"
        except (OSError, subprocess.SubprocessError):
            pass  # no git, or one that does not trust this folder: the release is the next best thing to say
    try:
        return f"release {version('skybridge')}"
    except PackageNotFoundError:
        return "unknown"


def versions() -> dict[str, str]:
    """Package -> version, of those that are installed and may change a result."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """System, processor family and number of cores: enough to judge a time by, nothing that names a machine."""
    return {"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()}


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=True, timeout=10)
    return done.stdout.strip()
