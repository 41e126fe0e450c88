"""One turn of this project: a folder of pictures through the indexer, its vectors kept; then reading and encoding alone.

python -m benchmarks.performance_ours ARCHITECTURE WEIGHTS FOLDER WORK OUT
"""

import shutil
import sys
from pathlib import Path

import numpy as np

from benchmarks.performance_cost import cost_of, keep
from benchmarks.performance_folders import encode_pictures, fresh_home, read_pictures
from indexer.library import Library

__all__ = ["main"]


def main(architecture: str, weights: str, folder: str, work: str, out: str) -> None:
    """Write OUT.json and OUT.npz. The model is loaded before the clock starts; the processes that read are started after."""
    card, home = f"openclip:{architecture}/{weights}", fresh_home(Path(work), f"ours-{architecture}")
    with Library(home) as library:
        library.add([Path(work) / "warm-up"], model=card)
        known = library.store.count()
        cost = cost_of(lambda: library.add([folder], model=card))
        pictures: list[np.ndarray] = []
        read = cost_of(lambda: pictures.extend(read_pictures(Path(folder), library.encoder)))
        encode = cost_of(lambda: encode_pictures(pictures, library.encoder))
        keep(out, cost | {"read": read["cpu_seconds"], "encode": encode["cpu_seconds"]}, library.store.count() - known)
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
