"""What files say about themselves: times, camera, place, titles and keywords, as payload fields.

A broken tag is left out; it never costs the picture. Cameras write local time, mostly without saying which: a time
without an offset is taken as UTC, so it may be off by the zone's hours.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from indexer.items import Payload
from indexer.text import clean_line
from indexer.towns import nearest_town

if TYPE_CHECKING:
    from PIL import Image, ImageFile

__all__ = ["camera_name", "degrees", "file_fields", "orientation", "picture_fields", "rfc3339", "taken_time"]

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
_MAKE, _MODEL, _DESCRIPTION = 0x010F, 0x0110, 0x010E
_XP_TITLE, _XP_COMMENT, _XP_KEYWORDS = 0x9C9B, 0x9C9C, 0x9C9E
_ORIGINAL, _DIGITIZED, _OFFSET_ORIGINAL, _OFFSET = 0x9003, 0x9004, 0x9011, 0x9010
_IPTC_TITLE, _IPTC_HEADLINE, _IPTC_KEYWORDS, _IPTC_CAPTION, _IPTC_CHARSET = (
    (2, 5),
    (2, 105),
    (2, 25),
    (2, 120),
    (1, 90),
)
_MOST_KEYWORDS = 64
_LONGEST_DESCRIPTION = 2000  # characters
_SQUARE = 1.05  # longer by shorter side, at most
_FILLER = re.compile(  # what cameras write into the description of every picture
    r"^(olympus digital camera|sony dsc|dcim\S*|konica minolta .*|samsung (digital )?camera.*|minolta digital camera"
    r"|kodak digital still camera|exif_jpeg_\S*|oznor\w*|untitled|default|created with gimp|screenshot|ascii)$",
    re.IGNORECASE,
)


def rfc3339(seconds: float) -> str:
    """Seconds since the epoch -> "2023-05-01T12:00:00Z"; what no calendar holds becomes the epoch.

    >>> rfc3339(0.9)
    '1970-01-01T00:00:00Z'
    """
    try:
        return _text_of(datetime.fromtimestamp(seconds // 1, UTC))
    except (OverflowError, OSError, ValueError):
        return "1970-01-01T00:00:00Z"


def file_fields(extension: str, size: int, modified: float, taken: str | None = None) -> Payload:
    """Fields that every file has; `modified` in seconds since the epoch."""
    when = rfc3339(modified)
    return {"extension": extension, "bytes": size, "modified": when, "date": taken or when}


def picture_fields(image: "Image.Image") -> Payload:
    """taken, camera, place, town, title, keywords and text (a description) of an opened picture, those that it has.

    Each is looked for in EXIF, XMP, IPTC and PNG text, in this order of trust: XMP and IPTC are written by people,
    EXIF by cameras.
    """
    exif: Mapping[int, Any] = _attempt(image.getexif, {})
    inner: Mapping[int, Any] = _attempt(lambda: exif.get_ifd(_EXIF_IFD), {})  # type: ignore[attr-defined]
    gps: Mapping[int, Any] = _attempt(lambda: exif.get_ifd(_GPS_IFD), {})  # type: ignore[attr-defined]
    xmp: Mapping[str, list[str]] = _attempt(lambda: _xmp_fields(image), {})
    iptc: Mapping[tuple[int, int], list[str]] = _attempt(lambda: _iptc_fields(image), {})
    text: Mapping[str, Any] = {k.lower(): v for k, v in image.info.items() if isinstance(k, str)}
    offset = inner.get(_OFFSET_ORIGINAL) or inner.get(_OFFSET)
    place: Mapping[str, float] | None = _attempt(lambda: _place(gps), None)
    found = {
        "taken": _attempt(lambda: taken_time(inner.get(_ORIGINAL) or inner.get(_DIGITIZED), offset), None),
        "camera": _attempt(lambda: camera_name(exif.get(_MAKE), exif.get(_MODEL)), None),
        "place": place,
        "town": _attempt(lambda: nearest_town(place["lat"], place["lon"]), None) if place else None,
        "title": _first(
            *xmp.get("title", ()),
            *iptc.get(_IPTC_TITLE, ()),
            *iptc.get(_IPTC_HEADLINE, ()),
            _wide(exif.get(_XP_TITLE)),
            text.get("title"),
        ),
        "keywords": _keywords(xmp.get("subject", ()), iptc.get(_IPTC_KEYWORDS, ()), exif, text),
        "text": _first(
            *xmp.get("description", ()),
            *iptc.get(_IPTC_CAPTION, ()),
            exif.get(_DESCRIPTION),
            _wide(exif.get(_XP_COMMENT)),
            text.get("description"),
            longest=_LONGEST_DESCRIPTION,
        ),
    }
    return {name: value for name, value in found.items() if value}


def orientation(width: int, height: int) -> str:
    """landscape, portrait or square, which may be off by 5%.

    >>> orientation(1500, 1000), orientation(1080, 1920), orientation(1000, 1040)
    ('landscape', 'portrait', 'square')
    """
    if max(width, height) <= _SQUARE * min(width, height):
        return "square"
    return "landscape" if width > height else "portrait"


def taken_time(original: Any, offset: Any = None) -> str | None:
    """EXIF "2023:05:01 14:00:00" and "+02:00" -> RFC 3339 in UTC; without an offset the time counts as UTC.

    >>> taken_time("2023:05:01 14:00:00", "+02:00"), taken_time("0000:00:00 00:00:00")
    ('2023-05-01T12:00:00Z', None)
    """
    digits = re.match(r"\s*(\d{4})\D(\d\d?)\D(\d\d?)[T ]+(\d\d?):(\d\d?)(?::(\d\d?))?", _string(original))
    if not digits:
        return None
    zone = _string(offset).strip()
    try:
        moment = datetime(*(int(part or 0) for part in digits.groups()))  # type: ignore[arg-type]  # six integers
        if re.fullmatch(r"[+-]\d\d:\d\d|Z", zone):
            moment = datetime.fromisoformat(moment.isoformat() + zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _text_of(moment) if 1826 <= moment.year <= 2200 else None  # 1826: the oldest photograph there is


def camera_name(make: Any, model: Any) -> str | None:
    """Make and model without saying the make twice.

    >>> camera_name("NIKON CORPORATION", "NIKON D750"), camera_name("Canon", "Canon EOS R5"), camera_name("Apple", "iPhone 15")
    ('NIKON D750', 'Canon EOS R5', 'Apple iPhone 15')
    """
    maker, type_ = clean_line(_string(make)) or "", clean_line(_string(model)) or ""
    if not type_:
        return maker or None
    brand = maker.split()[0] if maker else ""
    return type_ if not brand or type_.lower().startswith(brand.lower()) else f"{maker} {type_}"


def degrees(parts: Any, reference: Any) -> float | None:
    """EXIF degrees, minutes, seconds and N/S/E/W -> decimal degrees; None for what makes no sense.

    >>> degrees((52, 30, 0), "N"), degrees((13, 22, 30.0), "W")
    (52.5, -13.375)
    """
    try:
        values = [float(part) for part in parts]
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    letter = _string(reference).strip().upper()[:1]
    if not values or len(values) > 3 or letter not in tuple("NSEW") or not all(math.isfinite(v) for v in values):
        return None
    total = sum(abs(value) / 60**power for power, value in enumerate(values))
    if total > (90 if letter in "NS" else 180):
        return None
    return round(-total if letter in "SW" else total, 7)


def _place(gps: Mapping[int, Any]) -> dict[str, float] | None:
    latitude, longitude = degrees(gps.get(2), gps.get(1)), degrees(gps.get(4), gps.get(3))
    if latitude is None or longitude is None or (latitude, longitude) == (0.0, 0.0):
        return None  # 0, 0 is what receivers write before they know
    return {"lat": latitude, "lon": longitude}


def _xmp_fields(image: "Image.Image") -> dict[str, list[str]]:
    """dc:title, dc:description and dc:subject."""
    found: dict[str, list[str]] = {}
    stack: list[Any] = [image.getxmp()]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            for name in ("title", "description", "subject"):
                found.setdefault(name, []).extend(_leaves(node.get(name)))
            stack.extend(node.values())
        elif isinstance(node, list):
            stack.extend(node)
    return found


def _leaves(node: Any) -> Iterator[str]:
    """Texts of an rdf:Alt, rdf:Bag or plain value as Pillow parses them."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for child in node:
            yield from _leaves(child)
    elif isinstance(node, dict):
        for key in ("Alt", "Bag", "Seq", "li", "text"):
            yield from _leaves(node.get(key))


