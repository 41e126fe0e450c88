"""How the list is arranged: order, groups, variety, stacks. All of it in the address."""

import streamlit as st

from app.address import arrange_by

__all__ = ["arrange_panel"]

_CHOICES: dict[str, tuple[str, dict[str, str], str]] = {
    "sort": (
        "Order",
        {"": "Best first", "newest": "Newest", "oldest": "Oldest"},
        "By date, what fits comes first, then the rest by relevance.",
    ),
    "group": (
        "Together",
        {"": "No groups", "folder": "Folder", "day": "Day", "document": "Document"},
        "Groups stand in the order of their best hit.",
    ),
    "diverse": (
        "Variety",
        {"": "As it is", "some": "Some", "much": "Much"},
        "Hits that are unlike those before them move up.",
    ),
    "stack": (
        "Copies and pages",
        {"": "Stacked", "no": "One by one"},
        "Copies of a picture and further pages of a document lie under the best of them.",
    ),
}


def arrange_panel() -> None:
    """Draw the choices; each is put into the address."""
    for name, (label, choices, more) in _CHOICES.items():
        key = f"arrange_{name}"
        asked = st.query_params.get(name, "")
        st.session_state[key] = asked if asked in choices else ""
        st.segmented_control(
            label,
            list(choices),
            key=key,
            format_func=choices.__getitem__,
            help=more,
            required=True,
            on_change=_taken,
            args=(name, key),
        )


def _taken(name: str, key: str) -> None:
    arrange_by(name, st.session_state.get(key))
