"""Ask a library in words or with a picture."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.engine import SearchLibrary, open_library
    from search.facets import Facet
    from search.filters import Filters
    from search.hits import Hit, Reason
    from search.query import Query, Term

__all__ = ["Facet", "Filters", "Hit", "Query", "Reason", "SearchLibrary", "Term", "open_library"]

_HOMES = {
    "Facet": "search.facets",
    "Filters": "search.filters",
    "Hit": "search.hits",
    "Query": "search.query",
    "Reason": "search.hits",
    "SearchLibrary": "search.engine",
    "Term": "search.query",
    "open_library": "search.engine",
}


def __getattr__(name: str) -> object:
    """Names are imported when first used, so that `import search` is instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'search' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
