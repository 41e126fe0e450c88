"""What can be said of a picture that training data name, without decoding it: it is there, it is a picture, it is this one."""

import warnings
from pathlib import Path

from encoders.errors import FileError, InputError
from encoders.training.pairs import content_id

__all__ = ["PICTURE_EXTENSIONS", "PictureCheck", "below"]

PICTURE_EXTENSIONS = frozenset(
    {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".jp2", ".ppm", ".pgm"}
)
"""What counts as a picture in a folder, lower case."""


class PictureCheck:
    """Looks at each picture once: its header by Pillow, its bytes for the id. Pixels are not decoded here."""

    def __init__(self) -> None:
        self._ids: dict[Path, str] = {}
        self._why: dict[Path, str] = {}

    def id_of(self, path: Path) -> str:
        """Id of the picture, from its bytes. Raises InputError saying why the file is no picture."""
        if path not in self._ids and path not in self._why:
            try:
                self._ids[path] = _look(path)
            except (InputError, FileError) as error:
                self._why[path] = str(error)
        if path in self._why:
            raise InputError(self._why[path])
        return self._ids[path]


def below(folder: Path, name: str) -> Path:
    """The file `name` in `folder`. Raises InputError for an absolute name and for one that leads out of the folder.

    >>> below(Path("data"), "train/fox.jpg").as_posix()
    'data/train/fox.jpg'
    """
    path = Path(name.replace("\\", "/"))
    if path.is_absolute() or path.drive or ".." in path.parts:
        raise InputError(f"the file name {name!r} leads out of the folder {folder}; name files below it")
    return folder / path


def _look(path: Path) -> str:
    from PIL import Image

    if not path.is_file():
        raise InputError(f"the picture {path} is not there")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd headers: whether the pixels can be had shows when they are asked for
            with Image.open(path) as image:
                width, height = image.size
    except Exception as error:
        raise InputError(f"{path} is not a picture that can be opened: {error}") from error
    if not width or not height:
        raise InputError(f"the picture {path} has no pixels")
    return content_id(path)
