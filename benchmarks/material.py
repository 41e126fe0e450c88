"""Real material for benchmarks, made on the spot from installed packages: photographs and pages of English text.

Photographs are crops of the photographs in scikit-image's wheel (flipped, scaled, a little noise, so that no two files
have the same bytes); pages are the docstrings of Python's standard library.
"""

import inspect
import pkgutil
import random
import sys
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
from PIL import Image

__all__ = ["write_pages", "write_photographs"]

_PHOTOGRAPHS = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "hubble_deep_field.jpg")


def write_photographs(folder: Path, count: int, size: tuple[int, int] = (500, 375), quality: int = 88) -> int:
    """Write `count` different JPEGs of `size` pixels. Returns their bytes in all."""
    import skimage

    originals = [Image.open(Path(skimage.__file__).parent / "data" / name).convert("RGB") for name in _PHOTOGRAPHS]
    dice = random.Random(0)
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for number in range(count):
        path = folder / f"{number // 500:03}" / f"photo-{number:06}.jpg"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            _crop(originals[number % len(originals)], size, dice, number).save(path, quality=quality)
        total += path.stat().st_size
    return total


def _crop(original: Image.Image, size: tuple[int, int], dice: random.Random, number: int) -> Image.Image:
    share = dice.uniform(0.5, 1.0)
    width = min(original.width, original.height * size[0] / size[1]) * share
    height = width * size[1] / size[0]
    left, top = dice.uniform(0, original.width - width), dice.uniform(0, original.height - height)
    picture = original.resize(size, Image.Resampling.BICUBIC, box=(left, top, left + width, top + height))
    if dice.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    noise = np.random.default_rng(number).integers(-6, 7, (size[1], size[0], 3), dtype=np.int16)
    return Image.fromarray(np.clip(np.asarray(picture, dtype=np.int16) + noise, 0, 255).astype(np.uint8))


def write_pages(folder: Path, count: int, words: int = 500) -> int:
    """Write `count` different text files of `words` words each. Returns their bytes in all."""
    source = _docstring_words()
    dice = random.Random(0)
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for number in range(count):
        path = folder / f"{number // 500:03}" / f"page-{number:06}.txt"
        if not path.exists():
            path.parent.mkdir(exist_ok=True)
            start = dice.randrange(len(source) - words)
            path.write_text(" ".join(source[start : start + words]) + f"\n\nPage {number}.\n", encoding="utf-8")
        total += path.stat().st_size
    return total


def _docstring_words() -> list[str]:
    """The words of every docstring in a list of modules that are safe to import."""
    safe = sorted(
        one.name for one in pkgutil.iter_modules() if one.name in sys.stdlib_module_names and not one.name.startswith("_")
    )
    texts = []
    for name in safe:
        if name in ("antigravity", "this", "idlelib", "turtle", "turtledemo", "tkinter"):
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                module = import_module(name)
        except ImportError:
            continue
        members = [value for _, value in inspect.getmembers(module) if inspect.isclass(value) or inspect.isroutine(value)]
        texts += [inspect.getdoc(one) or "" for one in (module, *members)]
    return " ".join(dict.fromkeys(texts)).split()
