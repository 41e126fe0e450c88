"""Hits as a grid of cards: pictures by their thumbnails, documents by title and passage; what lies under one opens in place."""

import base64
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import PurePosixPath

from app.address import less_like, more_like, similar_to
from app.markup import button, show_list
from app.plain import as_html
from app.why import RELEVANCE_HELP, marked, reason_bar, reason_line
from indexer.thumbnails import media_type
from search import Hit, SearchLibrary

__all__ = ["name_of", "show_cards"]

_MOST_UNDER = 24  # copies that a stack shows
_ACTS = {"similar": similar_to, "more": more_like, "less": less_like}

OpenHit = Callable[[Hit], None]


def name_of(hit: Hit) -> str:
    """The file's name without its folder."""
    return PurePosixPath(hit.path).name or hit.path


def show_cards(library: SearchLibrary, hits: Sequence[Hit], open_hit: OpenHit, *, found: bool = True) -> None:
    """The grid; `open_hit` shows the details of the one that was clicked. `found`: any of them fits."""
    pressed = show_list("hits", "sb-hits", _elements(library, hits, found), _ACTS)
    if pressed is not None and pressed.act == "open":
        everything = (one for hit in hits for one in (hit, *hit.under))
        clicked = next((one for one in everything if one.id == pressed.value), None)
        if clicked is not None:
            open_hit(clicked)


def _elements(library: SearchLibrary, hits: Sequence[Hit], found: bool) -> list[str]:
    """HTML of the cards, and of the headings between them."""
    if any(hit.group is not None for hit in hits):
        elements = []
        for group, members in groupby(hits, key=lambda hit: hit.group):
            elements.append(f'<h2 class="sb-group">{as_html(group or "")}</h2>')
            elements += [_element(library, hit) for hit in members]
        return elements
    elements = [_element(library, hit) for hit in hits]
    first_weak = next((place for place, hit in enumerate(hits) if not hit.fits), len(hits))
    in_order = found and not any(hit.fits for hit in hits[first_weak:])  # variety mixes them: each is dimmed alone
    if in_order and first_weak < len(hits):
        elements.insert(first_weak, '<p class="sb-weak">Weaker matches</p>')
    return elements


def _element(library: SearchLibrary, hit: Hit) -> str:
    """A card with its buttons: the one that opens it lies over all of it, below the others."""
    dim = "" if hit.fits else " sb-dim"
    parts = (
        f'<article class="sb-hit{dim}" draggable="true" data-value="{hit.id}">',
        _card(library, hit),
        button("open", hit.id, "", name=f"Open {as_html(_label(hit))}", css="sb-open"),
        _stack(library, hit) if hit.under else "",
        '<div class="sb-acts">',
        button("similar", hit.id, f"{_icon('auto_awesome_motion')} Find similar"),
        button("more", hit.id, _icon("add_circle"), name="More like this"),
        button("less", hit.id, _icon("do_not_disturb_on"), name="Less like this"),
        "</div></article>",
    )
    return "".join(parts)


def _icon(name: str) -> str:
    return f'<span class="sb-icon" aria-hidden="true">{name}</span>'


def _stack(library: SearchLibrary, hit: Hit) -> str:
    """What lies under a hit, further pages of a document and copies, behind a button that opens it in place."""
    count = hit.under_total
    label = {"pages": f"+{count} more passage{'s' if count > 1 else ''}", "copies": f"+{count} like it"}.get(
        hit.under_why, f"+{count} passages and copies"
    )
    rows = []
    for under in hit.under[:_MOST_UNDER]:
        body = _under_copy(library, under) if under.is_copy_of(hit) else _under_page(under)
        rows.append(body + button("open", under.id, "Open", name=f"Open {as_html(under.path)}"))
    shown = len(rows)
    rest = ""
    if count > shown:
        told = f"The {shown} best of {count}, in the order of the pages." if hit.under_why == "pages" else f"… of {count}"
        rest = f'<p class="sb-line">{told}</p>'
    listed = "".join(rows)
    return (
        f'<button type="button" class="sb-act" popovertarget="stack-{hit.id}">{_icon("stacks")} {label}</button>'
        f'<div popover id="stack-{hit.id}" class="sb-stack" role="dialog" aria-label="{label}"><b>{as_html(name_of(hit))}</b>'
        f'<div class="sb-stack-rows">{listed}</div>{rest}</div>'
    )


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
