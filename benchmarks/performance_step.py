"""One measurement of `benchmarks.performance`, in a process of its own.

python -m benchmarks.performance_step NAME SIZE WORK OUT
"""

import json
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.performance_sizes import SIZES

__all__ = ["MEASUREMENTS", "main"]

MEASUREMENTS = {
    "start": ("performance_start", "measure"),
    "folders": ("performance_folders", "measure"),
    "rivals-small": ("performance_rivals", "measure_small"),
    "rivals-large": ("performance_rivals", "measure_large"),
    "passages": ("performance_passages", "measure"),
    "queries": ("performance_queries", "measure"),
}
"""Name -> module of benchmarks, and function(work, size) -> plain JSON."""


def main(name: str, size: str, work: str, out: str) -> None:
    """Measure, and write JSON into OUT."""
    module, function = MEASUREMENTS[name]
    found = getattr(import_module(f"benchmarks.{module}"), function)(Path(work), SIZES[size])
    Path(out).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
