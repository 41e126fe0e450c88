"""Emoji: four drawings of each, with their names and keywords in many languages from Unicode's CLDR."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from encoders.recipe.drawings import Drawing
from encoders.recipe.packages import fetch

__all__ = ["emoji_names", "read_emoji"]

_SKIN_TONES = frozenset(range(0x1F3FB, 0x1F400))
_VARIATION = 0xFE0F  # "draw it in colour": files leave it out as they like
_VECTOR_SETS = ("@iconify-json/noto", "@iconify-json/twemoji", "@iconify-json/fluent-emoji-flat")
_RENDERED_SET = "@lobehub/fluent-emoji-3d"

Names = dict[str, tuple[str, tuple[str, ...]]]
"""Code points in hex joined by "-" -> name, keywords."""


def emoji_names(folder: Path, language: str) -> Names:
    """Name and keywords of every emoji in one language of CLDR ("en", "zh"), skin tones left out."""
    names: Names = {}
    for package, kind in (("cldr-annotations-full", "annotations"), ("cldr-annotations-derived-full", "annotationsDerived")):
        path = fetch(package, folder) / "package" / kind / language / "annotations.json"
        if not path.is_file():
            continue
        for characters, entry in json.loads(path.read_text(encoding="utf-8"))[kind]["annotations"].items():
            key = _key(map(ord, characters))
            if key and "tts" in entry:
                names[key] = (entry["tts"][0], tuple(entry.get("default", ())))
    return names


def read_emoji(folder: Path) -> list[Drawing]:
    """Every drawing of every emoji that English CLDR names; `key` is the emoji, in hex."""
    names = emoji_names(folder, "en")
    drawings = []
    for package in _VECTOR_SETS:
        drawings += [Drawing(package, key, *names[key], svg) for key, svg in _vector_set(package, folder) if key in names]
    for path in sorted((fetch(_RENDERED_SET, folder) / "package" / "assets").glob("*.webp")):
        key = _key(int(part, 16) for part in path.stem.split("-"))
        if key in names:
            drawings.append(Drawing(_RENDERED_SET, key, *names[key], path))
    return drawings


def _vector_set(package: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Yield (key, SVG text), each emoji once."""
    inside = fetch(package, folder) / "package"
    icons = json.loads((inside / "icons.json").read_text(encoding="utf-8"))
    seen = set()
    for points, name in json.loads((inside / "chars.json").read_text(encoding="utf-8")).items():
        key = _key(int(part, 16) for part in re.split("[-_ ]", points))
        parent = icons.get("aliases", {}).get(name, {}).get("parent", name)
        icon = icons["icons"].get(name) or icons["icons"].get(parent)
        if key and key not in seen and icon is not None:
            seen.add(key)
            size = {side: icon.get(side, icons.get(side, 16)) for side in ("width", "height")}
            box = f"{icon.get('left', 0)} {icon.get('top', 0)} {size['width']} {size['height']}"
            yield (
                key,
                (
                    f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{box}" '
                    f'width="{size["width"]}" height="{size["height"]}">{icon["body"]}</svg>'
                ),
            )


def _key(points: "Iterator[int] | map[int]") -> str:
    """Hex code points, or "" for one with a skin tone."""
    kept = [point for point in points if point != _VARIATION]
    return "" if _SKIN_TONES & set(kept) else "-".join(f"{point:x}" for point in kept)
