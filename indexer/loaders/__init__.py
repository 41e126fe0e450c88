"""Files to items: what can be read, and reading it. Only this package opens people's files."""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from encoders.picture import PictureSpec
from indexer.items import Kind, LoadedSource
from indexer.limits import Limits
from indexer.loaders.extensions import EXTENSIONS
from indexer.loaders.failures import mute_decoders, one_error_tree
from indexer.loaders.source import hash_file, open_file

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["EXTENSIONS", "hash_file", "load", "mute_decoders", "open_picture", "supported"]


def supported(path: Path) -> Kind | None:
    """What the file would be indexed as, by its extension alone; None when it is not for us.

    >>> supported(Path("holiday.JPG")), supported(Path("notes.md")), supported(Path("movie.mkv"))
    ('image', 'document', None)
    """
    return EXTENSIONS.get(path.suffix[1:].lower())


def load(path: Path, *, picture_spec: PictureSpec | None, passage_tokens: int, limits: Limits | None = None) -> LoadedSource:
    """Read one file into items, ready for their towers.

    Fills every field of indexer.schema that the file itself tells; the pipeline adds paths, folders, names, modality,
    content, part and indexed_at. Raises FileError or LimitError with a sentence for a person, and nothing else
    whatever the bytes are. Mutes the warnings of the libraries below it, which are for programmers: call it from one
    thread of a process at a time.
    """
    limits = limits or Limits()
    with one_error_tree(path.name, quiet=True), open_file(path, limits) as opened:
        if supported(path) == "document":
            from indexer.loaders.documents import load_document

            return load_document(opened, _extension(path), passage_tokens, limits)
        from indexer.loaders.pictures import load_picture

        return load_picture(opened, _extension(path), picture_spec, limits)


def open_picture(source: Path | bytes | BinaryIO, limits: Limits | None = None, at_least: int | None = None) -> "Image.Image":
    """Decode a picture into an upright RGB Pillow image, transparent parts on white.

    `at_least`: pixels that the shorter side must keep; with it large JPEGs are decoded at 1/2, 1/4 or 1/8, which is
    several times as quick. Safe in threads. Raises FileError or LimitError, and nothing else.
    """
    from indexer.loaders.pictures import decode_source

    name = source.name if isinstance(source, Path) else "this picture"
    with one_error_tree(name):
        return decode_source(source, limits or Limits(), at_least)


def _extension(path: Path) -> str:
    return path.suffix[1:].lower()
