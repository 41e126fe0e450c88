"""An indexing run as it goes on, in whichever process it is, and the buttons that steer it."""

from pathlib import Path

import streamlit as st

from app.plain import as_label
from app.shelf import library
from app.work import last_words, samples_folder, start, started
from indexer.runs import Request, Run

__all__ = ["busy", "show_progress"]

_SAYS = {
    "scanning": "Looking through the folders",
    "indexing": "Indexing",
    "paused": "Paused",
    "finishing": "Building the search index",
}


def busy(collection: str) -> bool:
    """Something is being done for this collection, or about to be."""
    mine = started(collection)
    return bool(mine and mine.alive) or library(collection).current_run() is not None


def show_progress(collection: str, brief: bool = False) -> None:
    """How the run goes, renewed every second while it does; how the last one ended, else.

    `brief` leaves out the buttons, and how a run ended unless it ended badly.
    """
    if busy(collection):
        _watch(collection, brief)
    else:
        _ended(collection, brief)


@st.fragment(run_every=1.0)
def _watch(collection: str, brief: bool) -> None:
    if not busy(collection):
        st.rerun()  # the whole page: counts and hits have changed
    run = library(collection).current_run()
    if run is None:
        st.progress(0.0, text=_before_run(collection))
        return
    st.progress(_share(run), text=as_label(_line(run)))
    if not brief:
        _buttons(collection, run)


def _before_run(collection: str) -> str:
    """The process was started and does not speak through the ledger yet."""
    folder: Path = samples_folder()
    mine = started(collection)
    if mine and "sample" in mine.log.name and folder.is_dir():
        ready = sum(1 for path in folder.glob("*/*") if not path.name.startswith("."))
        return f"Preparing the sample library: {ready} files so far…"
    return "Starting…"


def _share(run: Run) -> float:
    progress = run.progress
    return min(1.0, progress.done / progress.total) if progress.total else 0.0


def _line(run: Run) -> str:
    progress = run.progress
    words = _SAYS.get(progress.state, progress.state)
    if progress.task != "add":
        words = progress.message or ("Looking at the new model" if progress.task == "upgrade" else "Looking at the pictures")
        if progress.total is None:
            return words
    if progress.total is None:
        return f"{words} and loading the model: {progress.scanned:,} files found"
    parts = [f"{words}: {progress.done:,} of {progress.total:,} files"]
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    if progress.state == "indexing" and progress.rate > 0:
        parts.append(f"{progress.rate:,.1f} a second")
    if progress.state == "indexing" and progress.eta_seconds is not None:
        parts.append(f"{_duration(progress.eta_seconds)} left")
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    """75 -> '1 min 15 s'."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _buttons(collection: str, run: Run) -> None:
    def ask(what: Request) -> None:
        library(collection).request(what)

    with st.container(horizontal=True, key="run_buttons"):
        if run.progress.state == "paused":
            st.button("Resume", icon=":material/play_arrow:", on_click=ask, args=("resume",), key="run-resume")
        else:
            st.button("Pause", icon=":material/pause:", on_click=ask, args=("pause",), key="run-pause")
        st.button("Stop", icon=":material/stop:", on_click=ask, args=("stop",), key="run-stop")
    st.caption("Searching works meanwhile. What is reported as done stays, even if the machine goes off.")


def _ended(collection: str, brief: bool) -> None:
    words = last_words(collection)
    run = library(collection).runs.latest() if library(collection).exists() else None
    if words is not None:
        st.error(as_label(words), icon=":material/error:")
    elif run is not None and run.progress.state == "interrupted":
        st.warning("The last run ended without warning. Nothing that was reported is lost; run again to continue.")
    elif run is not None and run.progress.state == "failed" and run.progress.message:
        st.error(as_label(run.progress.message), icon=":material/error:")
    elif run is not None and run.progress.task == "upgrade":
        return  # the line about the second space says how it stands, and goes on with it
    elif run is not None and run.progress.task == "read":
        if not brief:
            st.caption(f"The last run read the words in {run.progress.done:,} pictures. To go on: python -m indexer read")
    elif run is not None and run.progress.state == "stopped" and not brief:
        st.info("The last run was stopped. Run again to continue where it stopped.")
    elif run is not None and not brief:
        count = run.progress.done
        st.caption(f"The last run finished: {count:,} new or changed {'file' if count == 1 else 'files'}.")
    if run is not None and run.progress.task == "add" and run.progress.state in ("interrupted", "stopped", "failed"):
        st.button("Run again", icon=":material/refresh:", on_click=start, args=([], collection), key=f"again-{collection}")
