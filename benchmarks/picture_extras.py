"""What the slow extras of pictures cost: reading the words in them, and showing where they answer a query.

    python -m benchmarks.picture_extras --out benchmarks/results/picture_extras.json

Pictures with words are drawn: signs of two lines on a photograph, and screens of twelve lines; half the pictures are
photographs without a word, as in any library. They are read as `python -m indexer read` reads them, one by one, from an open
picture; the first of each kind is not counted. Heat maps are of photographs' thumbnails. The processor's time stands beside
the clock's, for machines that others use, too.
"""

import argparse
import json
import random
import re
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from benchmarks.definitions import read_definitions
from benchmarks.machine import describe_machine
from benchmarks.material import write_photographs
from encoders import load_encoder
from indexer.ocr import words_in
from indexer.thumbnails import shrink_picture
from search.heat import heat_map, overlay

__all__ = ["draw_lines"]

_WORDS_A_LINE = 5
_KINDS = {"sign": (2, 40), "screen": (12, 28)}  # lines, and the size of their letters in pixels


def main() -> int:
    """Measure, print, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.picture_extras", description=__doc__.split("\n")[0])
    parser.add_argument("--pictures", type=int, default=12, help="of each kind")
    parser.add_argument("--models", type=Path, help="where exported networks are kept")
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        write_photographs(Path(scratch), 2 * options.pictures, (1024, 768))
        photographs = [Image.open(path).convert("RGB") for path in sorted(Path(scratch).rglob("*.jpg"))]
    results = {"machine": describe_machine(), "ocr": read_all(photographs, options.pictures)}
    results["heat"] = heat_all(photographs[: options.pictures], options.models)
    print(json.dumps(results, indent=1))
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def read_all(photographs: list[Image.Image], count: int) -> dict[str, Any]:
    """Seconds a picture of each kind, pictures a second of all, and the share of the words that were read."""
    dice = random.Random(0)
    vocabulary = sorted({word for one in read_definitions([])[:500] for word in re.findall(r"[a-z]{4,}", one.body)})
    pictures: list[tuple[str, Image.Image, list[str]]] = [("photograph", picture, []) for picture in photographs[: 2 * count]]
    for kind, (lines, size) in _KINDS.items():
        for number in range(count):
            words = [dice.choice(vocabulary) for _ in range(lines * _WORDS_A_LINE)]
            ground = photographs[number] if kind == "sign" else Image.new("RGB", (1280, 800), "white")
            pictures.append((kind, draw_lines(ground, words, size), words))
    took: dict[str, list[tuple[float, float]]] = {}
    right = wanted = 0
    for kind, picture, words in pictures:
        began, busy = time.perf_counter(), time.process_time()
        found = words_in(picture)
        took.setdefault(kind, []).append((time.perf_counter() - began, time.process_time() - busy))
        read = set(re.findall(r"[a-z]+", found.lower()))
        right, wanted = right + sum(word in read for word in words), wanted + len(words)
    counted = {kind: each[1:] for kind, each in took.items()}
    everything = [one for each in counted.values() for one in each]
    return {
        "pictures": len(everything),
        "seconds": {kind: _medians(each) for kind, each in counted.items()},
        "pictures_per_second": round(len(everything) / sum(clock for clock, _ in everything), 2),
        "words_read": round(right / wanted, 3),
    }


def _medians(took: list[tuple[float, float]]) -> dict[str, float]:
    """Of the clock and of the processor."""
    clock, processor = zip(*took, strict=True)
    return {"clock": round(statistics.median(clock), 3), "processor": round(statistics.median(processor), 3)}


def draw_lines(ground: Image.Image, words: list[str], size: int) -> Image.Image:
    """A copy of a picture with words in black on white, five a line."""
    picture = ground.copy()
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(size)
    for line in range(0, len(words), _WORDS_A_LINE):
        text = " ".join(words[line : line + _WORDS_A_LINE])
        top = 30 + line // _WORDS_A_LINE * round(1.8 * size)
        left, upper, right, lower = pen.textbbox((30, top), text, font=font)
        pen.rectangle((left - 8, upper - 8, right + 8, lower + 8), fill="white")
        pen.text((30, top), text, fill="black", font=font)
    return picture


def heat_all(photographs: list[Image.Image], models: Path | None) -> dict[str, Any]:
    """Seconds of a heat map with its picture, the model loaded."""
    encoder = load_encoder("starter", cache=models)
    vector = encoder.encode_query(text="a cup of coffee")
    took = []
    for picture in photographs:
        small = shrink_picture(picture)
        began, busy = time.perf_counter(), time.process_time()
        overlay(small, heat_map(encoder, small, vector))
        took.append((time.perf_counter() - began, time.process_time() - busy))
    return {"pictures": len(took) - 1, "seconds": _medians(took[1:])}


if __name__ == "__main__":
    sys.exit(main())
