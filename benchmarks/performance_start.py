"""Start-up: importing a room, the help of each command, and a query in a new process.

Bytecode is compiled beforehand, as pip leaves it.
"""

import statistics
import sys
from pathlib import Path
from typing import Any

from benchmarks.performance_cost import compiling, cost_of_command
from benchmarks.performance_folders import fresh_home
from benchmarks.performance_sizes import Size, write_folders

__all__ = ["measure"]

_TIMES = 5
_COMMANDS = {
    "python, nothing imported": ["-c", "pass"],
    "import search": ["-c", "import search"],
    "python -m search --help": ["-m", "search", "--help"],
    "python -m indexer --help": ["-m", "indexer", "--help"],
    "python -m encoders --help": ["-m", "encoders", "--help"],
}


def measure(work: Path, size: Size) -> dict[str, Any]:
    """Name -> medians of `seconds` and `cpu_seconds`, and the quickest of all."""
    folders, home = write_folders(work, size), fresh_home(work, "start")
    environment = compiling(work)
    add = ["-m", "indexer", "add", str(folders["small"]), str(folders["pages"]), "--home", str(home)]
    cost_of_command([sys.executable, *add], environment, work)
    commands = {**_COMMANDS, "a query in a new process": ["-m", "search", "a black cat", "--home", str(home), "--json"]}
    for command in commands.values():
        cost_of_command([sys.executable, *command], environment, work)  # compiles bytecode, fills the page cache
    costs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for _ in range(_TIMES):  # taking turns
        for name, command in commands.items():
            costs[name].append(cost_of_command([sys.executable, *command], environment, work))
    return {
        name: {
            **{kind: statistics.median(one[kind] for one in each) for kind in ("seconds", "cpu_seconds")},
            "quickest": min(one["seconds"] for one in each),
        }
        for name, each in costs.items()
    }
