"""The search page: ask in words or with a picture, and see pictures and documents in one list."""

import contextlib
import time

import streamlit as st

from app import address
from app.address import PAGE_SIZE, Question
from app.cards import name_of, show_cards
from app.detail import show_detail
from app.filters import chips, choose_collection, search_line, take_pasted
from app.plain import as_html, as_label
from app.progress import busy, show_progress
from app.samples import EXAMPLES
from app.shelf import SAMPLES, collections, first_choice, library, ready, warm
from app.work import samples_wanted, start_samples
from encoders.errors import SkybridgeError
from search import Hit, SearchLibrary

__all__ = ["show"]


def show() -> None:
    """Draw the page."""
    if samples_wanted() and not busy(SAMPLES):
        start_samples()
    names = collections()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="top_line"):
        st.html('<div class="sb-brand"><b>Skybridge</b><span class="sb-soft">search by meaning, on this machine</span></div>')
        collection = choose_collection(names, first_choice(names))
    lib = library(collection)
    search_line(lib)
    take_pasted()
    question = address.read()
    _samples_note(collection)
    if question.asked:
        _answer(lib, question)
    else:
        _welcome(lib)
        with contextlib.suppress(SkybridgeError):  # the first query will say it
            warm(lib)  # while the person reads and types


def _samples_note(collection: str) -> None:
    """On the first start: what is being indexed, and how far it is."""
    if busy(SAMPLES):
        st.info(
            "First start: your library is empty, so Skybridge is indexing a small sample library of its own pictures and "
            "documents. Your own folders come on the Library page.",
            icon=":material/waving_hand:",
        )
        show_progress(SAMPLES, brief=True)
    elif busy(collection):
        show_progress(collection, brief=True)
    elif collection == SAMPLES:
        show_progress(SAMPLES, brief=True)


def _welcome(lib: SearchLibrary) -> None:
    """Nothing is asked yet."""
    status = lib.status()
    if not status.items:
        if not (busy(lib.collection) or busy(SAMPLES)):
            st.subheader("There is nothing to search yet")
            st.write("Add a folder with pictures or documents on the Library page, or try the sample library first.")
            with st.container(horizontal=True):
                st.page_link(_library_page(), label="Add a folder", icon=":material/create_new_folder:")
                st.button("Index the sample library", on_click=start_samples, icon=":material/collections:")
        return
    where = "the sample library" if lib.collection == SAMPLES else f"“{lib.collection}”"
    st.html(
        f'<p class="sb-line">{status.images:,} pictures and {status.documents:,} documents in {as_html(where)}. '
        "Press / to type, paste a picture to search with it.</p>"
    )
    if lib.collection == SAMPLES:
        st.write("Try one of these:")
        with st.container(horizontal=True, key="examples"):
            for example in EXAMPLES:
                st.button(example, on_click=address.ask(example), key=f"example-{example}")


def _library_page() -> st.Page:
    from app.views import library as view

    return st.Page(view.show, title="Library", url_path="library")


def _answer(lib: SearchLibrary, question: Question) -> None:
    _asked_with(lib, question)
    if not lib.exists() or not lib.status().items:
        st.write("Nothing is indexed here yet, so there is nothing to find.")
        return
    began = time.perf_counter()
    try:
        if not ready(lib):
            with st.spinner("Loading the model…"):
                warm(lib)
            began = time.perf_counter()  # loading happens once and is not the query's time
        hits = _search(lib, question)
    except SkybridgeError as error:
        st.error(as_label(str(error)), icon=":material/error:")
        return
    milliseconds = 1000 * (time.perf_counter() - began)
    shown = hits[: question.page * PAGE_SIZE]
    if not shown:
        _nothing(question)
        return
    status = lib.status()
    how = "exact search" if status.exact else "approximate search (HNSW)"
    told = [f"{len(shown)} best of {status.items:,}", *chips(question), f"{milliseconds:.0f} ms", how]
    st.html(f'<p class="sb-line" role="status">{as_html(" · ".join(told))}</p>')
    show_cards(lib, shown, lambda hit: show_detail(lib, hit))
    if len(hits) > len(shown):
        with st.container(horizontal_alignment="center"):
            st.button("Show more", on_click=address.more, icon=":material/expand_more:", key="more")


def _search(lib: SearchLibrary, question: Question) -> list[Hit]:
    """One hit more than shown, to know whether there are more."""
    return lib.search(
        question.text or None,
        question.picture[1] if question.picture else None,
        limit=question.page * PAGE_SIZE + 1,
        kind=question.kind,
        under=question.under,
        since=question.since,
        until=question.until,
        like=question.like,
    )


def _asked_with(lib: SearchLibrary, question: Question) -> None:
    """The picture or the hit that is asked with, and a way to take it away."""
    if question.picture:
        with st.container(horizontal=True, vertical_alignment="center", key="asked_with"):
            _small_picture(question.picture)
            st.markdown(f"Like **{as_label(question.picture[0])}**", width="content")
            st.button("Remove", on_click=address.clear_picture, icon=":material/close:", type="tertiary", key="no-picture")
    if question.like:
        with st.container(horizontal=True, vertical_alignment="center", key="asked_like"):
            item = lib.item(question.like) if lib.exists() else None
            if item is not None:
                thumbnail = lib.thumbnail(item)
                if thumbnail is not None:
                    st.image(thumbnail, width=64, alt=name_of(item))
                st.markdown(f"Similar to **{as_label(name_of(item))}**", width="content")
            else:
                st.markdown("Similar to an item that is no longer here", width="content")
            st.button("Clear", on_click=address.first_page, icon=":material/close:", type="tertiary", key="no-like")


def _small_picture(picture: tuple[str, bytes]) -> None:
    small = _shrunk(picture[1])
    if small is not None:
        st.image(small, width=64, alt=picture[0])


@st.cache_data(show_spinner=False, max_entries=16)
def _shrunk(data: bytes) -> bytes | None:
    """A small JPEG of a picture that came from outside; None if it cannot be read (the search says why)."""
    import io

    from indexer.loaders import open_picture

    try:
        image = open_picture(data, at_least=128)
    except SkybridgeError:
        return None
    image.thumbnail((192, 192))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=85)
    return written.getvalue()


def _nothing(question: Question) -> None:
    st.subheader("No results")
    if question.filtered:
        st.write(as_label(f"Nothing here passes the filters: {', '.join(chips(question))}."))
        st.button("Clear filters", on_click=address.widen, icon=":material/filter_alt_off:", key="widen")
    else:
        st.write("Try other words, fewer of them, or another collection.")
