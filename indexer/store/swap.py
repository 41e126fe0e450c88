"""The copy of a shard in which its index is built, and how it takes the shard's place.

    shard/            what everybody opens, under the lease
    shard.building/   its copy, in which the holder of build.lock builds; nobody else opens it
    shard.old/        what was shard/ a moment ago

Building takes minutes; copying and swapping, the two steps that need the lease, take moments. In between
searches go on over shard/. Writes are refused, for the swap would lose them.

`kill -9` at any moment loses nothing. build.lock vanishes with its process, so a copy whose lock is free is
rubbish. shard/ is missing only between the two renames of the swap, when shard.old/ has everything.
"""

import errno
import os
import shutil
from pathlib import Path

from filelock import FileLock, Timeout

__all__ = ["build_lock", "copy_shard", "copy_sparse", "is_building", "mend_swap", "swap_shard", "sync_copy"]

_BLOCK = 1 << 16


def build_lock(folder: Path) -> FileLock:
    """Make the lock that a builder of the collection in `folder` holds from before its copy until after its swap."""
    return FileLock(folder / "build.lock", thread_local=False)


def is_building(folder: Path) -> bool:
    """Whether somebody builds beside the shard. What a dead builder left is removed."""
    building = folder / "shard.building"
    if not building.exists():
        return False
    try:
        with build_lock(folder).acquire(timeout=0):
            shutil.rmtree(building, ignore_errors=True)
    except Timeout:
        return True
    return False


def copy_shard(folder: Path) -> bool:
    """Copy shard/ to shard.building/; False when the disk is too full. For the holder of build lock and lease, shard closed."""
    shard, building = folder / "shard", folder / "shard.building"
    shutil.rmtree(building, ignore_errors=True)
    size = sum(_size_on_disk(file) for file in shard.rglob("*") if file.is_file())
    if shutil.disk_usage(folder).free < 2 * size:  # once for the copy, once for the segments that building adds
        return False
    shutil.copytree(shard, building, copy_function=copy_sparse)
    return True


def sync_copy(folder: Path) -> None:
    """Wait until shard.building/ is on the disk: what was durable is not to become less so by being copied. No lease needed."""
    for path in (folder / "shard.building").rglob("*"):
        if path.is_file() or os.name == "posix":  # Windows syncs no folders
            handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def swap_shard(folder: Path) -> None:
    """Put shard.building/ in the place of shard/. For the holder of build lock and lease, shard closed."""
    shard, old = folder / "shard", folder / "shard.old"
    shard.rename(old)
    (folder / "shard.building").rename(shard)
    shutil.rmtree(old, ignore_errors=True)  # what is left of it goes at the next opening


def mend_swap(folder: Path) -> None:
    """Undo a swap that was cut short, and remove what dead builders left. For the holder of the lease, shard closed."""
    shard, old = folder / "shard", folder / "shard.old"
    if old.exists():
        if shard.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(shard)
    is_building(folder)


def _size_on_disk(file: Path) -> int:
    status = file.stat()
    blocks: int | None = getattr(status, "st_blocks", None)  # not known on Windows
    return status.st_size if blocks is None else blocks * 512


def copy_sparse(source: str | Path, target: str | Path) -> None:
    """Copy one file without its holes: the engine's files of an empty collection are 300 MB long, nearly all of it hole."""
    with Path(source).open("rb", buffering=0) as old, Path(target).open("wb", buffering=0) as new:
        size, at = os.fstat(old.fileno()).st_size, 0
        new.truncate(size)
        while (at := _next_data(old.fileno(), at, size)) < size:
            old.seek(at)
            new.seek(at)
            at += new.write(old.read(_BLOCK))


def _next_data(handle: int, at: int, size: int) -> int:
    if not hasattr(os, "SEEK_DATA"):  # Windows: all is data
        return at
    try:
        return os.lseek(handle, at, os.SEEK_DATA)
    except OSError as error:
        return size if error.errno == errno.ENXIO else at  # nothing but hole up to the end
