"""Pictures that the starter's training never saw, each with what it is called: drawings, emoji, stamps, photographs."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from encoders.recipe.drawings import Drawing
from encoders.recipe.emoji import read_emoji
from encoders.recipe.material import held_out_drawings, hold_out_emoji
from encoders.recipe.packages import Package, fetch_package

__all__ = ["SOURCES", "join_namesakes", "read_emoji_held_out", "read_photographs", "read_pictures", "read_stamps"]

SOURCES = {"openclipart": "clip art", "tuxpaint-stamps-default": "stamps", "scikit-image": "photographs"}
"""Package -> what a reader calls its pictures; all others are emoji."""

_STAMPS = Package(
    "tuxpaint-stamps-default",
    "debian",
    "2022.06.04-1",
    "6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34",
    "GPL-2, parts in the public domain",
)
_PHOTOGRAPHS = {
    "astronaut.png": "an astronaut in an orange space suit",
    "chelsea.png": "a tabby cat",
    "coffee.png": "a cup of coffee with a spoon",
    "rocket.jpg": "a rocket on its launch pad",
    "motorcycle_left.png": "a motorcycle in a garage",
    "hubble_deep_field.jpg": "galaxies in deep space",
    "camera.png": "a man with a camera on a tripod",
    "coins.png": "old coins",
    "brick.png": "a brick wall",
    "gravel.png": "gravel",
    "moon.png": "the surface of the moon",
    "retina.jpg": "the retina of an eye",
}


def read_pictures(
    work: Path, recipe: Path, tell: Callable[[str, int, int], None], clip_art: bool = True
) -> list[tuple[Drawing, str]]:
    """Every picture with its group: look-alikes and namesakes share one. `recipe` is the recipe's folder.

    Without `clip_art` no network is needed to know what was held out.
    """
    emoji = read_emoji_held_out(recipe)
    drawings, looks = emoji, [f"emoji {one.key}" for one in emoji]
    if clip_art:
        held_out, numbers = held_out_drawings(recipe, tell)
        drawings, looks = held_out, [f"look {number}" for number in numbers]
    more = [*read_stamps(work), *read_photographs()]
    drawings = [*drawings, *more]
    return list(zip(drawings, join_namesakes(drawings, [*looks, *(f"{one.source} {one.key}" for one in more)]), strict=True))


def read_emoji_held_out(recipe: Path) -> list[Drawing]:
    """All drawings of the emoji that training held out."""
    emoji = read_emoji(recipe / "packages")
    kept = hold_out_emoji(emoji)
    return [drawing for drawing in emoji if drawing.key in kept]


def read_stamps(work: Path) -> list[Drawing]:
    """The stamps of Tux Paint that are PNG, photographs and drawings, and have an English caption."""
    folder = fetch_package(_STAMPS, work / "packages") / "usr" / "share" / "tuxpaint" / "stamps"
    stamps = []
    for path in sorted(folder.rglob("*.txt")):
        caption = path.read_text(encoding="utf-8").partition("\n")[0].strip().rstrip(".")
        picture = path.with_suffix(".png")
        if caption and picture.is_file():
            topics = tuple(path.relative_to(folder).parts[:-1])
            stamps.append(Drawing(_STAMPS.name, path.relative_to(folder).as_posix(), caption, topics, picture))
    return stamps


def read_photographs() -> list[Drawing]:
    """Photographs of scikit-image that show one thing."""
    import skimage

    folder = Path(skimage.__file__).parent / "data"
    found = [(folder / file, caption) for file, caption in _PHOTOGRAPHS.items() if (folder / file).is_file()]
    return [Drawing("scikit-image", path.name, caption, (), path) for path, caption in found]


def join_namesakes(drawings: Sequence[Drawing], looks: Sequence[str]) -> list[str]:
    """Groups by look, joined where two of them have a drawing of one name."""
    parents = {look: look for look in looks}

    def root(look: str) -> str:
        while parents[look] != look:
            look = parents[look]
        return look

    first: dict[str, str] = {}
    for drawing, look in zip(drawings, looks, strict=True):
        if drawing.name:
            parents[root(look)] = root(first.setdefault(drawing.name.casefold(), look))
    names: dict[str, set[str]] = defaultdict(set)
    for drawing, look in zip(drawings, looks, strict=True):
        names[root(look)].add(f"{drawing.name.casefold()}")
    return [f"picture {min(names[root(look)]) or root(look)}" for look in looks]
