"""One turn of clip-retrieval's inference, in an environment of its own: `clip_inference.main` over a folder of pictures.

    python -m benchmarks.performance_clip_retrieval ARCHITECTURE WEIGHTS FOLDER WORK OUT

Batches of 32 in place of its 256: it warms up with two batches of pictures and texts, which take minutes on two cores.
"""

import sys
import tempfile
from pathlib import Path

from benchmarks.performance_cost import cost_of, keep

__all__ = ["main"]

_BATCH = 32


def main(architecture: str, weights: str, folder: str, work: str, out: str) -> None:
    """Write OUT.json and OUT.npz. The model is loaded and warm before the clock starts: it keeps it for the process."""
    import numpy as np
    import pandas
    from clip_retrieval.clip_inference.main import main as infer

    def run(pictures: str, into: str) -> None:
        infer(pictures, into, batch_size=_BATCH, enable_text=False, clip_model=f"open_clip:{architecture}/{weights}")

    with tempfile.TemporaryDirectory() as scratch:
        run(str(Path(work) / "warm-up"), f"{scratch}/warm-up")
        cost = cost_of(lambda: run(folder, f"{scratch}/measured"))
        paths = pandas.read_parquet(next(Path(scratch, "measured", "metadata").glob("*.parquet")))["image_path"]
        vectors = np.load(next(Path(scratch, "measured", "img_emb").glob("*.npy"))).astype(np.float32)
        keep(out, cost, len(paths))
        np.savez(f"{out}.npz", names=[Path(path).name for path in paths], vectors=vectors)


if __name__ == "__main__":
    main(*sys.argv[1:])
