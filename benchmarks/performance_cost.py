"""What a piece of work costs: seconds on the clock, and seconds of CPU, its own and those of the processes it ended.

On a machine that others use as well, the clock measures them, too; CPU seconds do so much less. Only Python's own library is
imported here, so that programs of other environments can be measured the same way.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

__all__ = ["Cost", "compiling", "cost_of", "cost_of_command", "keep"]

_ROOT = Path(__file__).parents[1]

Cost = dict[str, float]
"""`seconds` on the clock, `cpu_seconds` of all cores together."""


def cost_of(work: Callable[[], object]) -> Cost:
    """Do it once."""
    cpu, started = _cpu_seconds(), time.perf_counter()
    work()
    return {"seconds": time.perf_counter() - started, "cpu_seconds": _cpu_seconds() - cpu}


def cost_of_command(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Cost:
    """Run a process to its end, its output thrown away. Raises CalledProcessError when it fails."""
    return cost_of(lambda: subprocess.run(command, env=dict(environment), cwd=folder, check=True, capture_output=True))


def compiling(work: Path) -> dict[str, str]:
    """Environment of this process, but Python keeps bytecode, below `work`, as pip leaves it for people."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return environment | {"PYTHONPYCACHEPREFIX": str(work / "bytecode"), "PYTHONPATH": str(_ROOT)}


def keep(out: str | Path, cost: Cost, items: int) -> None:
    """Write OUT.json: the cost of so many items, with whatever parts of it are known."""
    Path(f"{out}.json").write_text(json.dumps({**cost, "items": items}), encoding="utf-8")


def _cpu_seconds() -> float:
    return sum(os.times()[:4])
