"""One look at a file on disk: its bytes, their hash, its size and time, all of the same moment."""

import hashlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from encoders.errors import FileError, LimitError
from indexer.limits import Limits

__all__ = ["OpenedFile", "hash_file", "open_file", "readable_size"]

_IN_MEMORY = 64 << 20  # bytes: up to here a file is read once and decoded from memory


@dataclass(frozen=True)
class OpenedFile:
    """A file that was opened, hashed and checked; `stream` stands at its start."""

    name: str  # for messages
    stream: BinaryIO
    content_hash: str  # hex SHA-256
    size: int  # bytes
    modified: float  # seconds since the epoch


def readable_size(count: int) -> str:
    """Bytes as a person says them.

    >>> readable_size(512), readable_size(3 << 20)
    ('512 bytes', '3.0 MiB')
    """
    if count < 1024:
        return f"{count} bytes"
    for unit in ("KiB", "MiB", "GiB"):
        count_in_unit = count / 1024 ** ("KiB", "MiB", "GiB").index(unit) / 1024
        if count_in_unit < 1024 or unit == "GiB":
            break
    return f"{count_in_unit:.1f} {unit}"


def hash_file(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in blocks.

    Raises FileError when it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FileError(_os_reason(path.name, error)) from error


@contextmanager
def open_file(path: Path, limits: Limits) -> Iterator[OpenedFile]:
    """Open, hash and size-check a regular file; small ones are read into memory once.

    Raises FileError when it cannot be read or changes while it is read, LimitError when it is too large. What the body
    raises passes through, unless the file changed under it: then that is the reason.
    """
    name = path.name
    try:
        before = path.stat()
        if not stat.S_ISREG(before.st_mode):
            raise FileError(f"{name} is not a regular file")
        stream = path.open("rb")
    except OSError as error:
        raise FileError(_os_reason(name, error)) from error
    with stream:
        try:
            opened = _read(name, stream, os.fstat(stream.fileno()), limits)
        except OSError as error:
            raise FileError(_os_reason(name, error)) from error
        try:
            yield opened
        except Exception as error:
            _check_unchanged(opened, stream, error)
            raise
        _check_unchanged(opened, stream, None)


def _read(name: str, stream: BufferedReader, status: os.stat_result, limits: Limits) -> OpenedFile:
    size = status.st_size
    if size == 0:
        raise FileError(f"{name} is empty")
    if size > limits.max_file_bytes:
        allowed = readable_size(limits.max_file_bytes)
        raise LimitError(f"{name} is {readable_size(size)} large, over the limit of {allowed} (max_file_bytes)")
    if size <= _IN_MEMORY:
        data = stream.read(size + 1)
        if len(data) != size:
            raise FileError(_changed(name))
        return OpenedFile(name, io.BytesIO(data), hashlib.sha256(data).hexdigest(), size, status.st_mtime)
    content_hash = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    return OpenedFile(name, stream, content_hash, size, status.st_mtime)


def _check_unchanged(opened: OpenedFile, stream: BinaryIO, cause: Exception | None) -> None:
    # Only what is decoded from the disk itself can differ from what was hashed.
    if opened.stream is not stream:
        return
    after = os.fstat(stream.fileno())
    if (after.st_size, after.st_mtime) != (opened.size, opened.modified):
        raise FileError(_changed(opened.name)) from cause


def _changed(name: str) -> str:
    return f"{name} changed while it was being read; it is read again on the next run"


def _os_reason(name: str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"{name} is gone: it was moved or deleted before it could be read"
    if isinstance(error, PermissionError):
        return f"{name} may not be read by this user; change its permissions to index it"
    return f"{name} cannot be read: {error.strerror or error}"
