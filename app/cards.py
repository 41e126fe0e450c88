"""Hits as a grid of cards: pictures by their thumbnails, documents by title and passage; what lies under one opens in place."""

import base64
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import PurePosixPath

import streamlit as st

from app.address import less_like, more_like, similar_to
from app.plain import as_html, as_label
from app.why import RELEVANCE_HELP, marked, reason_bar, reason_line
from indexer.thumbnails import media_type
from search import Hit, SearchLibrary

__all__ = ["name_of", "show_cards"]

_CARD_WIDTH = 150  # pixels at least, so that a phone shows two columns
_MOST_UNDER = 24  # copies that a stack shows

OpenHit = Callable[[Hit], None]


def name_of(hit: Hit) -> str:
    """The file's name without its folder."""
    return PurePosixPath(hit.path).name or hit.path


def show_cards(library: SearchLibrary, hits: Sequence[Hit], open_hit: OpenHit, *, found: bool = True) -> None:
    """The grid; `open_hit` shows the details of the one that was clicked. `found`: any of them fits."""
    clicked: Hit | None = None
    if any(hit.group is not None for hit in hits):
        for place, (group, members) in enumerate(groupby(hits, key=lambda hit: hit.group)):
            st.html(f'<h2 class="sb-group">{as_html(group or "")}</h2>')
            clicked = _grid(library, list(members), f"group-{place}") or clicked
    else:
        first_weak = next((place for place, hit in enumerate(hits) if not hit.fits), len(hits))
        in_order = found and not any(hit.fits for hit in hits[first_weak:])  # variety mixes them: each is dimmed alone
        strong, weak = (hits[:first_weak], hits[first_weak:]) if in_order else (hits, ())
        clicked = _grid(library, strong, "strong")
        if weak:
            st.html('<p class="sb-weak">Weaker matches</p>')
            clicked = _grid(library, weak, "weak") or clicked
    if clicked is not None:
        open_hit(clicked)


def _grid(library: SearchLibrary, hits: Sequence[Hit], place: str) -> Hit | None:
    """Draw the cards; returns the hit that was clicked."""
    clicked: Hit | None = None
    if not hits:
        return None
    with st.container(key=f"grid-{place}"):
        columns = st.grid(columns=4, min_column_width=_CARD_WIDTH, gap="small")
    for hit in hits:
        fits = "fits" if hit.fits else "dim"
        with columns, st.container(key=f"card-{hit.rank}-{fits}"):
            st.html(_card(library, hit))
            if st.button(f"Open {as_label(_label(hit))}", key=f"open-{hit.rank}-{hit.id}"):
                clicked = hit
            if hit.under:
                clicked = _stack(library, hit) or clicked
            _actions(hit)
    return clicked


def _actions(hit: Hit) -> None:
    with st.container(horizontal=True, key=f"acts-{hit.rank}", gap=None, vertical_alignment="center", wrap=False):
        for name, label, icon, act in (
            ("similar", "Find similar", ":material/auto_awesome_motion:", similar_to),
            ("plus", "More like this", ":material/add_circle:", more_like),
            ("minus", "Less like this", ":material/do_not_disturb_on:", less_like),
        ):
            st.button(
                label,
                key=f"{name}-{hit.rank}-{hit.id}",
                icon=icon,
                type="tertiary",
                help=None if name == "similar" else label,
                on_click=act,
                args=(hit.id,),
            )


