"""One hit in full: the picture or passage, what is known of the file, and where it lies.

A file is shown or handed out only while its bytes are those that were indexed: an id leads to paths that the index knows,
and the file's hash is compared before anything of it leaves. Nothing else on the machine can be asked for.
"""

import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import streamlit as st

from app import address
from app.address import less_like, more_like, similar_to
from app.cards import name_of
from app.judging import show_judgement
from app.plain import as_html, as_label
from app.why import RELEVANCE_HELP, marked, reason_list
from encoders.errors import FileError, SkybridgeError
from indexer.loaders import hash_file, open_picture
from indexer.paths import to_path
from search import Hit, SearchLibrary

__all__ = ["facts", "original", "show_detail"]

_ASK_ON: tuple[tuple[str, str, str, Literal["primary", "secondary"], Callable[[str], None]], ...] = (
    ("similar", "Find similar", ":material/auto_awesome_motion:", "primary", similar_to),
    ("plus", "More like this", ":material/add_circle:", "secondary", more_like),
    ("minus", "Less like this", ":material/do_not_disturb_on:", "secondary", less_like),
)
_HEAT = "Which regions are closest to what you asked for: they glow, the others are darker."
_SIDE = 1400  # pixels of the longer side, at most
_WORD = re.compile(r"\w+")
_MOST_DOWNLOAD = 200_000_000  # bytes; larger files are opened from their folder


def show_detail(library: SearchLibrary, hit: Hit) -> None:
    """Open the dialog for one hit."""

    @st.dialog(as_label(_heading(hit)), width="large", on_dismiss="rerun")  # what was judged changes the list
    def dialog() -> None:
        try:
            _content(library, hit)
        except SkybridgeError as error:
            st.error(as_label(str(error)), icon=":material/error:")

    dialog()


def _heading(hit: Hit) -> str:
    return f"{name_of(hit)}, page {hit.page}" if hit.page and hit.kind == "document" else name_of(hit)


def _content(library: SearchLibrary, hit: Hit) -> None:
    file = original(hit)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        if hit.kind == "image":
            with st.container(key="detail_picture"):
                if not (hit.rank and _wants_heat(hit)):
                    _picture(library, hit, file)
                else:
                    with st.spinner("Looking at the regions…"):
                        st.image(library.heat(address.read().query(1), hit), width="stretch", alt=_HEAT)
        else:
            text = _passage(hit)
            st.html(f'<div class="sb-passage" tabindex="0">{text}</div>')
    with right:
        _actions(hit, file)
        if hit.rank:
            st.html(f'<p class="sb-line" title="{RELEVANCE_HELP}">Relevance {hit.relevance:.0%}</p>{reason_list(hit)}')
            show_judgement(library, hit)
        rows = "".join(f"<dt>{as_html(name)}</dt><dd>{as_html(value)}</dd>" for name, value in facts(hit))
        st.html(f'<dl class="sb-facts">{rows}</dl>')
    for path in hit.payload.get("paths") or [hit.path]:
        st.code(path, language=None, wrap_lines=True)
    if file is None:
        st.caption("The file has changed or moved since it was indexed. Update its folder on the library page.")


def _wants_heat(hit: Hit) -> bool:
    return st.toggle("Where in the picture?", key=f"heat-{hit.id}", help=_HEAT)


def _actions(hit: Hit, file: Path | None) -> None:
    with st.container(horizontal=True, key="detail_actions"):
        pressed = [
            st.button(label, key=f"detail-{name}", icon=icon, type=kind, on_click=act, args=(hit.id,))
            for name, label, icon, kind, act in _ASK_ON
        ]
        if any(pressed):
            st.rerun()  # the page, not the dialog alone
        if file is not None and file.stat().st_size <= _MOST_DOWNLOAD:
            st.download_button(
                "Download",
                data=lambda: _checked_bytes(hit),
                file_name=name_of(hit),
                mime="application/octet-stream",
                icon=":material/download:",
                on_click="ignore",
                key="detail-download",
            )


def _picture(library: SearchLibrary, hit: Hit, file: Path | None) -> None:
    if file is not None:
        try:
            st.image(_large(file, hit.payload.get("content", "")), width="stretch", alt=name_of(hit))
            return
        except FileError as error:
            st.caption(as_label(str(error)))
    thumbnail = library.thumbnail(hit)
    if thumbnail is not None:
        st.image(thumbnail, alt=name_of(hit))


@st.cache_data(show_spinner=False, max_entries=48)
def _large(file: Path, _content: str) -> bytes:
    image = open_picture(file, at_least=_SIDE)
    image.thumbnail((_SIDE, _SIDE))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=88)
    return written.getvalue()


def original(hit: Hit) -> Path | None:
    """The first of the item's indexed paths whose bytes are still the indexed ones, else None."""
    for text in hit.payload.get("paths") or []:
        path = to_path(text)
        try:
            if path.is_file() and _hash(path, path.stat().st_mtime_ns, path.stat().st_size) == hit.payload.get("content"):
                return path
        except (OSError, SkybridgeError):
            continue
    return None


@st.cache_data(show_spinner=False, max_entries=2048)
def _hash(path: Path, _modified: int, _size: int) -> str:
    return hash_file(path)


def _checked_bytes(hit: Hit) -> bytes:
    """The file's bytes, hashed as they are handed out, so that nothing can be swapped in between."""
    for text in hit.payload.get("paths") or []:
        try:
            data = to_path(text).read_bytes()
        except OSError:
            continue
        if hashlib.sha256(data).hexdigest() == hit.payload.get("content"):
            return data
    return b""


def _passage(hit: Hit) -> str:
    """HTML of a passage with its line breaks, the query's words marked where the snippet has them."""
    text = hit.payload.get("text") or hit.snippet or ""
    words = {(hit.snippet or "")[begin:end].casefold() for begin, end in hit.marks}
    lines = text.splitlines()
    return "\n".join(
        marked(line, [found.span() for found in _WORD.finditer(line) if found[0].casefold() in words]) for line in lines
    )


def facts(hit: Hit) -> list[tuple[str, str]]:
    """(name, value) of what is known of the file, for people; what is not known is left out."""
    payload = hit.payload
    width, height, size, place = (payload.get(key) for key in ("width", "height", "bytes", "place"))
    known: list[tuple[str, Any]] = [
        ("Title", payload.get("title")),
        ("Page", hit.page),
        ("Size", f"{width} × {height} pixels" if width and height else None),
        ("File", f"{(payload.get('extension') or '').upper()} · {_bytes(int(size))}" if size is not None else None),
        ("Taken", _moment(payload.get("taken"))),
        ("Changed", _moment(payload.get("modified"))),
        ("Camera", payload.get("camera")),
        ("Place", f"{place['lat']:.5f}, {place['lon']:.5f}" if isinstance(place, dict) else None),
        ("Keywords", ", ".join(map(str, payload.get("keywords") or []))),
        ("Folder", str(PurePosixPath(hit.path).parent)),
    ]
    return [(name, str(value)) for name, value in known if value]


def _moment(text: str | None) -> str | None:
    """An RFC 3339 moment -> date and time to the minute, UTC."""
    return text and text.replace("T", " ").removesuffix("Z")[:16]


def _bytes(count: int) -> str:
    """1536 -> '1.5 kB', as file managers write it."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} GB"
