"""The question as chips: what is asked besides the typed words, and the filters in force; each can be changed and removed."""

import io

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from app import address
from app.address import Question
from app.extras import Extra, change_extra, next_weight, remove_extra
from app.narrowing import drop_filter
from app.plain import as_label
from encoders.errors import SkybridgeError
from search import SearchLibrary

__all__ = ["show_chips"]

_WEIGHT_HELP = "How much it counts: click to change"
_TURN_HELP = "Click to turn it around"
_SHOWN = 40  # characters of a chip
_SIDE = 96  # pixels of a chip's picture


def show_chips(library: SearchLibrary, question: Question) -> None:
    """Draw the chips, if there are any."""
    terms = (question.like, question.picture, *question.extras)
    if not any(terms) and not question.filtered:
        return
    with st.container(horizontal=True, key="chips", gap="small", vertical_alignment="center"):
        if question.like:
            with _chip("like", wanted=True):
                _hit(library, question.like, "Similar to")
                _remove("no-like", address.first_page, label="Clear")
        if question.picture:
            _picture_chip(question)
        for place, extra in enumerate(question.extras):
            _extra_chip(library, extra, place)
        for name, label in question.said.items():
            st.button(
                as_label(_cut(label)),
                key=f"drop-{name}",
                icon=":material/close:",
                icon_position="right",
                help="Take this filter away",
                on_click=_drop,
                args=(name,),
            )
        if sum(map(bool, terms)) > 1:
            st.button(
                "Clear terms", key="no-terms", type="tertiary", on_click=address.no_terms, help="Keep the typed words alone"
            )


def _chip(key: str, wanted: bool) -> DeltaGenerator:
    sign = "wanted" if wanted else "unwanted"
    return st.container(
        horizontal=True, key=f"chip-{sign}-{key}", width="content", gap="small", vertical_alignment="center", border=True
    )


def _picture_chip(question: Question) -> None:
    assert question.picture is not None
    weight = question.picture_weight
    wanted = weight > 0
    with _chip("picture", wanted):
        _turn("turn-picture", "Like" if wanted else "Unlike", address.weigh_picture, -weight)
        small = _shrunk(question.picture[1])
        if small is not None:
            st.image(small, width=36, alt=question.picture[0])
        st.markdown(f"**{as_label(_cut(question.picture[0]))}**", width="content")
        _weight("weigh-picture", abs(weight), address.weigh_picture, next_weight(abs(weight)) * (1 if wanted else -1))
        _remove("no-picture", address.clear_picture)


def _extra_chip(library: SearchLibrary, extra: Extra, place: int) -> None:
    with _chip(str(place), extra.wanted):
        words = ("also", "not") if extra.what == "words" else ("Like", "Unlike")
        _turn(f"turn-{place}", words[not extra.wanted], _change, extra, wanted=not extra.wanted)
        if extra.what == "words":
            st.markdown(f"**{as_label(_cut(extra.value))}**", width="content")
        else:
            _hit(library, extra.value)
        _weight(f"weigh-{place}", extra.weight, _change, extra, weight=next_weight(extra.weight))
        _remove(f"remove-{place}", _remove_extra, extra)


def _hit(library: SearchLibrary, item_id: str, before: str = "") -> None:
    item = library.item(item_id) if library.exists() else None
    if item is None:
        st.markdown(f"{before} an item that is no longer here".strip(), width="content")
        return
    thumbnail = library.thumbnail(item)
    name = item.path.rpartition("/")[2] or item.path
    if thumbnail is not None:
        st.image(thumbnail, width=36, alt=name)
    st.markdown(f"{before} **{as_label(_cut(name))}**".strip(), width="content")


def _turn(key: str, label: str, act: object, /, *args: object, **options: object) -> None:
    st.button(label, key=key, type="tertiary", help=_TURN_HELP, on_click=act, args=args, kwargs=options)  # type: ignore[arg-type]


def _weight(key: str, weight: float, act: object, /, *args: object, **options: object) -> None:
    told = "½" if weight == 0.5 else f"{weight:g}"
    st.button(f"×{told}", key=key, type="tertiary", help=_WEIGHT_HELP, on_click=act, args=args, kwargs=options)  # type: ignore[arg-type]


def _remove(key: str, act: object, *args: object, label: str = "Remove") -> None:
    st.button(label, key=key, icon=":material/close:", type="tertiary", on_click=act, args=args)  # type: ignore[arg-type]


def _change(extra: Extra, **changes: object) -> None:
    change_extra(extra, **changes)
    address.narrowed()


def _remove_extra(extra: Extra) -> None:
    remove_extra(extra)
    address.narrowed()


def _drop(name: str) -> None:
    drop_filter(name)
    address.narrowed()


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


@st.cache_data(show_spinner=False, max_entries=16)
def _shrunk(data: bytes) -> bytes | None:
    """A small JPEG of a picture that came from outside; None if it cannot be read (the search says why)."""
    from indexer.loaders import open_picture

    try:
        image = open_picture(data, at_least=_SIDE)
    except SkybridgeError:
        return None
    image.thumbnail((_SIDE, _SIDE))
    written = io.BytesIO()
    image.save(written, "JPEG", quality=85)
    return written.getvalue()
