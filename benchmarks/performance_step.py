"""One measurement of `benchmarks.performance`, in a process of its own.

python -m benchmarks.performance_step NAME SIZE WORK OUT
"""

import json
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.performance_sizes import SIZES

__all__ = ["MEASUREMENTS", "main"]

MEASUREMENTS: dict[str, tuple[str, ...]] = {
    "start": ("performance_start",),
    "app": ("performance_app",),
    "folders": ("performance_folders",),
    "pictures-small": ("performance_rivals", "ViT-B-32", "small"),
    "pictures-small-256": ("performance_rivals", "ViT-B-32-256", "small"),
    "passages": ("performance_passages",),
    "queries": ("performance_queries",),
    "pictures-large": ("performance_rivals", "ViT-B-32", "large"),
    "pictures-large-256": ("performance_rivals", "ViT-B-32-256", "large"),
}
"""Name -> module of benchmarks, whose `measure(work, size, ...)` gives plain JSON, and what else it is told."""


def main(name: str, size: str, work: str, out: str) -> None:
    """Measure, and write JSON into OUT."""
    module, *told = MEASUREMENTS[name]
    found = import_module(f"benchmarks.{module}").measure(Path(work), SIZES[size], *told)
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
