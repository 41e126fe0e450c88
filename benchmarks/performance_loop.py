"""One turn of the loop most people write: OpenCLIP in float32, Pillow, batches of 32, qdrant-client's local mode.

python -m benchmarks.performance_loop ARCHITECTURE WEIGHTS FOLDER WORK OUT
"""

import shutil
import sys
import warnings
from pathlib import Path

import numpy as np

from benchmarks.performance_cost import cost_of, keep

__all__ = ["main"]

_BATCH = 32


def main(architecture: str, weights: str, folder: str, work: str, out: str) -> None:
    """Write OUT.json and OUT.npz. The model is loaded and warm before the clock starts."""
    import open_clip
    import torch
    from PIL import Image
    from qdrant_client import QdrantClient, models

    warnings.simplefilter("ignore")
    model, _, preprocess = open_clip.create_model_and_transforms(architecture, pretrained=weights)
    model.eval()
    store = Path(work) / "loop-store"
    shutil.rmtree(store, ignore_errors=True)
    client = QdrantClient(path=str(store))
    client.create_collection("pictures", models.VectorParams(size=512, distance=models.Distance.COSINE))
    files = sorted(Path(folder).rglob("*.jpg"))
    kept: list[np.ndarray] = []

    def encode(pictures: list[Path]) -> np.ndarray:
        with torch.no_grad():
            batch = torch.stack([preprocess(Image.open(path).convert("RGB")) for path in pictures])
            vectors: np.ndarray = torch.nn.functional.normalize(model.encode_image(batch), dim=-1).numpy()
            return vectors

    def run() -> None:
        for start in range(0, len(files), _BATCH):
            batch = files[start : start + _BATCH]
            vectors = encode(batch)
            points = [
                models.PointStruct(id=start + place, vector=vector.tolist(), payload={"path": str(path)})
                for place, (path, vector) in enumerate(zip(batch, vectors, strict=True))
            ]
            client.upsert("pictures", points)
            kept.append(vectors)

    encode(sorted((Path(work) / "warm-up").rglob("*.jpg")))
    keep(out, cost_of(run), len(files))
    np.savez(f"{out}.npz", names=[path.name for path in files], vectors=np.concatenate(kept))
    client.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
