"""What the frozen picture network says of every drawing, computed once and kept: training a head on it takes minutes.

Each drawing is seen as it will be served, and some times more as it might have been: scaled, moved, mirrored, turned.
Kept as float16 below the recipe's folder, one file a set of drawings; a run that was stopped goes on where it was.
"""

import math
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from encoders.picture import PictureSpec, Pixels, prepare
from encoders.recipe.drawings import Drawing, render
from encoders.towers import AnyNetwork

__all__ = ["augmented", "compute_features", "compute_photographs"]

_PICTURES_A_CALL = 4
_READ_AHEAD = 16
_MARGIN = 0.15  # of the side: white around a drawing before it is cut, so that it can also get smaller
_SCALE = (0.6, 1.1)  # side of what is cut out, as a share of the drawing's
_TURN = 12.0  # degrees


def compute_features(
    name: str,
    drawings: Sequence[Drawing],
    network: AnyNetwork,
    spec: PictureSpec,
    views: int,
    folder: Path,
    on_progress: Callable[[int], None] = lambda done: None,
) -> NDArray[np.float16]:
    """(n, 1 + views, f) float16, memory-mapped: each drawing as served, then `views` times augmented.

    `name` names the kept file. Raises what reading a drawing raises: a training set with holes in it is no training set.
    """
    kept = folder / f"{name}-{views}.npy"
    if not kept.is_file():
        half = kept.with_suffix(".half")
        rows: NDArray[np.float16] | None = np.lib.format.open_memmap(half, mode="r+") if half.is_file() else None
        # rows are written in order, and no answer is all zeros
        start = 0 if rows is None else int(rows[:, views].any(axis=1).sum())
        for place, view, answer in _answers(drawings, network, spec, views, start):
            if rows is None:
                shape = (len(drawings), 1 + views, len(answer))
                rows = np.lib.format.open_memmap(half, mode="w+", dtype=np.float16, shape=shape)
            rows[place, view] = answer
            if view == views:
                on_progress(place + 1)
        half.rename(kept)
    loaded: NDArray[np.float16] = np.load(kept, mmap_mode="r")
    return loaded


def compute_photographs(files: Sequence[Path], network: AnyNetwork, spec: PictureSpec, kept: Path) -> NDArray[np.float16]:
    """(n, f) float16: features of picture files as they are served. Kept like `compute_features`."""
    if not kept.is_file():
        rows = []
        for file in files:
            with Image.open(file) as image:
                rows.append(network(prepare(image.convert("RGB"), spec)[None])[0].astype(np.float16))
        np.save(kept, np.array(rows))
    loaded: NDArray[np.float16] = np.load(kept)
    return loaded


def augmented(image: Image.Image, side: int, rng: np.random.Generator) -> Pixels:
    """(side, side, 3) uint8: the drawing on white, cut out at random, perhaps mirrored and a little turned."""
    longer = max(image.size)
    margin = math.ceil(longer * _MARGIN)
    canvas = Image.new("RGB", (longer + 2 * margin,) * 2, "white")
    canvas.paste(image, (margin + (longer - image.width) // 2, margin + (longer - image.height) // 2))
    cut = longer * rng.uniform(*_SCALE)
    left, top = (rng.uniform(0, canvas.width - cut) for _ in range(2))
    view = canvas.resize((side, side), Image.Resampling.BICUBIC, box=(left, top, left + cut, top + cut))
    if rng.random() < 0.5:
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if rng.random() < 0.3:
        view = view.rotate(rng.uniform(-_TURN, _TURN), Image.Resampling.BICUBIC, fillcolor="white")
    return np.asarray(view)


def _answers(
    drawings: Sequence[Drawing], network: AnyNetwork, spec: PictureSpec, views: int, start: int
) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    batch: list[tuple[int, int, Pixels]] = []
    for seen in _read_ahead(drawings, spec, views, start):
        batch.append(seen)
        if len(batch) == _PICTURES_A_CALL:
            yield from _run(network, batch)
            batch = []
    if batch:
        yield from _run(network, batch)


def _run(network: AnyNetwork, batch: list[tuple[int, int, Pixels]]) -> Iterator[tuple[int, int, NDArray[np.float32]]]:
    answers = network(np.stack([pixels for _, _, pixels in batch]))
    for (place, view, _), answer in zip(batch, answers, strict=True):
        yield place, view, answer


def _read_ahead(drawings: Sequence[Drawing], spec: PictureSpec, views: int, start: int) -> Iterator[tuple[int, int, Pixels]]:
    """Draw in a thread of its own, a bounded number ahead of the network."""
    waiting: queue.Queue[tuple[int, int, Pixels] | BaseException | None] = queue.Queue(_READ_AHEAD)

    def read() -> None:
        try:
            for place in range(start, len(drawings)):
                image = render(drawings[place])
                waiting.put((place, 0, prepare(image, spec)))
                for view in range(1, views + 1):
                    waiting.put((place, view, augmented(image, spec.size, np.random.default_rng([place, view]))))
            waiting.put(None)
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for pictures
            waiting.put(error)

    threading.Thread(target=read, daemon=True).start()
    while (seen := waiting.get()) is not None:
        if isinstance(seen, BaseException):
            raise seen
        yield seen