def _iptc_fields(image: "Image.Image") -> dict[tuple[int, int], list[str]]:
    from PIL import IptcImagePlugin

    info: Mapping[tuple[int, int], Any] = IptcImagePlugin.getiptcinfo(cast("ImageFile.ImageFile", image)) or {}
    utf8 = info.get(_IPTC_CHARSET) == b"\x1b%G"
    found = {}
    for key in (_IPTC_TITLE, _IPTC_HEADLINE, _IPTC_KEYWORDS, _IPTC_CAPTION):
        values = info.get(key, ())
        found[key] = [_string(v, "utf-8" if utf8 else None) for v in (values if isinstance(values, list) else [values]) if v]
    return found


def _keywords(xmp: Iterable[str], iptc: Iterable[str], exif: Mapping[int, Any], text: Mapping[str, Any]) -> list[str]:
    windows = (_wide(exif.get(_XP_KEYWORDS)) or "").split(";")
    png = re.split("[,;]", _string(text.get("keywords")))
    clean = (clean_line(word) for word in (*xmp, *iptc, *windows, *png))
    return list(dict.fromkeys(word for word in clean if word))[:_MOST_KEYWORDS]


def _first(*candidates: Any, longest: int = 300) -> str | None:
    for candidate in candidates:
        line = clean_line(_string(candidate), longest)
        if line and not _FILLER.match(line):
            return line
    return None


def _string(value: Any, codec: str | None = None) -> str:
    """A tag that should be text, as text; whatever else it is, as none."""
    if isinstance(value, bytes):
        value = value.split(b"\0")[0]
        try:
            return value.decode(codec or "utf-8")
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return value.split("\0")[0] if isinstance(value, str) else ""


def _wide(value: Any) -> str | None:
    """Windows' own tags: UTF-16, as bytes or as a tuple of them."""
    if isinstance(value, tuple):
        value = _attempt(lambda: bytes(value), b"")
    return value.decode("utf-16-le", "ignore").split("\0")[0] if isinstance(value, bytes) else None


def _text_of(moment: datetime) -> str:
    return f"{moment.year:04}-{moment:%m-%dT%H:%M:%S}Z"  # strftime writes years before 1000 without zeros


def _attempt(read: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return read()
    except Exception:  # noqa: BLE001 - metadata is foreign bytes, and what breaks in it must not cost the picture
        return otherwise
