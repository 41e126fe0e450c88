"""The library page: what is indexed, what is being indexed, what failed, and how to change it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import streamlit as st

from app.plain import as_label
from app.progress import busy, show_progress
from app.shelf import SAMPLES, collections, home, library, put_back
from app.work import check_folder, refuse_samples, start, start_samples, start_upgrade
from encoders.errors import SkybridgeError
from indexer.home import DEFAULT_COLLECTION
from indexer.library import Status
from indexer.paths import to_path, to_text
from search import SearchLibrary

__all__ = ["show"]

_MOST_ENTRIES = 300
_NEW = "New collection…"


def show() -> None:
    """Draw the page."""
    st.title("Library", anchor=False)
    for kind, words in st.session_state.pop("said", []):
        (st.success if kind == "good" else st.error)(as_label(words))
    _add_folder()
    names = collections()
    if not names:
        st.caption("Nothing is indexed yet.")
        if not busy(SAMPLES):
            st.button("Index the sample library", on_click=start_samples, icon=":material/collections:")
    # One that was just started has no ledger yet and is worth showing all the same.
    begun = [name for name in dict.fromkeys([st.session_state.get("adding", ""), SAMPLES]) if name and busy(name)]
    for name in [*[name for name in begun if name not in names], *names]:
        with st.container(border=True, key=f"collection-{name.replace('.', '_')}"):
            _collection(library(name))


def _say(words: str, kind: str = "good") -> None:
    st.session_state.setdefault("said", []).append((kind, words))


# --- add a folder


def _add_folder() -> None:
    with st.container(border=True, key="add_folder"):
        st.subheader("Add a folder", anchor=False)
        with st.container(horizontal=True, vertical_alignment="bottom", key="add_line"):
            st.text_input("Path", key="path", placeholder=str(Path.home() / "Pictures"), label_visibility="collapsed")
            with st.popover("Browse", icon=":material/folder_open:"):
                _browser()
            st.button("Add", type="primary", icon=":material/add:", on_click=_add, key="add")
        target = _target()
        st.session_state["adding"] = target
        st.caption("Pictures and documents in it are read where they lie and never changed. Nothing leaves this machine.")


def _target() -> str:
    """The collection that a folder goes to."""
    names = [name for name in collections() if name != SAMPLES]
    if DEFAULT_COLLECTION not in names:
        names = [DEFAULT_COLLECTION, *names]
    with st.expander("Choose the collection", expanded=False):
        chosen = st.selectbox("Collection", [*names, _NEW], key="target")
        if chosen == _NEW:
            return st.text_input("Its name", key="new_name", placeholder="holidays").strip()
    return chosen


def _add() -> None:
    """Start indexing what the path box names."""
    try:
        path = check_folder(st.session_state.get("path") or "")
        name = st.session_state.get("adding") or DEFAULT_COLLECTION
        home().folder(name)  # refuses what is no name
        start([path], name)
    except SkybridgeError as error:
        _say(str(error), "bad")
        return
    st.session_state["path"] = ""


def _browser() -> None:
    """A simple list of folders, beginning at the home folder: browsers do not hand over paths."""
    here = Path(st.session_state.get("browse") or Path.home())
    st.caption(as_label(to_text(here)))
    with st.container(horizontal=True):
        st.button("Up", icon=":material/arrow_upward:", on_click=_go, args=(here.parent,), key="browse-up")
        st.button("Choose this folder", type="primary", on_click=_choose, args=(here,), key="browse-choose")
    try:
        below = sorted(
            (entry for entry in here.iterdir() if entry.is_dir() and not entry.name.startswith(".")),
            key=lambda entry: entry.name.casefold(),
        )
    except OSError as error:
        st.error(as_label(f"This folder cannot be read: {error.strerror or error}."))
        return
    with st.container(height=260, border=False):
        for entry in below[:_MOST_ENTRIES]:
            label = as_label(to_text(entry.name))
            st.button(
                label, icon=":material/folder:", type="tertiary", on_click=_go, args=(entry,), key=f"browse-{to_text(entry)}"
            )
        if not below:
            st.caption("No folders in here.")


def _go(folder: Path) -> None:
    st.session_state["browse"] = str(folder)


def _choose(folder: Path) -> None:
    st.session_state["path"] = str(folder)


# --- one collection


def _collection(lib: SearchLibrary) -> None:
    name = lib.collection
    st.subheader("Sample library" if name == SAMPLES else as_label(name), anchor=False)
    show_progress(name)
    if not lib.exists():
        return
    try:
        status = lib.status()
    except SkybridgeError as error:
        st.error(as_label(str(error)))
        return
    _counts(status)
    _second_space(name, status)
    _folders(lib, status)
    _failures(lib)
    with st.container(horizontal=True, key=f"foot-{name.replace('.', '_')}"):
        if not busy(name):
            if status.folders:
                st.button(
                    "Update",
                    icon=":material/refresh:",
                    on_click=_update,
                    args=(name,),
                    key=f"update-{name}",
                    help="Looks for new, changed and deleted files in all folders above.",
                )
            if st.button("Remove collection", icon=":material/delete:", type="tertiary", key=f"drop-{name}"):
                _confirm_drop(lib)


def _counts(status: Status) -> None:
    grid = st.grid(columns=4, min_column_width=130)
    for label, value in (
        ("Pictures", status.images),
        ("Documents", status.documents),
        ("Searchable items", status.items),
        ("Failed files", status.failed),
    ):
        with grid:
            st.metric(label, f"{value:,}")
    st.caption(as_label(f"Model {status.model or 'none yet'} · {status.engine} · {status.search_note}"))


def _second_space(name: str, status: Status) -> None:
    """A quiet line about another model's space beside the one in use, and what can be done with it."""
    upgrade = status.upgrade
    if status.missing:
        st.caption(f"{status.missing:,} files are missing since the model was changed; Update tries them again.")
    if upgrade is None:
        return
    card = upgrade.card
    buttons: dict[str, tuple[str, ...]] = {}
    if upgrade.state == "discarding":
        words = f"The space of {card} is half deleted."
    elif upgrade.state == "building":
        words = f"The space of {card} is being built: {upgrade.done:.0%}. Searches use {status.model} meanwhile."
        buttons["Go on"] = ("--model", card)
    elif upgrade.old:
        words = f"Searches use {status.model}. The old space of {card} is kept."
        buttons["Go back"] = ("--back",)
    else:
        words = f"The space of {card} is ready. Searches use {status.model} until you switch."
        buttons["Switch"] = ("--switch",)
    with st.container(horizontal=True, vertical_alignment="center", key=f"space-{name.replace('.', '_')}"):
        st.caption(as_label(words), width="content")
        if busy(name):
            return
        for label, options in buttons.items():
            key = f"{options[0].lstrip('-')}-{name}"
            st.button(label, type="tertiary", key=key, on_click=_change_space, args=(name, *options))
        if st.button("Delete", icon=":material/delete:", type="tertiary", key=f"discard-{name}"):
            _confirm_discard(name, card)


