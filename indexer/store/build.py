"""Building the HNSW graph in a process of its own.

The engine builds without ever letting go of Python's global lock: in the process of an app, or of an indexer
with a progress bar, every thread would stand still for minutes. So a child takes the lease like anybody else,
says what it is doing with it, builds, and ends.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import encoders
from encoders.errors import StoreBusy, StoreError
from indexer.store.shard import shared_shard, translated

__all__ = ["build_in_child", "main"]

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
    if child.returncode:
        text = complaint.decode(errors="replace").strip() or (
            f"the index of collection {collection!r} could not be built: the builder ended with"
            f" {child.returncode}, often for want of memory. Nothing is lost; searches just take longer."
        )
        raise (StoreBusy if child.returncode == _BUSY else StoreError)(text)


def main(folder: str, collection: str, wait: str) -> int:
    """Take the lease, build, end. A complaint goes to stdout, for the parent to raise."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Python's own handler could not run before the engine is done
    _end_with_parent()
    try:
        shared = shared_shard(Path(folder), collection)
        with shared.lease("building the index", float(wait)), translated(collection):
            shard = shared.opened()
            shard.optimize()
            shard.flush()
        shared.close()
    except StoreError as error:
        sys.stdout.write(str(error))
        return _BUSY if isinstance(error, StoreBusy) else 1
    return 0


def _end_with_parent() -> None:
    """End when the parent is gone: nobody waits for the index then, and it keeps the cores busy (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
