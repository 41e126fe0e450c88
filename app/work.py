"""Indexing beside the app, in a process of its own: start it, and keep hold of it so that it can be followed.

How far a run is lies in the library's ledger, so that a reload, a second tab or a terminal sees the same. Here is only what
the ledger cannot know: that a process was started and has not spoken yet, or ended before it could.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from app.shelf import SAMPLES, home, library
from encoders.errors import LibraryError
from indexer.home import server_url
from indexer.paths import absolute

__all__ = [
    "Started",
    "check_folder",
    "last_words",
    "refuse_samples",
    "samples_folder",
    "samples_wanted",
    "start",
    "start_samples",
    "start_upgrade",
    "started",
]

_ROOT = Path(__file__).resolve().parent.parent
_NO_SAMPLES = "samples-removed"


@dataclass
class Started:
    """A process that this app started for a collection."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def alive(self) -> bool:
        """Still running (asking also lets the system forget a process that ended)."""
        return self.process.poll() is None


@st.cache_resource(show_spinner=False)
def _desk(_home: Path) -> dict[str, Started]:
    return {}


def started(collection: str) -> Started | None:
    """The process that this app started last for the collection, alive or not."""
    return _desk(home().path).get(collection)


def start(paths: Sequence[Path | str], collection: str) -> None:
    """Index these paths (none: everything added before) in a new process. Raises LibraryError if one is at work."""
    _launch(["-m", "indexer", "add", *map(str, paths)], collection)


def start_upgrade(collection: str, *options: str) -> None:
    """Give the collection another model, or go on with that: `options` as `python -m indexer upgrade` takes them."""
    _launch(["-m", "indexer", "upgrade", *options], collection)


def start_samples() -> None:
    """Write the sample library into the home folder and index it, in a new process."""
    (home().path / _NO_SAMPLES).unlink(missing_ok=True)
    _launch(["-m", "app.samples", str(samples_folder())], SAMPLES)


def samples_folder() -> Path:
    """Where the sample library's files lie."""
    return home().path / "samples"


def samples_wanted() -> bool:
    """Nothing was ever indexed here, and nobody has taken the samples away."""
    return not home().collections(server_url()) and not (home().path / _NO_SAMPLES).exists()


def refuse_samples() -> None:
    """Remember that the samples were removed on purpose."""
    home().path.mkdir(parents=True, exist_ok=True)
    (home().path / _NO_SAMPLES).touch()


def _launch(arguments: list[str], collection: str) -> None:
    desk = _desk(home().path)
    before = desk.get(collection)
    if (before and before.alive) or library(collection).current_run() is not None:
        raise LibraryError(f"the collection {collection} is being indexed already. Wait until it is done, or stop it.")
    logs = home().path / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    log = logs / f"{collection}.log"
    command = [sys.executable, *arguments, "--collection", collection, "--home", str(home().path), "--json"]
    with log.open("wb") as file:
        # A session of its own: closing the app or its terminal does not end an indexing run.
        process = subprocess.Popen(
            command, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    desk[collection] = Started(process, log)


def last_words(collection: str) -> str | None:
    """The error sentence of a process that ended badly, None while it runs or if all went well."""
    mine = started(collection)
    if mine is None or mine.alive or mine.process.returncode == 0:
        return None
    lines = mine.log.read_text("utf-8", "replace").splitlines()
    for line in reversed(lines):
        if line.startswith("error: "):
            return line.removeprefix("error: ")
    if any(line.startswith("stopped.") for line in lines):
        return None
    return f"Indexing ended unexpectedly. What it said is in {mine.log}."


def check_folder(text: str) -> Path:
    """What a person typed -> an existing folder or file that may be indexed. Raises LibraryError with the reason."""
    if not text.strip():
        raise LibraryError("Type the path of a folder first, or pick one below.")
    path = absolute(text.strip().strip('"'))
    try:
        if not path.exists():
            raise LibraryError(f"There is no folder {path}. Check the spelling, or pick one below.")
        if path.is_dir():
            next(path.iterdir(), None)
    except OSError as error:
        raise LibraryError(f"{path} cannot be read: {error.strerror or error}.") from None
    inner = home().path
    if path == inner or inner in path.parents:
        raise LibraryError(f"{path} belongs to the library itself. Choose a folder with files of your own.")
    return path
