"""What files say about themselves: times, camera, place, titles and keywords, as payload fields."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from indexer.items import Payload

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["file_fields", "picture_fields", "rfc3339"]


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch -> "2023-05-01T12:00:00Z"; what no calendar holds becomes the epoch.

    >>> rfc3339(0.9)
    '1970-01-01T00:00:00Z'
    """
    try:
        moment = datetime.fromtimestamp(seconds // 1, UTC)
    except (OverflowError, OSError, ValueError):
        moment = datetime.fromtimestamp(0, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def file_fields(extension: str, size: int, modified: float, taken: str | None = None) -> Payload:
    """Fields that every file has."""
    when = rfc3339(modified)
    return {"extension": extension, "bytes": size, "modified": when, "date": taken or when}


def picture_fields(image: "Image.Image") -> Payload:
    """Fields that a picture's own metadata tells; a broken tag is left out, never an error."""
    fields: dict[str, Any] = {}
    return fields
