"""The words inside a picture, read by RapidOCR: networks of PaddleOCR from its package, run by OpenVINO on this machine.

The package is optional. Its networks are named by path, so that it never looks for others on the network.
"""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders.errors import FileError, MissingDependency, ModelError
from indexer.items import Source
from indexer.limits import Limits
from indexer.loaders import hash_file, open_picture
from indexer.loaders.failures import one_error_tree, short_reason
from indexer.workers import Failed, cores

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["LONGEST_TEXT", "OcrJob", "join_lines", "read_picture", "require_ocr", "words_in"]

LONGEST_TEXT = 2000
"""Characters kept of the words in one picture."""

_LONGEST_SIDE = 1600  # pixels of the picture whose letters are read
_FINDING_SIDE = 960  # pixels of the picture in which lines are looked for; 12 of 1600 are still a line
_MOST_ENLARGED = 3  # times: small print of small pictures is not found as it is
_SURE = 0.6  # confidence, from 0 to 1
_MOST_THREADS = 4
_NICE = 10
_CHANGED = "it has changed since it was indexed; bring the collection up to date: python -m indexer add"

Engine = Callable[[Any], Any]


@dataclass(frozen=True)
class OcrJob:
    """A picture to be read."""

    content: str  # hex SHA-256 of its bytes
    places: tuple[Path, ...]  # where the ledger says it lies; at least one

    @property
    def source(self) -> Source:
        """The first place."""
        return Source(self.places[0], 0, 0, 0)


def require_ocr() -> None:
    """Raise MissingDependency, with the pip line, where RapidOCR is not installed."""
    if find_spec("rapidocr") is None:
        raise MissingDependency("rapidocr", "reading the words inside pictures", "'rapidocr>=3.10,<4'")


def read_picture(job: OcrJob, limits: Limits) -> str | Failed:
    """Runs in a worker: the words in the first place that holds the picture as it was indexed; "" where there are none.

    Raises ModelError when it is not the picture's fault.
    """
    _give_way()
    engine = _engine()
    failed = Failed(_CHANGED, transient=True)
    for path in job.places:
        try:
            if hash_file(path) == job.content:
                image = open_picture(path, limits, _LONGEST_SIDE)
                with one_error_tree(path.name, quiet=True):
                    return words_in(image, engine)
        except FileError as error:
            cause = error.__cause__
            failed = Failed(str(error), transient=isinstance(cause, OSError) and cause.errno is not None)
    return failed


def words_in(image: "Image.Image", engine: Engine | None = None) -> str:
    """Upright RGB picture -> its words, one line each, from top to bottom; "" where there are none."""
    pixels = np.asarray(image.resize(_reading_size(*image.size), reducing_gap=2.0))[:, :, ::-1]  # it wants blue first
    found = (engine or _engine())(np.ascontiguousarray(pixels))
    return join_lines(zip(found.txts or (), found.scores or (), strict=True))


def join_lines(lines: Iterable[tuple[str, float]]) -> str:
    r"""Lines with their confidences -> those that are to be believed, as one text.

    Patterns are easily taken for a letter or two alike ("O", "0000"), so a line of Latin letters or digits needs two
    different ones.

    >>> join_lines([("Platform  9", 0.98), ("0000", 0.8), ("to  London", 0.7), ("Lnodno", 0.4)])
    'Platform 9\nto London'
    """
    kept = (" ".join(line.split()) for line, confidence in lines if confidence >= _SURE)
    return "\n".join(line for line in kept if _tells(line))[:LONGEST_TEXT].rstrip()


def _reading_size(width: int, height: int) -> tuple[int, int]:
    longest = max(width, height)
    scale = min(_LONGEST_SIDE / longest, max(1.0, min(_MOST_ENLARGED, _FINDING_SIDE / longest)))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _tells(line: str) -> bool:
    letters = {sign for sign in line if sign.isalnum()}
    return len(letters) > 1 or any(not sign.isascii() for sign in letters)


@cache
def _give_way() -> None:
    """Searches come first."""
    if hasattr(os, "nice"):
        os.nice(_NICE)


@cache
def _engine() -> Engine:
    try:
        import rapidocr
        from rapidocr import EngineType, RapidOCR

        models = Path(rapidocr.__file__).parent / "models"
        settings: dict[str, Any] = {
            "Global.log_level": "critical",
            "Det.limit_type": "max",
            "Det.limit_side_len": _FINDING_SIDE,
            "EngineConfig.openvino.inference_num_threads": max(1, min(_MOST_THREADS, cores() // 2)),
        }
        for step in ("Det", "Cls", "Rec"):
            settings[f"{step}.engine_type"] = EngineType.OPENVINO
            settings[f"{step}.model_path"] = str(next(models.glob(f"*_{step.lower()}_*.onnx")))
        return RapidOCR(params=settings)
    except Exception as error:
        raise ModelError(
            f"RapidOCR cannot be used ({short_reason(error)}). Install it anew with: pip install --force-reinstall "
            "'rapidocr>=3.10,<4'"
        ) from error
