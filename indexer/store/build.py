"""Building the HNSW graph in a process of its own, beside the shard.

The engine builds without ever letting go of Python's global lock: in the process of an app, or of an indexer
with a progress bar, every thread would stand still for minutes. So a child builds, in a copy of the shard, which
then takes its place (`swap`).
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

import encoders
from encoders.errors import StoreBusy, StoreError
from indexer.store.base import Manifest
from indexer.store.edge_fields import renew_field_indexes
from indexer.store.edge_vectors import vector_params
from indexer.store.shard import SharedShard, shared_shard, translated
from indexer.store.swap import build_lock, copy_shard, is_building, swap_shard, sync_copy

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard

__all__ = ["build", "build_in_child", "main"]

_BUSY = 75  # exit code, as EX_TEMPFAIL


def build_in_child(folder: Path, collection: str, wait: float) -> None:
    """Build the index of the collection in `folder`, return when it is built. The caller holds no lease."""
    # Found where this process found it, whatever the working directory is.
    root = str(Path(encoders.__path__[0]).parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    # -P: a folder called indexer in the working directory is not ours
    command = [sys.executable, "-P", "-m", "indexer.store.build", os.fspath(folder), collection, str(wait)]
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    try:
        complaint, _ = child.communicate()
    except BaseException:  # Ctrl-C: building may be repeated at any time
        child.kill()
        child.wait()
        raise
    finally:
        is_building(folder)  # a copy that the child could not finish takes much room: not to be left for later
    if child.returncode:
        text = complaint.decode(errors="replace").strip() or (
            f"the index of collection {collection!r} could not be built: the builder ended with"
            f" {child.returncode}, often for want of memory. Nothing is lost; searches just take longer."
        )
        raise (StoreBusy if child.returncode == _BUSY else StoreError)(text)


def main(folder: str, collection: str, wait: str) -> int:
    """Build and end. A complaint goes to stdout, for the parent to raise."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's own handler could not run before the engine is done
    _end_with_parent()
    try:
        build(Path(folder), collection, float(wait))
    except StoreError as error:
        sys.stdout.write(str(error))
        return _BUSY if isinstance(error, StoreBusy) else 1
    return 0


def build(folder: Path, collection: str, wait: float) -> None:
    """Build the index in this process: beside the shard, or in it where the disk has no room for a copy.

    Raises StoreBusy when another process builds, or keeps the lease, for longer than `wait` seconds.
    """
    shared = shared_shard(folder, collection)
    try:
        with build_lock(folder).acquire(timeout=wait), translated(collection):
            _build(shared, folder, wait)
    except Timeout:
        raise StoreBusy(
            f"the index of collection {collection!r} is being built by another process;"
            f" waited {wait:.0f} s. Try again when it is done."
        ) from None
    finally:
        shared.close()


def _build(shared: SharedShard, folder: Path, wait: float) -> None:
    with shared.lease("copying it, to build its index", wait):
        shared.opened().flush()
        shared.close_shard()
        beside = copy_shard(folder)
        if not beside:
            shared.opened().optimize()
            return
    shared.close()  # at once: while the engine builds, no thread of this process can hand the lease over
    copy = _open_copy(folder)
    copy.optimize()
    copy.close()  # flushes, too
    sync_copy(folder)
    with shared.lease("putting its new index in place", wait):
        shared.close_shard()
        swap_shard(folder)


def _open_copy(folder: Path) -> "EdgeShard":
    """Open the copy as a new shard would be made: one that an earlier version made without codes gets them when it is built."""
    from qdrant_edge import EdgeConfig, EdgeShard

    manifest = Manifest.from_dict(json.loads((folder / "manifest.json").read_text(encoding="utf-8")))
    config = EdgeConfig(vectors={manifest.space: vector_params(manifest.dimension)})
    copy = EdgeShard.load(str(folder / "shard.building"), config)
    renew_field_indexes(copy)
    return copy


def _end_with_parent() -> None:
    """End when the parent is gone: nobody waits for the index then, and it keeps the cores busy (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
