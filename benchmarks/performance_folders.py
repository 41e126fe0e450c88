"""Indexing a folder from end to end, against reading it alone and encoding it alone, with the default model."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.performance_cost import cost_of
from benchmarks.performance_sizes import Size, write_folders
from encoders.dual import DualEncoder
from indexer.items import LoadedSource, Source
from indexer.library import Library
from indexer.limits import Limits
from indexer.reading_pool import ReadingPool
from indexer.scan import Unreadable, walk
from indexer.workers import ReadJob, cores, read_ahead

__all__ = ["encode_pictures", "fresh_home", "measure", "read_pictures"]

_READ_AHEAD = 16  # files a worker, as the pipeline has it
_PICTURES_A_CALL = 64


def measure(work: Path, size: Size) -> dict[str, Any]:
    """Name of a folder -> costs of reading, encoding and indexing its pictures."""
    folders = write_folders(work, size)
    return {name: _measure(work, folders[name], folders["warm-up"], size.repeats) for name in ("small", "large")}


def _measure(work: Path, folder: Path, warm_up: Path, repeats: int) -> dict[str, Any]:
    rounds: dict[str, list[dict[str, float]]] = {"read": [], "encode": [], "index": []}
    for _ in range(repeats):
        home = fresh_home(work, "folders")
        with Library(home) as library:
            library.add([warm_up], model="starter")
            encoder = library.encoder
            pictures: list[np.ndarray] = []
            rounds["read"].append(cost_of(lambda: pictures.extend(read_pictures(folder, encoder))))  # noqa: B023 - called here
            rounds["encode"].append(cost_of(lambda: encode_pictures(pictures, encoder)))  # noqa: B023
            rounds["index"].append(cost_of(lambda: library.add([folder], model="starter")))
        shutil.rmtree(home)
    return {"items": len(pictures), "rounds": rounds}


def read_pictures(folder: Path, encoder: DualEncoder) -> list[np.ndarray]:
    """Every picture of a folder, prepared, by the processes that read for the indexer."""
    sources = [one for one in walk(folder) if isinstance(one, Source) and not isinstance(one, Unreadable)]
    with ReadingPool(cores()) as pool:
        outcomes = read_ahead(
            pool,
            (ReadJob(source, ()) for source in sources),
            picture_spec=encoder.picture_spec,
            passage_tokens=encoder.passage_tokens,
            limits=Limits(),
            window=cores() * _READ_AHEAD,
        )
        loaded = [one[1] for one in outcomes if one is not None]
    return [item.content for one in loaded if isinstance(one, LoadedSource) for item in one.items]


def encode_pictures(pictures: list[np.ndarray], encoder: DualEncoder) -> None:
    """Through the picture tower, vectors thrown away."""
    for start in range(0, len(pictures), _PICTURES_A_CALL):
        encoder.encode_candidates("image", pictures[start : start + _PICTURES_A_CALL])


def fresh_home(work: Path, name: str) -> Path:
    """An empty library folder that shares its exported networks with the others."""
    home, models = work / "homes" / name, work / "models"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    models.mkdir(exist_ok=True)
    (home / "models").symlink_to(models)
    return home
