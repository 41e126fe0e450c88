"""The payload of an item: every field, its type, and whether the store indexes it for filters.

Times are RFC 3339 strings in UTC with second resolution ("2023-05-01T12:00:00Z"). Paths are text by
`indexer.paths.to_text`, absolute, POSIX slashes.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["FIELDS", "Field", "FieldType"]

FieldType = Literal["keyword", "integer", "float", "datetime", "geo", "text"]


@dataclass(frozen=True)
class Field:
    """One payload field."""

    name: str
    type: FieldType
    indexed: bool
    about: str


FIELDS: tuple[Field, ...] = (
    Field("kind", "keyword", True, "image or document"),
    Field("modality", "keyword", True, "which candidate tower made the vector: image or text"),
    Field("content", "keyword", False, "hex SHA-256 of the file's bytes"),
    Field("part", "keyword", False, "which part of the file this item is"),
    Field("paths", "keyword", False, "every place where these bytes lie"),
    Field("folders", "keyword", True, "every folder above any of the paths, so that `under` is one match"),
    Field("names", "text", True, "file names without folders"),
    Field("extension", "keyword", True, "lower case, no dot; of the first path"),
    Field("bytes", "integer", True, "size of the file"),
    Field("modified", "datetime", True, "when the file was last changed"),
    Field("taken", "datetime", True, "when the camera took it, by EXIF"),
    Field("date", "datetime", True, "taken where known, else modified: what `since` and `until` ask"),
    Field("width", "integer", True, "pixels, upright"),
    Field("height", "integer", True, "pixels, upright"),
    Field("orientation", "keyword", True, "landscape, portrait or square, within 5%; upright"),
    Field("phash", "keyword", False, "16 hex digits of indexer.phash; none for a picture of one colour"),
    Field("tint", "integer", False, "how much redder and how much bluer than green, in levels: indexer.phash; beside a hash"),
    Field("camera", "keyword", True, "make and model"),
    Field("place", "geo", True, "{lat, lon} in degrees, by EXIF GPS"),
    Field("town", "keyword", True, "nearest to the place, by indexer.towns"),
    Field("title", "text", True, "of the document, or the picture's own title"),
    Field("keywords", "keyword", True, "the picture's or document's own keywords"),
    Field("page", "integer", True, "1-based page, slide or sheet of a passage"),
    Field("text", "text", False, "the passage itself"),
    Field("ocr", "text", True, "words inside the picture, one line each; filled in later, by indexer.ocr_run"),
    Field("indexed_at", "datetime", False, "when this item was written"),
)