def _stack(library: SearchLibrary, hit: Hit) -> Hit | None:
    """What lies under a hit: further pages of a document, and copies. Returns the one that was clicked."""
    clicked: Hit | None = None
    count = hit.under_total
    label = {"pages": f"+{count} more passage{'s' if count > 1 else ''}", "copies": f"+{count} like it"}.get(
        hit.under_why, f"+{count} passages and copies"
    )
    with st.popover(label, icon=":material/stacks:", type="tertiary", key=f"stack-{hit.rank}-{hit.id}"):
        st.markdown(f"**{as_label(name_of(hit))}**")
        for under in hit.under[:_MOST_UNDER]:
            with st.container(horizontal=True, key=f"under-{hit.rank}-{under.id}", vertical_alignment="center", wrap=False):
                st.html(_under_copy(library, under) if under.is_copy_of(hit) else _under_page(under))
                if st.button("Open", key=f"look-{hit.rank}-{under.id}", type="tertiary", help=as_label(under.path)):
                    clicked = under
        if count > len(hit.under[:_MOST_UNDER]):
            ordered = hit.under_why == "pages"
            shown = len(hit.under[:_MOST_UNDER])
            st.caption(f"The {shown} best of {count}, in the order of the pages." if ordered else f"… of {count}")
    return clicked


def _under_page(hit: Hit) -> str:
    page = f"p. {hit.page}" if hit.page else "passage"
    text = marked(hit.snippet or "", hit.marks)
    relevance = f'<small title="{RELEVANCE_HELP}">{hit.relevance:.0%}</small>'
    return f'<div class="sb-under"><b>{page}<br>{relevance}</b><span>{text}</span></div>'


def _under_copy(library: SearchLibrary, hit: Hit) -> str:
    if hit.kind == "document":
        page = f"p. {hit.page} · " if hit.page else ""
        said = marked(hit.snippet or "", hit.marks)
        small = f"<small>{page}{hit.relevance:.0%}</small>"
        return f'<div class="sb-under"><span>{as_html(name_of(hit))}<br>{small} {said}</span></div>'
    payload = hit.payload
    size = f"{payload['width']} × {payload['height']}" if payload.get("width") and payload.get("height") else ""
    return (
        f'<div class="sb-under">{_picture(library, hit)}<span>{as_html(name_of(hit))}<br>'
        f"<small>{size} · {hit.relevance:.0%}</small></span></div>"
    )


def _label(hit: Hit) -> str:
    return f"{name_of(hit)}, page {hit.page}" if hit.page and hit.kind == "document" else name_of(hit)


def _card(library: SearchLibrary, hit: Hit) -> str:
    percent = round(100 * hit.relevance)
    body = _picture(library, hit) if hit.kind == "image" else _document(hit)
    page = f" · p. {hit.page}" if hit.page and hit.kind == "document" else ""
    places = f'<p class="sb-said">in {len(hit.paths)} places</p>' if len(hit.paths) > 1 else ""
    stacked = " sb-stacked" if hit.under else ""
    return (
        f'<div class="sb-card{stacked}" title="{as_html(hit.path)}">{body}'
        f'<div class="sb-name"><span>{as_html(name_of(hit))}</span>'
        f'<span class="sb-rel" title="{RELEVANCE_HELP}">{percent}%{page}</span></div>'
        f"{reason_bar(hit)}{reason_line(hit)}{_said(hit)}{places}</div>"
    )


def _said(hit: Hit) -> str:
    """Words read inside a picture, where they are among the query's."""
    if hit.kind != "image" or not hit.marks:
        return ""
    return f'<p class="sb-said">“{marked(hit.snippet or "", hit.marks)}”</p>'


def _picture(library: SearchLibrary, hit: Hit) -> str:
    data = library.thumbnail(hit)
    if data is None:
        return '<div class="sb-pic"></div>'
    source = base64.b64encode(data).decode("ascii")
    return f'<div class="sb-pic"><img alt="{as_html(name_of(hit))}" src="data:{media_type(data)};base64,{source}"></div>'


def _document(hit: Hit) -> str:
    title = hit.title or PurePosixPath(hit.path).stem
    text = marked(hit.snippet, hit.marks) if hit.snippet else as_html(hit.payload.get("text") or "")
    return f'<div class="sb-pic sb-doc"><h4>{as_html(title)}</h4><p>{text}</p></div>'