def _change_space(name: str, *options: str) -> None:
    try:
        start_upgrade(name, *options)
    except SkybridgeError as error:
        _say(str(error), "bad")


def _folders(lib: SearchLibrary, status: Status) -> None:
    for folder in status.folders:
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.markdown(f":material/folder: {as_label(folder.path)} · {folder.sources:,} files", width="content")
            if st.button("Remove", key=f"remove-{lib.collection}-{folder.path}", type="tertiary", icon=":material/close:"):
                _confirm_remove(lib, folder.path)


def _failures(lib: SearchLibrary) -> None:
    failures = lib.failures()
    if not failures:
        return
    with st.expander(
        f"{len(failures):,} {'file' if len(failures) == 1 else 'files'} could not be indexed", icon=":material/warning:"
    ):
        st.dataframe(
            [
                {
                    "File": to_text(failure.path),
                    "Reason": failure.reason,
                    "When": f"{datetime.fromtimestamp(failure.when):%Y-%m-%d %H:%M}",
                }
                for failure in failures
            ],
            hide_index=True,
            key=f"failures-{lib.collection}",
        )


def _update(name: str) -> None:
    try:
        start([], name)
    except SkybridgeError as error:
        _say(str(error), "bad")


@st.dialog("Remove this folder from the index?")
def _confirm_remove(lib: SearchLibrary, path: str) -> None:
    st.markdown(as_label(path))
    st.write("The files on disk stay as they are. To undo, add the folder again.")
    _yes_or_no("Remove", "remove", _remove, (lib, path))


@st.dialog("Remove this collection?")
def _confirm_drop(lib: SearchLibrary) -> None:
    st.write(
        "Its vectors, thumbnails and list of files are deleted. The files themselves stay as they are; adding their folders "
        "again brings everything back."
    )
    _yes_or_no("Remove collection", "drop", _drop, (lib,))


@st.dialog("Delete the space that is not in use?")
def _confirm_discard(name: str, card: str) -> None:
    st.write(as_label(f"The vectors that {card} made are deleted. Searches and files stay. Building them anew takes time."))
    _yes_or_no("Delete", "discard", _change_space, (name, "--discard"))


def _yes_or_no(label: str, key: str, act: Callable[..., None], what: tuple[object, ...]) -> None:
    with st.container(horizontal=True):
        yes = st.button(label, type="primary", key=f"{key}-yes", on_click=act, args=what)
        if st.button("Keep", key=f"{key}-no") or yes:
            st.rerun()  # closes the dialog


def _remove(lib: SearchLibrary, path: str) -> None:
    try:
        removed = lib.remove([to_path(path)])
    except SkybridgeError as error:
        _say(str(error), "bad")
        return
    if lib.collection == SAMPLES:
        refuse_samples()
    _say(f"{removed:,} files of {path} left the index. Add the folder again to undo.")


def _drop(lib: SearchLibrary) -> None:
    try:
        lib.drop()
    except SkybridgeError as error:
        _say(str(error), "bad")
        return
    put_back(lib.collection)
    if lib.collection == SAMPLES:
        refuse_samples()
    _say(f"The collection {lib.collection} is gone. Your files are where they were.")
