"""The question as it stands in the address bar, so that a copied address shows the same hits.

`q`, `under`, `since`, `until` and `collection` are bound to their widgets by Streamlit; `kind`, `like` (the
hit to find similar ones for) and `page` are kept here.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import streamlit as st

__all__ = [
    "PAGE_SIZE",
    "PICTURE",
    "Question",
    "ask",
    "clear_picture",
    "first_page",
    "more",
    "narrowed",
    "read",
    "show_kind",
    "similar_to",
    "widen",
]

PAGE_SIZE = 24
_MOST_PAGES = 40
PICTURE = "picture"
"""Where the session keeps the picture that is asked with: (name, bytes of the file). Not in the address: it is a file."""


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

    @property
    def asked(self) -> bool:
        """There is something to look for."""
        return bool(self.text or self.like or self.picture)

    @property
    def filtered(self) -> bool:
        """A filter narrows the answer."""
        return any((self.kind, self.under, self.since, self.until))


def read() -> Question:
    """The question of this run, from widgets and address."""
    state = st.session_state
    return Question(
        text=(state.get("q") or "").strip(),
        like=_like(),
        picture=state.get(PICTURE),
        kind=state.get("kind"),
        under=state.get("under"),
        since=state.get("since"),
        until=state.get("until"),
        page=_page(),
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
    narrowed()
    st.query_params["like"] = item


def ask(text: str) -> Callable[[], None]:
    """What a click on an example does."""

    def click() -> None:
        clear_picture()
        first_page()
        st.session_state["q"] = text

    return click


def clear_picture() -> None:
    """Forget the picture that is asked with."""
    st.session_state.pop(PICTURE, None)
    st.session_state["upload"] = st.session_state.get("upload", 0) + 1  # another key empties the file chooser


def widen() -> None:
    """Take all filters away."""
    for name in ("kind", "under", "since", "until"):
        st.session_state[name] = None
    show_kind()
    narrowed()


def show_kind() -> None:
    """Put the chosen kind into the address."""
    if st.session_state.get("kind"):
        st.query_params["kind"] = st.session_state["kind"]
    elif "kind" in st.query_params:
        del st.query_params["kind"]
