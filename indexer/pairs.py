"""Pairs out of a collection: what its files say of themselves is what somebody might ask for.

A picture answers to its title, its description, each of its keywords and its file name; a passage to the title, keywords
and file name of its document. What more than a few files share ("holiday", a camera's own title) says too little of each
and is left out, by name.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from encoders.training.near_duplicates import normal_text
from encoders.training.pairs import Content, Pair, PairSet, Refused
from encoders.training.picture_check import PICTURE_EXTENSIONS
from indexer.items import Payload
from indexer.library import Library
from indexer.names import readable_name
from indexer.paths import to_path
from indexer.store.base import StoredItem
from indexer.text import clean_line

__all__ = ["MOST_FILES", "LibraryQuery", "item_content", "item_queries", "library_pairs", "library_queries"]

MOST_FILES = 20
"""A query that more files than this answer to is left out."""


@dataclass(frozen=True)
class LibraryQuery:
    """A query that a collection's own files suggest, and every item that answers it."""

    text: str  # as the first of them writes it
    origin: str  # "title", "caption", "keyword" or "name"
    items: tuple[str, ...]  # ids, sorted
    files: int  # different contents among them


def item_queries(payload: Payload) -> Iterator[tuple[str, str]]:
    """(origin, text) of each query that the item answers to, each text once.

    >>> list(item_queries({"kind": "image", "names": ["IMG_1.jpg", "red-fox.jpg"], "keywords": ["snow"]}))
    [('keyword', 'snow'), ('name', 'red fox')]
    """
    candidates = [("title", payload.get("title"))]
    if payload.get("kind") == "image":
        candidates.append(("caption", payload.get("text")))
    candidates += [("keyword", word) for word in payload.get("keywords") or ()]
    candidates += [("name", readable_name(name)) for name in payload.get("names") or ()]
    seen = set()
    for origin, text in candidates:
        line = clean_line(text)
        if line and normal_text(line) not in seen:
            seen.add(normal_text(line))
            yield origin, line


def library_queries(library: Library, most_files: int = MOST_FILES) -> tuple[list[LibraryQuery], list[Refused]]:
    """Every query the collection suggests, by text, and those that too many files share.

    Queries that differ in case, blanks and punctuation only are one. Raises LibraryError without such a collection.
    """
    library.require_existing()
    texts: dict[str, tuple[str, str]] = {}
    items: dict[str, set[str]] = {}
    files: dict[str, set[str]] = {}
    for item in library.store.scan():
        for origin, text in item_queries(item.payload):
            key = normal_text(text)
            texts.setdefault(key, (text, origin))
            items.setdefault(key, set()).add(item.id)
            files.setdefault(key, set()).add(_file_of(item))
    queries, refused = [], []
    for key in sorted(texts):
        text, origin = texts[key]
        if len(files[key]) <= most_files:
            queries.append(LibraryQuery(text, origin, tuple(sorted(items[key])), len(files[key])))
        else:
            refused.append(Refused(f"the {origin} {text!r}", f"{len(files[key]):,} files share it, more than {most_files}"))
    return queries, refused


def library_pairs(library: Library, most_files: int = MOST_FILES) -> PairSet:
    """A collection as training data: each item with each query it answers to.

    Passages of one file share a group; near-duplicate pictures do after `group_near_duplicates`. Files that are gone, and
    pictures of kinds that training does not read, are named in `refused`. Raises LibraryError without such a collection.
    """
    queries, refused = library_queries(library, most_files)
    asked = {normal_text(query.text) for query in queries}
    pairs = []
    for item in library.store.scan():
        texts = [text for _, text in item_queries(item.payload) if normal_text(text) in asked]
        if not texts:
            continue
        content = item_content(item.payload)
        if isinstance(content, Refused):
            refused.append(content)
            continue
        group = _file_of(item) if isinstance(content, str) else ""
        pairs += [Pair(text, content, item.id, group=group) for text in texts]
    return PairSet(f"collection {library.collection}", tuple(pairs), tuple(refused))


def item_content(payload: Payload) -> Content | Refused:
    """What a tower is trained on for this item: the passage's text, or the picture's file; Refused when there is none now."""
    paths = payload.get("paths") or ["an item without a path"]
    if payload.get("modality") != "image":
        text = payload.get("text") or ""
        return text if text.strip() else Refused(paths[0], "its passage has no text")
    path = next((each for each in map(to_path, paths) if each.is_file()), None)
    if path is None:
        return Refused(paths[0], "the file is not there any more; bring the collection up to date: python -m indexer add")
    if path.suffix.lower() not in PICTURE_EXTENSIONS:
        return Refused(str(path), f"training does not read pictures of the kind {path.suffix or 'without an extension'}")
    return Path(path)


def _file_of(item: StoredItem) -> str:
    return str(item.payload.get("content") or item.id)
