"""The line one asks in, and what narrows the answer."""

from datetime import date

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app.address import PICTURE, clear_picture, narrowed, widen
from app.arrange_panel import arrange_panel
from app.extras import Extra, add_extra
from app.narrowing import KINDS, put_filter
from app.paste import Sent, sent_from_page
from indexer.paths import to_text
from indexer.store.base import Where
from search import SearchLibrary

__all__ = ["choose_collection", "filter_panel", "folder_choices", "search_line", "take_pasted"]

_PICTURE_TYPES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "heic", "heif", "avif", "jp2"]
_MOST_FOLDERS = 300
_LINES = {  # name in the address -> label, example, help
    "dates": (
        "Dates",
        "last summer",
        "A year, month or day (2023, 2023-05), a span (2021..2023), or words: last month, may 2023.",
    ),
    "near": ("Taken near", "Lisbon", "A town, or degrees north and east as in 48.85,2.35. Within 25 km."),
    "title": ("Words of the title", "annual report", "All of them, in any order."),
}
_LINES_OUT = {
    "not_word": ("Not the word", "screenshot", "Neither in title, file name nor keywords."),
    "not_dates": ("Not from", "2019", "Dates, written as above."),
}


def search_line(library: SearchLibrary) -> DeltaGenerator:
    """Text box, further terms, picture chooser, filters and order, in one line where there is room.

    Returns the place for the facets among the filters, on screens that have none beside the results.
    """
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
            on_change=_typed,
        )
        with st.popover("Add", icon=":material/add:", help="Ask for one thing more, or leave something out"):
            _adder()
        with st.popover("Picture", icon=":material/add_photo_alternate:"):
            _picture_chooser()
        with st.popover("Filters", icon=":material/tune:"):
            facets = filter_panel(library)
        with st.popover("Arrange", icon=":material/sort:"):
            arrange_panel()
    return facets


def _typed() -> None:
    """Typed words replace "similar to"; the chips stay."""
    narrowed()
    if "like" in st.query_params:
        del st.query_params["like"]


def _adder() -> None:
    """A form for one thing more."""
    with st.form("adder", border=False, clear_on_submit=True, enter_to_submit=True):
        st.text_input("In words", key="add_words", placeholder="snow on the roof", max_chars=300)
        st.radio("It should be", ["like this", "not like this"], key="add_how", horizontal=True, label_visibility="collapsed")
        st.form_submit_button("Add", key="add_it", icon=":material/add:", on_click=_add)
    st.caption("Or drag a hit up here, or use + and − below it.")


def _add() -> None:
    words = " ".join((st.session_state.get("add_words") or "").split())
    if words:
        add_extra(Extra("words", words, wanted=st.session_state.get("add_how") == "like this"))
        narrowed()


def _picture_chooser() -> None:
    """A chooser for a picture to ask with; a pasted one arrives in the same place."""
    key = f"picture-{st.session_state.get('upload', 0)}"
    chosen = st.file_uploader("Find pictures and pages like this one", type=_PICTURE_TYPES, key=key)
    st.caption("Or paste or drop a picture anywhere on this page.")
    if chosen is not None and st.session_state.get(PICTURE, ("", b""))[1] != chosen.getvalue():
        st.session_state[PICTURE] = (chosen.name, chosen.getvalue())
        _typed()


def take_pasted() -> None:
    """Take up a picture that was pasted or dropped since the last run, or a hit that was dragged up."""
    sent = sent_from_page()
    if sent is None:
        return
    _take(sent)
    st.rerun()


def _take(sent: Sent) -> None:
    if sent.hit is not None:
        add_extra(Extra("hit", sent.hit))
        narrowed()
    elif sent.picture is not None:
        clear_picture()
        st.session_state[PICTURE] = sent.picture
        _typed()


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
    _typed()


def filter_panel(library: SearchLibrary) -> DeltaGenerator:
    """Kind, folder, dates and what else can be typed, each in the address. Returns the place for the facets."""
    facets = st.container(key="facets_narrow")
    _kind("kind", "Kind")
    folders = folder_choices(library)
    under = st.session_state.get("under")
    if under not in folders:
        if under and any(str(under).startswith(root.rstrip("/") + "/") for root in folders):
            folders = [*folders, under]  # a facet counts deeper than this list reaches
        else:
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
    for name, told in _LINES.items():
        _line(name, *told)
    with st.container(horizontal=True, gap="small", key="since_until"):
        _dates()
    with st.expander(
        "Leave out", key="leave_out", expanded=any(f"not_{name}" in st.query_params for name in ("word", "dates"))
    ):
        _kind("not_kind", "No")
        for name, told in _LINES_OUT.items():
            _line(name, *told)
        _folder_out(folders)
    st.button("Clear filters", on_click=widen, icon=":material/filter_alt_off:", type="tertiary", key="clear_filters")
    return facets


def _kind(name: str, label: str) -> None:
    # Not bound: Streamlit would put the labels into the address, and the address says image or document.
    asked = st.query_params.get(name)
    key = f"filter_{name}"
    st.session_state[key] = asked if asked in KINDS else None
    st.segmented_control(label, list(KINDS), key=key, format_func=lambda kind: KINDS[kind], on_change=_taken, args=(name, key))


def _line(name: str, label: str, example: str, more: str) -> None:
    key = f"filter_{name}"
    st.session_state[key] = st.query_params.get(name, "")
    st.text_input(label, key=key, placeholder=example, help=more, max_chars=200, on_change=_taken, args=(name, key))


def _folder_out(folders: list[str]) -> None:
    asked = st.query_params.get("not_under")
    key = "filter_not_under"
    st.session_state[key] = asked if asked in folders else None
    st.selectbox("Not the folder", folders, index=None, key=key, placeholder="None", on_change=_taken, args=("not_under", key))


def _taken(name: str, key: str) -> None:
    """What was chosen or typed goes into the address."""
    value = st.session_state.get(key)
    put_filter(name, value.strip() if isinstance(value, str) else value)
    narrowed()


def _dates() -> None:
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
