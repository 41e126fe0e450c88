"""The sample library: a folder of pictures and documents to try the search on before one's own files.

Photographs come from installed packages, the other pictures are drawn by the modules beside this one, and the documents
are our own, so nothing of other people's lies in the repository. The same folder is written each time, to the byte.
"""

import io
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["EXAMPLES", "write_samples"]

EXAMPLES = (
    "a black cat",
    "a red car",
    "boats on the sea",
    "something sweet for breakfast",
    "training for a race",
    "invoice for bread shelves",
)
"""Queries that the samples answer well."""

_OLDEST = datetime(2021, 3, 14, 10, 30, tzinfo=UTC)  # files are dated one every 40 days, so that dates can be tried
_APART = timedelta(days=40)


def write_samples(folder: Path) -> list[Path]:
    """Write the sample library into `folder` (made if it is missing); returns the files, pictures first.

    Files that are there already with the right content are left alone, so a second call changes nothing.
    """
    from app.samples.documents import DOCUMENTS
    from app.samples.photographs import photographs

    pictures, documents = folder / "pictures", folder / "documents"
    for each in (pictures, documents):
        each.mkdir(parents=True, exist_ok=True)
    makers: dict[Path, Callable[[], bytes]] = {}
    for name, draw in _drawings().items():
        makers[pictures / name] = lambda draw=draw: _jpeg(draw())  # type: ignore[misc]  # mypy loses the default's type
    for name, source in photographs().items():
        makers[pictures / name] = source.read_bytes
    for name, content in DOCUMENTS.items():
        makers[documents / name] = content.encode if isinstance(content, str) else content
    for index, (path, make) in enumerate(makers.items()):
        moment = (_OLDEST + index * _APART).timestamp()
        if not (path.is_file() and path.stat().st_size and path.stat().st_mtime == moment):
            _write(path, make(), moment)
    return list(makers)


def _drawings() -> dict[str, "Callable[[], Image.Image]"]:
    from app.samples import butterfly, cat, places, table, things

    return {
        "black cat.jpg": cat.black_cat,
        "red car.jpg": things.red_car,
        "sailing boat.jpg": places.sailing_boat,
        "lighthouse.jpg": places.lighthouse,
        "red barn.jpg": places.red_barn,
        "strawberries.jpg": table.strawberries,
        "wall clock.jpg": table.wall_clock,
        "butterfly.jpg": butterfly.butterfly,
        "bicycle.jpg": things.bicycle,
        "umbrella in the rain.jpg": things.umbrella,
        "hot-air balloon.jpg": things.hot_air_balloon,
        "guitar.jpg": things.guitar,
        "traffic light.jpg": things.traffic_light,
        "teapot.jpg": table.teapot,
    }


def _jpeg(image: "Image.Image") -> bytes:
    written = io.BytesIO()
    image.save(written, "JPEG", quality=90)
    return written.getvalue()


def _write(path: Path, content: bytes, moment: float) -> None:
    """Whole or not at all: a stopped first start must not leave half a picture."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    os.utime(partial, (moment, moment))
    partial.replace(path)
