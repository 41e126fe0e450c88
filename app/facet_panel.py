"""Counts beside the results: how many items of each kind, folder, year ... pass the filters. A click narrows."""

from functools import partial

import streamlit as st

from app.address import Question, narrowed
from app.markup import button, show_list
from app.narrowing import take_facet
from app.plain import as_html
from search import Facet

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
    acts = {facet.name: partial(_narrow, facet.name) for facet in useful}
    show_list(f"facets-{place}", "sb-facets", [_element(facet) for facet in useful], acts)


def _element(facet: Facet) -> str:
    values = [
        button(facet.name, one.value, f"{as_html(one.label)} <small>{one.count:,}</small>", css="sb-value")
        for one in facet.values
    ]
    first, rest = "".join(values[:_FIRST]), "".join(values[_FIRST:])
    more = f"<details><summary>{len(values) - _FIRST} more</summary>{rest}</details>" if rest else ""
    return f'<section aria-label="{facet.label}"><h3>{facet.label}</h3>{first}{more}</section>'


def _narrows(facet: Facet, question: Question) -> bool:
    name = _CHOSEN_BY.get(facet.name, facet.name)
    if name == "under":
        return len(facet.values) > 0 and [value.value for value in facet.values] != [question.under]
    return name not in question.said and len(facet.values) > 1


def _narrow(name: str, value: str) -> None:
    take_facet(name, value)
    narrowed()
