"""Walk folders and say what lies there, without reading any file.

Yields a `Source` for every regular file worth a look and an `Unreadable` for every place that could not be looked into,
so that the caller can tell "gone" from "could not look". Symbolic links are followed; a folder that was already walked
(a loop, or two links to one place) is not walked again. Hidden entries and what operating systems leave behind are passed
over, except where the person named them as the root.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from encoders.errors import LibraryError
from indexer.items import Source

__all__ = ["JUNK", "Unreadable", "is_junk", "walk"]

JUNK = frozenset(
    {
        "$recycle.bin",
        "@eadir",
        "__macosx",
        "__pycache__",
        "desktop.ini",
        "lost+found",
        "node_modules",
        "system volume information",
        "thumbs.db",
    }
)
"""Names, lower case, that operating systems, NAS boxes and tools leave behind."""


@dataclass(frozen=True)
class Unreadable:
    """A file or folder that could not be looked at."""

    path: Path
    reason: str
    is_folder: bool  # True: nothing below it may be taken for deleted


def is_junk(name: str) -> bool:
    """Hidden files, editors' lock files and system litter.

    >>> is_junk(".git"), is_junk("Thumbs.db"), is_junk("~$report.docx"), is_junk("cat.jpg")
    (True, True, True, False)
    """
    return name.startswith((".", "~$")) or name.lower() in JUNK


def walk(root: Path) -> Iterator[Source | Unreadable]:
    """Every file below `root` (or `root` itself if it is a file), folders in name order, depth first.

    Raises LibraryError if `root` does not exist.
    """
    root = Path(os.path.abspath(root))  # noqa: PTH100 - Path.absolute keeps "..", resolve follows links; neither is wanted
    try:
        found = root.stat()
    except OSError as error:
        raise LibraryError(f"{root} cannot be opened: {error.strerror}. Check the path and try again.") from error
    if not stat.S_ISDIR(found.st_mode):
        yield _source(root, found)
        return
    walked: set[tuple[int, int]] = set()
    pending = [root]
    while pending:
        folder = pending.pop()
        entries = _entries(folder, walked)
        if isinstance(entries, Unreadable):
            yield entries
            continue
        subfolders = []
        for entry in entries:
            seen = _look(entry)
            if isinstance(seen, Path):
                subfolders.append(seen)
            elif seen is not None:
                yield seen
        pending.extend(reversed(subfolders))


def _entries(folder: Path, walked: set[tuple[int, int]]) -> list[os.DirEntry[str]] | Unreadable:
    """The entries of a folder in name order; none if it was walked before under another name."""
    try:
        about = folder.stat()
        identity = (about.st_dev, about.st_ino)
        if identity in walked:
            return []
        walked.add(identity)
        with os.scandir(folder) as listing:
            return sorted((entry for entry in listing if not is_junk(entry.name)), key=lambda entry: entry.name)
    except OSError as error:
        return Unreadable(folder, f"this folder cannot be opened: {error.strerror}", is_folder=True)


def _look(entry: os.DirEntry[str]) -> Source | Unreadable | Path | None:
    """A folder as its Path, a regular file as its Source, a socket or device as None."""
    path = Path(entry.path)
    try:
        about = entry.stat()
    except OSError as error:
        what = "this link leads nowhere" if entry.is_symlink() else f"cannot be looked at: {error.strerror}"
        return Unreadable(path, what, is_folder=False)
    if stat.S_ISDIR(about.st_mode):
        return path
    return _source(path, about) if stat.S_ISREG(about.st_mode) else None


def _source(path: Path, about: os.stat_result) -> Source:
    return Source(path, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
