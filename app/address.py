"""The question as it stands in the address bar, so that a copied address shows the same hits.

`q`, `under`, `since`, `until` and `collection` are bound to their widgets by Streamlit. Everything else is read from the
address and written to it here and in `app.extras` and `app.narrowing`: other terms, other filters, `like` (the hit to find
similar ones for), `kind`, how the list is arranged, and `page`.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_args

import streamlit as st

from app.extras import Extra, add_extra, read_extras, write_extras
from app.narrowing import ALONE, KINDS, name_filters, read_filters, widen_all
from search.arrange import Arrangement, Group, Sort
from search.filters import Filters
from search.query import Query, Term

__all__ = [
    "PAGE_SIZE",
    "PICTURE",
    "Question",
    "arrange_by",
    "ask",
    "clear_picture",
    "first_page",
    "less_like",
    "more",
    "more_like",
    "narrowed",
    "no_terms",
    "read",
    "similar_to",
    "weigh_picture",
    "widen",
]

PAGE_SIZE = 24
_MOST_PAGES = 40
PICTURE = "picture"
"""Where the session keeps the picture that is asked with: (name, bytes of the file). Not in the address: it is a file."""
_PICTURE_WEIGHT = "picture_weight"
_SAMENESS = {"some": 0.3, "much": 0.6}
"""How much the hits differ, in the address -> the diversity of the search."""


@dataclass(frozen=True)
class Question:
    """What is asked now."""

    text: str
    like: str | None
    picture: tuple[str, bytes] | None
    kind: str | None
    under: str | None
    since: date | None
    until: date | None
    page: int  # 1 shows the first PAGE_SIZE hits, 2 twice as many
    extras: tuple[Extra, ...] = ()
    picture_weight: float = 1.0  # negative: not like it
    others: Mapping[str, Any] = field(default_factory=dict)  # filters besides, by their names in the address
    arrange: Arrangement = field(default_factory=Arrangement)

    @property
    def asked(self) -> bool:
        """There is something to look for."""
        return bool(self.text or self.like or self.picture or self.extras)

    @property
    def filtered(self) -> bool:
        """A filter narrows the answer."""
        return bool(self.said)

    @property
    def said(self) -> dict[str, str]:
        """The filters in force, in words, by their names in the address."""
        return name_filters(self.kind, self.under, self.since, self.until, self.others)

    def filters(self) -> Filters:
        """Raises LibraryError for filters that make no sense."""
        others = {ALONE[name]: value for name, value in self.others.items()}
        return Filters(self.kind, self.under, self.since, self.until, **others)  # type: ignore[arg-type]  # checked there

    def query(self, limit: int) -> Query:
        """As the search takes it. Raises InputError for a question that cannot be answered, LibraryError for its filters."""
        terms = [Term(text=self.text)] if self.text else []
        terms += [Term(image=self.picture[1], weight=self.picture_weight)] if self.picture else []
        terms += [Term(item=self.like)] if self.like else []
        terms += [extra.term for extra in self.extras]
        return Query(tuple(terms), self.filters(), limit, arrange=self.arrange)


def read() -> Question:
    """The question of this run, from widgets and address."""
    state = st.session_state
    kind = st.query_params.get("kind")
    return Question(
        text=(state.get("q") or "").strip(),
        like=_like(),
        picture=state.get(PICTURE),
        kind=kind if kind in KINDS else None,
        under=state.get("under"),
        since=state.get("since"),
        until=state.get("until"),
        page=_page(),
        extras=read_extras(),
        picture_weight=state.get(_PICTURE_WEIGHT, 1.0),
        others=read_filters(),
        arrange=_arrangement(),
    )


def _like() -> str | None:
    """The id in the address, if it can be one."""
    try:
        return str(uuid.UUID(st.query_params.get("like", "")))
    except ValueError:
        return None


def _page() -> int:
    text = st.query_params.get("page", "1")
    return min(max(int(text), 1), _MOST_PAGES) if text.isascii() and text.isdigit() and len(text) < 4 else 1


def _arrangement() -> Arrangement:
    """How the address wants the list; words that mean nothing are passed over."""
    group, sort = st.query_params.get("group"), st.query_params.get("sort")
    return Arrangement(
        stack=st.query_params.get("stack") != "no",
        group=group if group in get_args(Group) else None,  # type: ignore[arg-type]  # one of them
        diversity=_SAMENESS.get(st.query_params.get("diverse", ""), 0.0),
        sort=sort if sort in get_args(Sort) else "relevance",  # type: ignore[arg-type]  # one of them
    )


def arrange_by(name: str, value: str | None) -> None:
    """Put one word of how the list is arranged into the address, or take it away."""
    if value:
        st.query_params[name] = value
    elif name in st.query_params:
        del st.query_params[name]
    narrowed()


def first_page() -> None:
    """Another question begins at its best hits, and typed words replace "similar to"."""
    for name in ("page", "like"):
        if name in st.query_params:
            del st.query_params[name]


def narrowed() -> None:
    """Another filter keeps what is asked, and begins at the best hits."""
    if "page" in st.query_params:
        del st.query_params["page"]


def more() -> None:
    """Show one page more."""
    st.query_params["page"] = str(_page() + 1)


def similar_to(item: str) -> None:
    """Ask for hits like this one, and for nothing else."""
    st.session_state["q"] = ""
    clear_picture()
    write_extras(())
    narrowed()
    st.query_params["like"] = item


def more_like(item: str) -> None:
    """Add a hit to what is asked: the answer should be like it, too."""
    add_extra(Extra("hit", item))
    narrowed()


def less_like(item: str) -> None:
    """Add a hit to what is asked: the answer should not be like it."""
    add_extra(Extra("hit", item, wanted=False))
    narrowed()


def ask(text: str) -> Callable[[], None]:
    """What a click on an example does."""

    def click() -> None:
        no_terms()
        st.session_state["q"] = text

    return click


def no_terms() -> None:
    """Forget all that is asked besides the typed words."""
    clear_picture()
    write_extras(())
    first_page()


def clear_picture() -> None:
    """Forget the picture that is asked with."""
    st.session_state.pop(PICTURE, None)
    st.session_state.pop(_PICTURE_WEIGHT, None)
    st.session_state["upload"] = st.session_state.get("upload", 0) + 1  # another key empties the file chooser


def weigh_picture(weight: float) -> None:
    """Weigh the picture that is asked with; below 0, the answer should not be like it."""
    st.session_state[_PICTURE_WEIGHT] = weight
    narrowed()


def widen() -> None:
    """Take all filters away."""
    widen_all()
    narrowed()
