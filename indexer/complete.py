"""Give items of earlier versions the fields that came since: no file is read and nothing is encoded again.

A picture's perceptual hash and tint are those of its thumbnail, which is kept; its orientation follows from its size, its
town from its place, composed names from its names. Which collections are complete is a fact of the ledger; where it is
missing, every item is looked at once. Whoever is stopped or killed begins anew, and finds what was written done.
"""

import io
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from indexer.index_due import note_due
from indexer.items import Payload
from indexer.ledger import Ledger
from indexer.metadata import orientation
from indexer.phash import mean_tint, perceptual_hash
from indexer.spaces import Space
from indexer.store.base import FORMAT, StoredItem
from indexer.telling import Teller
from indexer.thumbnail_store import ThumbnailStore
from indexer.towns import nearest_town

__all__ = ["complete_items", "missing_fields"]

_FIELDS = "1"
"""Raise it when items get a field that `missing_fields` can find out afterwards."""

_PAGE = 256  # items looked at together


def complete_items(ledger: Ledger, space: Space, thumbnails: ThumbnailStore, teller: Teller) -> int:
    """Complete every item of a space; returns how many lacked something. Raises Stopped when somebody asks for it."""
    fact = f"fields of space {space.name or 1}"
    if ledger.fact(fact) == _FIELDS:
        return 0
    found = 0
    if space.manifest is not None:
        space.store.create(replace(space.manifest, version=FORMAT))  # with an index for each field
        total = space.store.count()
        teller.tell(state="indexing", done=0, total=total, message="Completing what was indexed earlier", force=True)
        for done, page in _pages(space.store.scan(page=_PAGE)):
            changes = [(item.id, fields) for item in page if (fields := missing_fields(item.payload, thumbnails.get))]
            if changes and not found:
                note_due(ledger)
            for item, fields in changes:
                space.store.set_payload([item], fields)
            found += len(changes)
            teller.did(done=done)
            teller.tell()
            if teller.paused:
                space.store.close()  # so that others have it
                teller.pause()
        space.store.flush()
    ledger.set_fact(fact, _FIELDS)
    return found


def missing_fields(payload: Payload, thumbnail: Callable[[str], bytes | None]) -> Payload:
    """What an item lacks as far as it can be found out. `thumbnail`: content hash -> a picture file.

    >>> missing_fields({"kind": "image", "content": "c", "width": 1500, "height": 1000, "names": ["a.png"]}, lambda _: None)
    {'orientation': 'landscape'}
    """
    found: dict[str, Any] = {}
    names = [unicodedata.normalize("NFC", name) for name in payload.get("names") or ()]
    if names != (payload.get("names") or []):
        found["names"] = names
    if payload.get("kind") != "image":
        return found
    if "orientation" not in payload and payload.get("width") and payload.get("height"):
        found["orientation"] = orientation(payload["width"], payload["height"])
    if "town" not in payload and (place := payload.get("place")) and (town := nearest_town(place["lat"], place["lon"])):
        found["town"] = town
    if "tint" not in payload and (small := thumbnail(payload["content"])):
        found |= _looks(small)
    return found


def _looks(thumbnail: bytes) -> Payload:
    """Hash and tint; nothing for a thumbnail that is damaged: it must not keep a run from its files."""
    from PIL import Image

    try:
        picture = Image.open(io.BytesIO(thumbnail)).convert("RGB")
    except OSError:
        return {}
    phash = perceptual_hash(picture)
    return {"phash": phash, "tint": mean_tint(picture)} if phash else {}


def _pages(items: Iterator[StoredItem]) -> Iterator[tuple[int, list[StoredItem]]]:
    """How many there were with this page, and the page."""
    done = 0
    while page := list(islice(items, _PAGE)):
        done += len(page)
        yield done, page
