"""Hits as a grid of cards: pictures by their thumbnails, documents by title and passage."""

import base64
from collections.abc import Callable
from pathlib import PurePosixPath

import streamlit as st

from app.address import similar_to
from app.plain import as_html, as_label
from search import Hit, SearchLibrary

__all__ = ["name_of", "show_cards"]

_CARD_WIDTH = 150  # pixels at least, so that a phone shows two columns
_STRONG = 0.4  # relevance from which a hit stands above the line


def name_of(hit: Hit) -> str:
    """The file's name without its folder."""
    return PurePosixPath(hit.path).name or hit.path


def show_cards(library: SearchLibrary, hits: list[Hit], open_hit: Callable[[Hit], None]) -> None:
    """The grid; `open_hit` shows the details of the one that was clicked."""
    strong = [hit for hit in hits if hit.relevance >= _STRONG]
    weak = hits[len(strong) :]
    clicked = _grid(library, strong)
    if weak:
        st.html(f'<p class="sb-weak">{"Weaker matches" if strong else "No good match. The nearest there is:"}</p>')
        clicked = _grid(library, weak) or clicked
    if clicked is not None:
        open_hit(clicked)


def _grid(library: SearchLibrary, hits: list[Hit]) -> Hit | None:
    """Draw the cards; returns the one that was clicked."""
    clicked: Hit | None = None
    if not hits:
        return None
    columns = st.grid(columns=5, min_column_width=_CARD_WIDTH, gap="small")
    for hit in hits:
        with columns, st.container(key=f"card-{hit.rank}"):
            st.html(_card(library, hit))
            label = as_label(name_of(hit))
            if st.button(f"Open {label}", key=f"open-{hit.rank}-{hit.id}"):
                clicked = hit
            st.button(
                "Find similar",
                key=f"similar-{hit.rank}-{hit.id}",
                icon=":material/auto_awesome_motion:",
                type="tertiary",
                on_click=similar_to,
                args=(hit.id,),
            )
    return clicked


def _card(library: SearchLibrary, hit: Hit) -> str:
    percent = round(100 * hit.relevance)
    body = _picture(library, hit) if hit.kind == "image" else _document(hit)
    page = f" · p. {hit.page}" if hit.page and hit.kind == "document" else ""
    return (
        f'<div class="sb-card" title="{as_html(hit.path)}">{body}'
        f'<div class="sb-name"><span>{as_html(name_of(hit))}</span>'
        f'<span class="sb-rel" title="relevance">{percent}%{page}</span></div>'
        f'<div class="sb-bar"><i style="width:{percent}%"></i></div></div>'
    )


def _picture(library: SearchLibrary, hit: Hit) -> str:
    data = library.thumbnail(hit)
    if data is None:
        return '<div class="sb-pic"></div>'
    source = base64.b64encode(data).decode("ascii")
    return f'<div class="sb-pic"><img alt="{as_html(name_of(hit))}" src="data:image/webp;base64,{source}"></div>'


def _document(hit: Hit) -> str:
    title = hit.title or PurePosixPath(hit.path).stem
    return (
        f'<div class="sb-pic sb-doc"><h4>{as_html(title)}</h4>'
        f"<p>{as_html(hit.snippet or hit.payload.get('text') or '')}</p></div>"
    )
