"""One turn of clip-retrieval's inference, in an environment of its own: its Runner over its reader, mapper and writer.

    python -m benchmarks.performance_clip_retrieval ARCHITECTURE WEIGHTS FOLDER WORK OUT

Its command also starts two processes that log, which import all of it once more for each run; they are left out. Batches of
32 in place of its 256, which few folders here would fill.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.performance_cost import cost_of, keep

__all__ = ["main"]

_BATCH, _READERS = 32, 4  # four readers is its default


class _Silent:
    """In the place of its logger."""

    def start(self) -> None:
        """Nothing."""

    def end(self) -> None:
        """Nothing."""

    def __call__(self, stats: Any) -> None:
        """Nothing."""


def main(architecture: str, weights: str, folder: str, work: str, out: str) -> None:
    """Write OUT.json and OUT.npz. The model is loaded and warm before the clock starts: it keeps it for the process."""
    import numpy as np
    import pandas
    from all_clip import load_clip
    from clip_retrieval.clip_inference.mapper import ClipMapper
    from clip_retrieval.clip_inference.reader import FilesReader
    from clip_retrieval.clip_inference.runner import Runner
    from clip_retrieval.clip_inference.writer import NumpyWriter

    network = {"clip_model": f"open_clip:{architecture}/{weights}", "use_jit": False, "clip_cache_path": None}
    _, preprocess, tokenizer = load_clip(warmup_batch_size=1, **network)
    mapper = ClipMapper(enable_image=True, enable_text=False, enable_metadata=False, use_mclip=False, mclip_model="", **network)

    def run(pictures: str, into: str) -> None:
        Runner(
            lambda sampler: FilesReader(sampler, preprocess, tokenizer, pictures, _BATCH, _READERS, enable_text=False),
            lambda: mapper,
            lambda part: NumpyWriter(
                part, into, enable_text=False, enable_image=True, enable_metadata=False, output_partition_count=1
            ),
            lambda part: _Silent(),
            1,
        )(0)

    with tempfile.TemporaryDirectory() as scratch:
        run(str(Path(work) / "warm-up"), f"{scratch}/warm-up")
        cost = cost_of(lambda: run(folder, f"{scratch}/measured"))
        paths = pandas.read_parquet(next(Path(scratch, "measured", "metadata").glob("*.parquet")))["image_path"]
        vectors = np.load(next(Path(scratch, "measured", "img_emb").glob("*.npy"))).astype(np.float32)
        keep(out, cost, len(paths))
        np.savez(f"{out}.npz", names=[Path(path).name for path in paths], vectors=vectors)


if __name__ == "__main__":
    main(*sys.argv[1:])
