"""What a person calls a camera, a town or a keyword -> how the collection spells it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from encoders.errors import LibraryError
from indexer.schema import FIELDS
from indexer.store.base import Store
from search.filters import Filters

__all__ = ["completed", "fitting"]

_MOST_VALUES = 10_000  # looked at, the most frequent first
_KEYS = {"camera": "camera", "town": "town", "keyword": "keywords"}  # filter -> field of the payload
_WORD = re.compile(r"\w+")


def completed(filters: Filters, store: Store) -> Filters:
    """The filters with the values that this collection holds in place of those that were asked for: "nikon" -> "NIKON D750".

    One that is spelled the same but for case stands for itself alone, else all those that hold its words do. `without_words`
    takes in the keywords that hold them. Asks the store only where one of these filters is set. Raises LibraryError with some
    of the values there are where none fits, for then nothing can be found.
    """
    changes: dict[str, Any] = {}
    for name, key in _KEYS.items():
        if asked := getattr(filters, name):
            known = _known(store, key)
            found = tuple(value for each in asked for value in fitting(each, known))
            if not found:
                raise LibraryError(_none_fits(name, asked, known))
            changes[name] = found
    unwanted = filters.without_keyword or ()
    if unwanted or filters.without_words:
        known = _known(store, "keywords")
        named = [value for each in unwanted for value in fitting(each, known)]
        holding = [value for each in filters.without_words or () for value in known if _words(each) <= _words(value)]
        changes["without_keyword"] = (*unwanted, *named, *holding)
    return replace(filters, **changes) if changes else filters


def fitting(asked: str, known: Iterable[str]) -> list[str]:
    """Those of the known values that the asked one stands for.

    >>> fitting("nikon", ["NIKON D750", "Canon EOS R5"]), fitting("cat", ["black cat", "Cat"])
    (['NIKON D750'], ['Cat'])
    """
    same = [value for value in known if value.casefold() == asked.casefold()]
    return same or [value for value in known if _words(asked) <= _words(value)]


def _known(store: Store, key: str) -> Mapping[str, int]:
    there = any(field.name == key for field in FIELDS)
    return dict(store.facet(key, limit=_MOST_VALUES)) if there else {}


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _none_fits(name: str, asked: Iterable[str], known: Mapping[str, int]) -> str:
    first = f"nothing in this collection has the {name} {' or '.join(map(repr, asked))}."
    return f"{first} Some that there are: {', '.join(list(known)[:5])}." if known else f"{first} Nothing in it has any."
