"""A folder of pictures and their captions -> pairs: each caption is a query, its picture the item.

Captions lie in a text file beside the picture (`fox.jpg`, `fox.txt`), one a line, or in a `metadata.csv`, `.jsonl` or
`.parquet` with the columns `file_name` and `text`, as Hugging Face's imagefolder has it, in the folder or any below it.
`text` may be a list in JSONL and Parquet; `id`, `weight` and `group` are taken as in a table of pairs.
"""

from collections.abc import Iterator
from pathlib import Path

from encoders.errors import InputError
from encoders.training.pair_rows import Drawn, group_of, id_of, text_of, weight_of
from encoders.training.pairs import Pair, Refused
from encoders.training.picture_check import PICTURE_EXTENSIONS, PictureCheck, below
from encoders.training.rows import ROW_FILES, Row, read_rows

__all__ = ["read_folder"]

_COLUMNS = ("file_name", "text", "id", "weight", "group")


def read_folder(folder: Path, pictures: PictureCheck) -> Iterator[Drawn | Refused]:
    """Pairs of all pictures at any depth, in the order of their names. Hidden files and folders are passed over."""
    files = sorted(path for path in folder.rglob("*") if _is_shown(path.relative_to(folder)) and path.is_file())
    described: set[Path] = set()
    for path in files:
        if path.stem == "metadata" and path.suffix.lower() in ROW_FILES:
            yield from _read_metadata(path, pictures, described)
    shown = [path for path in files if path.suffix.lower() in PICTURE_EXTENSIONS]
    stems = {path.with_suffix("") for path in shown}
    for path in shown:
        beside = path.with_suffix(".txt")
        if beside.is_file():
            yield from _read_sidecar(path, beside, pictures)
        elif path not in described:
            yield Refused(str(path), f"it has no caption: neither {beside.name} beside it nor a row in a metadata file")
    for path in files:
        if path.suffix == ".txt" and path.with_suffix("") not in stems:
            yield Refused(str(path), "there is no picture of this name beside it")


def _is_shown(relative: Path) -> bool:
    return not any(part.startswith(".") for part in relative.parts)


def _read_metadata(path: Path, pictures: PictureCheck, described: set[Path]) -> Iterator[Drawn | Refused]:
    for row in read_rows(path, _COLUMNS):
        if isinstance(row, Refused):
            yield row
            continue
        try:
            picture = below(path.parent, text_of(row.fields.get("file_name"), "file_name"))
            described.add(picture)
            yield from _captions(row, picture, pictures)
        except InputError as error:
            yield Refused(row.where, str(error))


def _captions(row: Row, picture: Path, pictures: PictureCheck) -> Iterator[Drawn | Refused]:
    """One pair for each caption of the row; an empty one costs itself only."""
    found = pictures.id_of(picture)
    given, weight, group = id_of(row.fields), weight_of(row.fields), group_of(row.fields)
    text = row.fields.get("text")
    captions = text if isinstance(text, list) else [text]
    if not captions:
        raise InputError("the text is empty")
    for caption in captions:
        try:
            yield Drawn(row.where, Pair(text_of(caption, "text"), picture, given or found, weight, group))
        except InputError as error:
            yield Refused(row.where, str(error))


def _read_sidecar(picture: Path, beside: Path, pictures: PictureCheck) -> Iterator[Drawn | Refused]:
    try:
        found = pictures.id_of(picture)
        lines = beside.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    except InputError as error:
        yield Refused(str(picture), str(error))
        return
    except OSError as error:
        yield Refused(str(beside), f"it cannot be read: {error.strerror}")
        return
    if not any(line.strip() for line in lines):
        yield Refused(str(beside), "the caption is empty")
    for number, line in enumerate(lines, start=1):
        where = f"{beside}, line {number}"
        if not line.strip():
            continue
        try:
            yield Drawn(where, Pair(line.decode("utf-8").strip(), picture, found))
        except UnicodeDecodeError:
            yield Refused(where, "it is not UTF-8 text")
