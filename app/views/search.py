"""The search page: ask in words or with a picture, and see pictures and documents in one list."""

import contextlib
import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import address
from app.address import PAGE_SIZE, Question
from app.cards import show_cards
from app.detail import show_detail
from app.facet_panel import facet_list
from app.filters import choose_collection, search_line, take_pasted
from app.plain import as_html, as_label
from app.progress import busy, show_progress
from app.samples import EXAMPLES
from app.shelf import SAMPLES, collections, first_choice, library, ready, warm
from app.terms import show_chips
from app.work import samples_wanted, start_samples
from encoders.errors import SkybridgeError
from search import SearchLibrary
from search.hits import Answer

__all__ = ["show"]

_NEAREST = 8  # shown at first where nothing fits


def show() -> None:
    """Draw the page."""
    if samples_wanted() and not busy(SAMPLES):
        start_samples()
    names = collections()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key="top_line"):
        st.html('<div class="sb-brand"><b>Skybridge</b><span class="sb-soft">search by meaning, on this machine</span></div>')
        collection = choose_collection(names, first_choice(names))
    lib = library(collection)
    among_filters = search_line(lib)
    take_pasted()
    question = address.read()
    show_chips(lib, question)
    _samples_note(collection)
    if question.asked:
        _answer(lib, question, among_filters)
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


def _answer(lib: SearchLibrary, question: Question, among_filters: DeltaGenerator) -> None:
    if not lib.exists() or not lib.status().items:
        st.write("Nothing is indexed here yet, so there is nothing to find.")
        return
    began = time.perf_counter()
    try:
        if not ready(lib):
            with st.spinner("Loading the model…"):
                warm(lib)
            began = time.perf_counter()  # loading happens once and is not the query's time
        answer = lib.answer(question.query(question.page * PAGE_SIZE))
        milliseconds = 1000 * (time.perf_counter() - began)
    except SkybridgeError as error:
        told = str(error)
        st.error(as_label(told[:1].upper() + told[1:]), icon=":material/error:")
        if question.filtered:
            st.button("Clear filters", on_click=address.widen, icon=":material/filter_alt_off:", key="widen")
        return
    if not answer.hits:
        _nothing(question, answer)
        return
    side, main = st.columns([1, 4.6], gap="medium")
    with main:
        _list(lib, question, answer, milliseconds)
    _facets(lib, question, among_filters, side)  # afterwards: nobody waits for counts to see the hits


def _facets(lib: SearchLibrary, question: Question, among_filters: DeltaGenerator, side: DeltaGenerator) -> None:
    """Counts beside the results, and among the filters for screens without room beside them; the look shows one of the two."""
    with side, st.container(key="facets_side"):
        try:
            facets = lib.facets(question.filters())
        except SkybridgeError as error:  # the hits are there all the same
            st.caption(as_label(f"Nothing could be counted here: {error}"))
            return
        facet_list(facets, question, "side")
    with among_filters:
        facet_list(facets, question, "narrow")


def _list(lib: SearchLibrary, question: Question, answer: Answer, milliseconds: float) -> None:
    """The hits, under a line that says how they came about; or, where none fits, the nearest few."""
    how = "exact search" if lib.status().exact else "approximate search (HNSW)"
    fitting = sum(hit.fits for hit in answer.hits)
    shown = answer.hits if answer.found or question.page > 1 else answer.hits[:_NEAREST]
    fit = f"{fitting}{'+' if answer.more and fitting == len(answer.hits) else ''} of {answer.items:,} fit"
    told = [fit if answer.found else f"none of {answer.items:,} fits", f"{milliseconds:.0f} ms", how]
    line = f'<p class="sb-line" role="status">{as_html(" · ".join(told))}</p>'
    if answer.found:
        st.html(line)
    else:
        st.subheader("No good match")
        if answer.advice:
            st.write(as_label(answer.advice))
        if question.filtered:
            st.button("Clear filters", on_click=address.widen, icon=":material/filter_alt_off:", key="widen")
        st.html(f'{line}<p class="sb-weak">The nearest there is</p>')
    with st.container(key="found" if answer.found else "nearest"):
        show_cards(lib, shown, lambda hit: show_detail(lib, hit), found=answer.found)
    if answer.more or len(shown) < len(answer.hits):
        with st.container(horizontal_alignment="center"):
            st.button("Show more", on_click=address.more, icon=":material/expand_more:", key="more")


def _nothing(question: Question, answer: Answer) -> None:
    st.subheader("No results")
    if question.filtered:
        st.write(as_label(f"Nothing here passes the filters: {', '.join(question.said.values())}."))
        st.button("Clear filters", on_click=address.widen, icon=":material/filter_alt_off:", key="widen")
    else:
        st.write(as_label(answer.advice or "Try other words, fewer of them, or another collection."))
