"""One turn of this project: a folder of pictures through the indexer, its vectors kept.

python -m benchmarks.performance_ours ARCHITECTURE WEIGHTS FOLDER WORK OUT
"""

import shutil
import sys
from pathlib import Path

import numpy as np

from benchmarks.performance_cost import cost_of, keep
from benchmarks.performance_folders import fresh_home
from indexer.library import Library

__all__ = ["main"]


def main(architecture: str, weights: str, folder: str, work: str, out: str) -> None:
    """Write OUT.json and OUT.npz. The model is loaded before the clock starts; the processes that read are started after."""
    card, home = f"openclip:{architecture}/{weights}", fresh_home(Path(work), f"ours-{architecture}")
    with Library(home) as library:
        library.add([Path(work) / "warm-up"], model=card)
        known = library.store.count()
        cost = cost_of(lambda: library.add([folder], model=card))
        keep(out, cost, library.store.count() - known)
        stored = list(library.store.scan(with_vectors=True))
    np.savez(
        f"{out}.npz",
        names=[Path(item.payload["paths"][0]).name for item in stored],
        folders=[item.payload["paths"][0].startswith(folder) for item in stored],
        vectors=np.array([item.vector for item in stored], np.float32),
    )
    shutil.rmtree(home)


if __name__ == "__main__":
    main(*sys.argv[1:])
