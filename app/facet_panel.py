"""Counts beside the results: how many items of each kind, folder, year ... pass the filters. A click narrows."""

import streamlit as st

from app.address import Question, narrowed
from app.narrowing import take_facet
from app.plain import as_label
from search import Facet
from search.facets import Value

__all__ = ["facet_list"]

_FIRST = 5  # values that are shown at once
_CHOSEN_BY = {"folder": "under", "year": "dates", "size": "min_bytes"}  # facet -> its filter, where they are called otherwise
_HELP = "Counted over everything that passes the filters, not only over the hits shown."


def facet_list(facets: tuple[Facet, ...], question: Question, place: str) -> None:
    """Draw those that can narrow: not the filters in force, and none whose only value everything has."""
    useful = [facet for facet in facets if _narrows(facet, question)]
    if not useful:
        return
    st.markdown("**Narrow down**", help=_HELP)
    for facet in useful:
        with st.container(key=f"facet-{place}-{facet.name}", gap=None):
            st.html(f'<p class="sb-facet">{facet.label}</p>')
            for value in facet.values[:_FIRST]:
                _button(facet, value, place)
            if rest := facet.values[_FIRST:]:
                with st.expander(f"{len(rest)} more", type="compact", key=f"facet-rest-{place}-{facet.name}"):
                    for value in rest:
                        _button(facet, value, place)


def _narrows(facet: Facet, question: Question) -> bool:
    name = _CHOSEN_BY.get(facet.name, facet.name)
    if name == "under":
        return len(facet.values) > 0 and [value.value for value in facet.values] != [question.under]
    return name not in question.said and len(facet.values) > 1


def _button(facet: Facet, value: Value, place: str) -> None:
    st.button(
        f"{as_label(value.label)} :gray[{value.count:,}]",
        key=f"facet-{place}-{facet.name}-{value.value}",
        type="tertiary",
        on_click=_narrow,
        args=(facet.name, value.value),
    )


def _narrow(name: str, value: str) -> None:
    take_facet(name, value)
    narrowed()
