"""The nouns of indexing: a source on disk, the items it yields, and how an item gets its id."""

import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from encoders.picture import Pixels

__all__ = ["Kind", "LoadedItem", "LoadedSource", "Modality", "Payload", "Source", "item_id"]

Kind = Literal["image", "document"]
"""What a person would call the file."""

Modality = Literal["image", "text"]
"""Which candidate tower takes the item."""

Payload = dict[str, Any]
"""Field name -> value, the fields of indexer/schema.py."""

_NAMESPACE = uuid.UUID("6f2e7a52-3d0c-5d5c-9b39-6a1f0b6c7d11")


@dataclass(frozen=True)
class Source:
    """A file as the scan saw it: enough to tell whether it changed, without reading it."""

    path: Path  # absolute, not resolved: the name the person gave
    size: int  # bytes
    modified_ns: int  # mtime, nanoseconds since the epoch
    changed_ns: int  # ctime: moves when content changes even if a tool puts the mtime back


@dataclass(frozen=True)
class LoadedItem:
    """One candidate, ready for its tower."""

    part: str  # unique inside its source and stable: "picture", "passage-0", "passage-1"
    modality: Modality
    content: Pixels | str  # (size, size, 3) uint8 for a picture, text for a passage
    payload: Payload = field(default_factory=dict)  # fields of this item alone: page, text, ...


@dataclass(frozen=True)
class LoadedSource:
    """What a loader makes of one file."""

    content_hash: str  # hex SHA-256 of the file's bytes
    kind: Kind
    payload: Payload  # fields that all its items share: kind, extension, bytes, taken, width, title, ...
    items: tuple[LoadedItem, ...]  # may be empty only if the loader raised; a file without content is a FileError
    thumbnail: bytes | None = None  # JPEG, for pictures


def item_id(content_hash: str, part: str) -> str:
    """Id of an item: UUIDv5 of the file's content hash and the part.

    The same bytes at two paths are one item, and a second run gives the same ids.

    >>> item_id("00" * 32, "picture") == item_id("00" * 32, "picture")
    True
    """
    return str(uuid.uuid5(_NAMESPACE, f"{content_hash}/{part}"))
