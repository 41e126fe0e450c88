"""One turn of rclip's own pipeline, in an environment of its own: `RClip.ensure_index` over a folder, as its command calls it.

python -m benchmarks.performance_rclip ARCHITECTURE WEIGHTS FOLDER WORK OUT
"""

import os
import sys
import tempfile
from pathlib import Path

from benchmarks.performance_cost import cost_of, keep

__all__ = ["main"]


def main(architecture: str, weights: str, folder: str, work: str, out: str) -> None:
    """Write OUT.json and OUT.npz. The model is loaded and warm before the clock starts."""
    os.environ["RCLIP_DATADIR"] = str(Path(work) / "rclip")
    import numpy as np
    from rclip import db
    from rclip.main import RClip
    from rclip.model import Model
    from rclip.utils import helpers

    batch = helpers.init_arg_parser().parse_args(["anything"]).indexing_batch_size
    model = Model()
    model.compute_preprocessed_image_features([np.zeros((3, 256, 256), np.float32)] * batch, for_indexing=True)
    with tempfile.TemporaryDirectory() as folder_of_database:
        database = db.DB(Path(folder_of_database) / "db.sqlite3")
        rclip = RClip(model_instance=model, database=database, indexing_batch_size=batch, exclude_dirs=None)
        cost = cost_of(lambda: rclip.ensure_index(folder))
        paths, vectors = rclip._get_features(folder)
        keep(out, cost, len(paths))
        np.savez(f"{out}.npz", names=[Path(path).name for path in paths], vectors=vectors)
        rclip.close()
        database.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
