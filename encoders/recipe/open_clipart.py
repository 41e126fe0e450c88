"""Open Clip Art: about 8,100 public-domain drawings, with titles and keywords in the SVG's metadata."""

import re
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from encoders.recipe.drawings import Drawing, tidy
from encoders.recipe.packages import fetch

__all__ = ["read_open_clipart"]

_FOLDER = Path("usr/share/openclipart")
_SHARED_TITLE = 12  # a title of more drawings than this names their collection, not what they show
_COLLECTION = re.compile(r"collection|theme|etiquette|hash\(|symbol signs", re.IGNORECASE)
_NO_KEYWORD = re.compile(
    r"hash(\(.*\))?|0x[0-9a-f]+|\d+|clip ?art|icons?|unsorted|externalsource|svg|png|signs_and_symbols|.*_icon", re.I
)
_CREDIT = re.compile(r"^clip ?art by [^-]+-\s*", re.IGNORECASE)
_DESCRIPTION = range(6, 300)  # letters of a description that is one


def read_open_clipart(folder: Path) -> list[Drawing]:
    """Every drawing that has a picture and some word. `key` is its path: near-duplicates are found later.

    Two of 620 million pixels are left out: Pillow takes them for an attack.
    """
    from lxml import etree

    pictures = fetch("openclipart-png", folder) / _FOLDER / "png"
    metadata = fetch("openclipart-svg", folder) / _FOLDER / "svg"
    works = []
    for path in sorted(metadata.rglob("*.svg")):
        inner = path.relative_to(metadata).with_suffix("")
        picture = pictures / inner.with_suffix(".png")
        if picture.is_file() and _can_be_opened(picture):
            tree = etree.parse(path, etree.XMLParser(huge_tree=True, recover=True, no_network=True, resolve_entities=False))
            works.append((inner, picture, _work(tree)))
    titles = Counter(work["title"].lower() for _, _, work in works)
    drawings = [_drawing(inner, picture, work, titles) for inner, picture, work in works]
    return [drawing for drawing in drawings if drawing.name or drawing.keywords]


def _can_be_opened(picture: Path) -> bool:
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            Image.open(picture).close()
        except Image.DecompressionBombError:
            return False
    return True


def _work(tree: "etree._ElementTree") -> dict[str, str]:  # type: ignore[name-defined]  # noqa: F821 - lxml is heavy
    root = tree.getroot()
    work = root.find(".//{*}Work") if root is not None else None
    if work is None:
        return {"title": "", "description": "", "keywords": ""}
    return {
        "title": (work.findtext("{*}title") or "").strip(),
        "description": (work.findtext("{*}description") or "").strip(),
        "keywords": "\n".join((entry.text or "").strip() for entry in work.findall("{*}subject//{*}li")),
    }


def _drawing(inner: Path, picture: Path, work: Mapping[str, str], titles: Counter[str]) -> Drawing:
    title = work["title"]
    shared = not title or titles[title.lower()] > _SHARED_TITLE or _COLLECTION.search(title)
    name = tidy(inner.name if shared else _CREDIT.sub("", title))
    keywords = []
    for raw in work["keywords"].split("\n"):
        keyword = "" if _NO_KEYWORD.fullmatch(raw) else tidy(raw)
        if keyword and keyword != name and not _COLLECTION.search(keyword):
            keywords.append(keyword)
    folder = tidy(inner.parent.name)
    more = [f"{name} ({folder})"] if name and folder and folder != "unsorted" else []
    if len(work["description"]) in _DESCRIPTION and not _COLLECTION.search(work["description"]):
        more.append(" ".join(work["description"].lower().split()))
    return Drawing("openclipart", inner.as_posix(), name, tuple(dict.fromkeys(keywords)), picture, tuple(more))
