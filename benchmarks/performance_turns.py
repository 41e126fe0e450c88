"""Programs that take turns at the same work, each turn a process of its own, and how their vectors compare."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe_machine

__all__ = ["Rounds", "Vectors", "compare_vectors", "take_turns"]

_ROOT = Path(__file__).parents[1]

Vectors = dict[str, np.ndarray]
"""Name of an item -> (d,) float32."""


@dataclass(frozen=True)
class Rounds:
    """What came of all turns."""

    costs: dict[str, list[dict[str, float]]]  # side -> `items`, `seconds`, `cpu_seconds` of each turn
    vectors: dict[str, Vectors]  # side -> what its last turn made


def take_turns(commands: Mapping[str, Sequence[str]], work: Path, name: str, repeats: int) -> Rounds:
    """First turn of each side, then the second of each, and so on. A command gets OUT as one more argument.

    A turn that this commit has taken before is not taken again. Raises SystemExit, naming the log, when one fails.
    """
    folder = work / "turns" / str(describe_machine()["commit"]) / name
    folder.mkdir(parents=True, exist_ok=True)
    costs: dict[str, list[dict[str, float]]] = {side: [] for side in commands}
    vectors: dict[str, Vectors] = {}
    for repeat in range(repeats):
        for side, command in commands.items():
            out = folder / f"{side}-{repeat}"
            if not Path(f"{out}.json").exists():
                _take(command, out)
            costs[side].append(json.loads(Path(f"{out}.json").read_text(encoding="utf-8")))
            with np.load(f"{out}.npz") as kept:
                vectors[side] = dict(zip(kept["names"].tolist(), kept["vectors"], strict=True))
    return Rounds(costs, vectors)


def _take(command: Sequence[str], out: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(_ROOT)}
    log = Path(f"{out}.log")
    with log.open("wb") as file:
        done = subprocess.run([*command, str(out)], stdout=file, stderr=file, env=environment, cwd=_ROOT, check=False)
    if done.returncode:
        raise SystemExit(f"this turn failed: {' '.join(command)}; see {log}")


def compare_vectors(ours: Vectors, theirs: Vectors) -> dict[str, Any]:
    """Cosines between the vectors of the same items: as they are, and after both lose the mean of theirs.

    The second is the harder test: vectors of random weights share most of their direction.
    """
    names = sorted(set(ours) & set(theirs))
    rows = [np.array([side[name] for name in names], np.float64) for side in (ours, theirs)]
    rows = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in rows]
    plain = (rows[0] * rows[1]).sum(1)
    moved = [each - rows[1].mean(0) for each in rows]
    centred = (moved[0] * moved[1]).sum(1) / (np.linalg.norm(moved[0], axis=1) * np.linalg.norm(moved[1], axis=1))
    return {
        "compared": len(names),
        "cosine": {"median": float(np.median(plain)), "lowest": float(plain.min())},
        "centred_cosine": {"median": float(np.median(centred)), "lowest": float(centred.min())},
    }
