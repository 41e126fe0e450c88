"""A specialised collection to fine-tune on: line icons with names and tags, which no network of the starter was trained on.

They are Tabler's outline icons (MIT), without its brands: their names say who, not what is drawn. Drawn by resvg and
written as a person would have them: a folder of pictures with a metadata.jsonl, and tables of pairs.
"""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from encoders.recipe.drawings import Drawing, render
from encoders.recipe.packages import Package, fetch_package

__all__ = ["ICONS", "Icon", "captions_of", "family_of", "read_icons", "split_icons", "write_collection"]

ICONS = Package(
    "@tabler/icons", "npm", "3.52.0", "626620c7d42afd2f294fba167ce4653b5cb946336d186b4991c70b700e5616af", "MIT"
)  # fmt: skip
_SMALL = 64  # pixels of the pictures for a small CLIP
_TAGS = 8  # of an icon that are used, at most
_FRAMES = {"circle", "square", "rounded", "hexagon", "octagon", "pentagon", "diamond", "triangle", "dashed", "off", "filled"}
_MOST_ASKED = 60  # queries of the icon that is asked for most
_FALL = 0.8  # the icon of rank r is asked for r^-0.8 times as often


@dataclass(frozen=True)
class Icon:
    """One picture of the collection."""

    name: str  # "alarm off"
    tags: tuple[str, ...]  # "wake up", "muted"
    family: str  # variants of one thing are of one family, and stay on one side of a split
    picture: str  # SVG text


def read_icons(folder: Path) -> list[Icon]:
    """All icons, by name; the package is fetched below `folder` once. Raises ModelError when it cannot be had."""
    package = fetch_package(ICONS, folder) / "package"
    icons = []
    for name, said in sorted(json.loads((package / "icons.json").read_text(encoding="utf-8")).items()):
        if said["category"] == "Brand" or "outline" not in said["styles"]:
            continue
        words = name.replace("-", " ")
        tags = [str(tag).replace("-", " ").strip() for tag in said["tags"]]
        kept = tuple(dict.fromkeys(tag for tag in tags if len(tag) > 1 and tag != words))[:_TAGS]
        if kept:
            svg = (package / "icons" / "outline" / f"{name}.svg").read_text(encoding="utf-8")
            icons.append(Icon(words, kept, family_of(name), svg))
    return icons


def family_of(name: str) -> str:
    """Return the first word of a name that is no frame and no variant.

    >>> family_of("square-rounded-letter-a"), family_of("alarm-off"), family_of("circle")
    ('letter', 'alarm', 'circle')
    """
    words = name.replace("arrows", "arrow").split("-")
    return next((word for word in words if word not in _FRAMES), words[0])


def captions_of(icon: Icon) -> list[str]:
    """Give its name, its tags, and both in one line."""
    tags = ", ".join(icon.tags)
    return [icon.name, tags, f"{icon.name}: {tags}"]


def split_icons(icons: Sequence[Icon], sizes: Mapping[str, int], seed: int = 0) -> dict[str, list[Icon]]:
    """Name of a part -> its icons, about as many as asked; whole families, drawn at random."""
    families: dict[str, list[Icon]] = {}
    for icon in icons:
        families.setdefault(icon.family, []).append(icon)
    names = sorted(families)
    random.Random(seed).shuffle(names)
    parts: dict[str, list[Icon]] = {part: [] for part in sizes}
    for name in names:
        open_parts = [part for part, size in sizes.items() if len(parts[part]) < size]
        if not open_parts:
            break
        # the emptiest part, by share, so that large families are spread over all
        emptiest = min(open_parts, key=lambda part: len(parts[part]) / sizes[part])
        if len(parts[emptiest]) + len(families[name]) <= sizes[emptiest] * 1.1 or not parts[emptiest]:
            parts[emptiest] += families[name]
    return parts


def write_collection(parts: Mapping[str, Sequence[Icon]], folder: Path) -> dict[str, Any]:
    """Write the parts "train", "held-out" and "exam", in all their forms; how large each form is.

    NAME/ are pictures with captions, small-NAME/ the same at 64 pixels, texts-NAME.jsonl tables of name and tags,
    asked-NAME.jsonl tables of queries for the pictures of "train", some of which are asked for far more often than others.
    """
    from PIL.Image import Resampling

    for part, icons in parts.items():
        small = folder / f"small-{part}"
        for place in (folder / part, small):
            place.mkdir(parents=True, exist_ok=True)
        rows, texts = [], []
        for icon in icons:
            file = icon.name.replace(" ", "-") + ".png"
            picture = render(Drawing("icons", icon.name, icon.name, icon.tags, icon.picture))
            picture.save(folder / part / file)
            picture.resize((_SMALL, _SMALL), Resampling.BICUBIC).save(small / file)
            # an exam asks by name and by tags: the line with both says nothing new
            captions = captions_of(icon)[: 2 if part == "exam" else 3]
            rows.append({"file_name": file, "text": captions, "group": icon.family})
            texts.append({"query": icon.name, "item": ", ".join(icon.tags), "group": icon.family})
        for place in (folder / part, small):
            _write(place / "metadata.jsonl", rows)
        _write(folder / f"texts-{part}.jsonl", texts)
    asked = _asked(parts["train"])
    for name, rows in asked.items():
        _write(folder / f"asked-{name}.jsonl", rows)
    counts = {part: len(icons) for part, icons in parts.items()}
    return {**counts, **{f"asked-{name}": len(rows) for name, rows in asked.items()}}


def _asked(icons: Sequence[Icon]) -> dict[str, list[dict[str, Any]]]:
    """Queries as feedback would have them: one to three tags of an icon, and few icons that get most of them.

    Judged by names, which training does not see, one each: a fifth of the families choose the moment, the others are the exam.
    """
    dice = random.Random(1)
    order = list(icons)
    dice.shuffle(order)
    families = sorted({icon.family for icon in icons})
    choosing = set(dice.sample(families, len(families) // 5))
    asked: dict[str, list[dict[str, Any]]] = {"train": [], "held-out": [], "exam": []}
    for rank, icon in enumerate(order, start=1):
        about = {"image": f"train/{icon.name.replace(' ', '-')}.png", "id": icon.name, "group": icon.family}
        times = max(1, round(_MOST_ASKED * 4 * rank**-_FALL))
        queries = {" ".join(dice.sample(icon.tags, min(len(icon.tags), dice.randint(1, 3)))) for _ in range(times)}
        asked["train"] += [{"query": query, **about} for query in sorted(queries)[:_MOST_ASKED]]
        asked["held-out" if icon.family in choosing else "exam"].append({"query": icon.name, **about})
    return asked


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
