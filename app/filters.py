"""The line one asks in, and what narrows the answer."""

from datetime import date

import streamlit as st

from app.address import PICTURE, Question, clear_picture, first_page, narrowed, show_kind, widen
from app.paste import pasted_picture
from indexer.paths import to_text
from indexer.store.base import Where
from search import SearchLibrary

__all__ = ["chips", "choose_collection", "filter_panel", "folder_choices", "search_line", "take_pasted"]

_PICTURE_TYPES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "avif", "jp2"]
_KINDS = {"image": "Pictures", "document": "Documents"}
_MOST_FOLDERS = 300


def search_line(library: SearchLibrary) -> None:
    """Text box, picture chooser and filters, in one line where there is room."""
    with st.container(horizontal=True, key="search_line", vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Search",
            key="q",
            type="search",
            live="350ms",
            bind="query-params",
            placeholder="Describe what you look for: a black cat",
            label_visibility="collapsed",
            max_chars=1000,
            on_change=first_page,
        )
        with st.popover("Picture", icon=":material/add_photo_alternate:"):
            _picture_chooser()
        with st.popover("Filters", icon=":material/tune:"):
            filter_panel(library)


def _picture_chooser() -> None:
    """A chooser for a picture to ask with; a pasted one arrives in the same place."""
    key = f"picture-{st.session_state.get('upload', 0)}"
    chosen = st.file_uploader("Find pictures and pages like this one", type=_PICTURE_TYPES, key=key)
    st.caption("Or paste or drop a picture anywhere on this page.")
    if chosen is not None and st.session_state.get(PICTURE, ("", b""))[1] != chosen.getvalue():
        st.session_state[PICTURE] = (chosen.name, chosen.getvalue())
        first_page()


def take_pasted() -> None:
    """Take up a picture that was pasted or dropped since the last run."""
    pasted = pasted_picture()
    if pasted is not None:
        clear_picture()
        st.session_state[PICTURE] = pasted
        first_page()
        st.rerun()


def choose_collection(names: list[str], first: str) -> str:
    """The collection to search: chosen where there are several, else the only one."""
    asked = st.session_state.get("collection") or st.query_params.get("collection")
    if len(names) < 2:
        return names[0] if names else first
    st.session_state.setdefault("collection", asked if asked in names else first)
    chosen = st.segmented_control(
        "Collection",
        names,
        key="collection",
        required=True,
        bind="query-params",
        label_visibility="collapsed",
        on_change=_other_collection,
    )
    return chosen or first


def _other_collection() -> None:
    st.session_state["under"] = None
    first_page()


def filter_panel(library: SearchLibrary) -> None:
    """Kind, folder and dates, each in the address."""
    # Not bound: Streamlit would put the labels into the address, and the address says image or document.
    if "kind" not in st.session_state:
        asked = st.query_params.get("kind")
        st.session_state["kind"] = asked if asked in _KINDS else None
    st.segmented_control("Kind", list(_KINDS), key="kind", format_func=lambda kind: _KINDS[kind], on_change=_other_kind)
    folders = folder_choices(library)
    if st.session_state.get("under") not in folders:
        st.session_state["under"] = None
    st.selectbox(
        "Folder",
        folders,
        index=None,
        key="under",
        placeholder="All folders",
        bind="query-params",
        on_change=narrowed,
    )
    today = date.today()
    first, last = date(1826, 1, 1), today.replace(year=today.year + 1, day=1)  # the first photograph, and wrong clocks
    for label, key in (("Since", "since"), ("Until", "until")):
        st.date_input(
            label,
            value=None,
            min_value=first,
            max_value=last,
            key=key,
            format="YYYY-MM-DD",
            bind="query-params",
            on_change=narrowed,
        )
    st.button("Clear filters", on_click=widen, icon=":material/filter_alt_off:", type="tertiary")


def _other_kind() -> None:
    narrowed()
    show_kind()


def folder_choices(library: SearchLibrary) -> list[str]:
    """Folders that were added and those below them, in order."""
    status = library.status()
    return _folders(library, library.home.path.as_posix(), library.collection, status.items, status.sources)


@st.cache_data(show_spinner=False, max_entries=16)
def _folders(_library: SearchLibrary, _home: str, collection: str, items: int, sources: int) -> list[str]:
    del collection, sources
    roots = _library.folders()
    if not items:
        return roots
    found = [folder for folder, _ in _library.store.facet("folders", Where(()), limit=2000)]
    below = {folder for folder in found for root in roots if folder.startswith(root.rstrip("/") + "/")}
    return sorted({*map(to_text, roots), *below})[:_MOST_FOLDERS]


def chips(question: Question) -> list[str]:
    """The filters in force, in words."""
    said = []
    if question.kind:
        said.append("pictures only" if question.kind == "image" else "documents only")
    if question.under:
        said.append(f"in {question.under}")
    if question.since:
        said.append(f"since {question.since:%Y-%m-%d}")
    if question.until:
        said.append(f"until {question.until:%Y-%m-%d}")
    return said
