"""A small drawing board: smooth shapes, soft light and grain on Pillow, drawn large and scaled down.

Coordinates are pixels of the finished picture; everything is drawn `SCALE` times larger, so edges come out smooth.
"""

import math
import random
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

__all__ = ["SCALE", "Canvas", "Colour", "Point", "curve", "oval"]

SCALE = 3
"""How many times larger than the finished picture everything is drawn."""

Point = tuple[float, float]
Colour = str | tuple[int, int, int]


def curve(points: Sequence[Point], closed: bool = True, steps: int = 14) -> list[Point]:
    """A Catmull-Rom curve through the points, as a dense line of points.

    >>> len(curve([(0, 0), (10, 0), (10, 10)], steps=4))
    12
    """
    count = len(points)
    dense: list[Point] = []
    for index in range(count if closed else count - 1):
        if closed:
            a, b, c, d = (points[(index + shift) % count] for shift in (-1, 0, 1, 2))
        else:
            a, b, c, d = (points[min(max(index + shift, 0), count - 1)] for shift in (-1, 0, 1, 2))
        for step in range(steps):
            t = step / steps
            dense.append((_spline(a[0], b[0], c[0], d[0], t), _spline(a[1], b[1], c[1], d[1], t)))
    if not closed:
        dense.append(points[-1])
    return dense


def oval(x: float, y: float, rx: float, ry: float, angle: float = 0.0, steps: int = 72) -> list[Point]:
    """The outline of an ellipse around (x, y), turned clockwise by `angle` degrees."""
    turn = math.radians(angle)
    points = []
    for step in range(steps):
        phase = 2 * math.pi * step / steps
        across, down = rx * math.cos(phase), ry * math.sin(phase)
        points.append(
            (
                x + across * math.cos(turn) - down * math.sin(turn),
                y + across * math.sin(turn) + down * math.cos(turn),
            )
        )
    return points


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


class Canvas:
    """One picture in the making."""

    def __init__(self, width: int, height: int, top: Colour, bottom: Colour, seed: int = 1) -> None:
        self.width, self.height = width, height
        self.random = random.Random(seed)
        self.image = Image.new("RGB", (width * SCALE, height * SCALE))
        self.gradient(0, height, top, bottom)

    def gradient(self, y0: float, y1: float, top: Colour, bottom: Colour) -> None:
        """Fill the band from y0 to y1 with a vertical gradient."""
        size = (self.width * SCALE, max(1, round((y1 - y0) * SCALE)))
        ramp = Image.linear_gradient("L").resize(size)
        band = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)
        self.image.paste(band, (0, round(y0 * SCALE)))

    def shape(self, points: Sequence[Point], fill: Colour, within: Image.Image | None = None) -> Image.Image:
        """Fill a polygon, kept inside the mask `within`; return its own mask for light and fur on it."""
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon([(x * SCALE, y * SCALE) for x, y in points], fill=255)
        if within is not None:
            mask = ImageChops.multiply(mask, within)
        self.image.paste(fill, (0, 0), mask)
        return mask

    def fill(self, points: Sequence[Point], colour: Colour, within: Image.Image | None = None) -> None:
        """Fill a polygon, kept inside the mask `within`, without making a mask of it: quicker than `shape`."""
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        if within is None:
            ImageDraw.Draw(self.image).polygon(scaled, fill=colour)
            return
        xs, ys = [x for x, _ in scaled], [y for _, y in scaled]
        left, top = math.floor(min(xs)), math.floor(min(ys))
        box = (left, top, math.ceil(max(xs)) + 1, math.ceil(max(ys)) + 1)
        mask = Image.new("L", (box[2] - box[0], box[3] - box[1]))
        ImageDraw.Draw(mask).polygon([(x - left, y - top) for x, y in scaled], fill=255)
        self.image.paste(colour, box, ImageChops.multiply(mask, within.crop(box)))

    def shade(
        self,
        points: Sequence[Point],
        fill: Colour,
        strength: float,
        blur: float,
        within: Image.Image | None = None,
    ) -> None:
        """Lay a soft patch of colour: strength 0 to 1, blur in pixels."""
        mask = Image.new("L", self.image.size)
        ImageDraw.Draw(mask).polygon([(x * SCALE, y * SCALE) for x, y in points], fill=round(255 * strength))
        small = mask.resize((self.width, self.height), Image.Resampling.BOX)
        mask = small.filter(ImageFilter.GaussianBlur(blur)).resize(self.image.size, Image.Resampling.BILINEAR)
        if within is not None:
            mask = ImageChops.multiply(mask, within)
        self.image.paste(fill, (0, 0), mask)

    def line(self, points: Sequence[Point], width: float, fill: Colour) -> None:
        """A line with round joints and ends."""
        pen = ImageDraw.Draw(self.image)
        scaled = [(x * SCALE, y * SCALE) for x, y in points]
        pen.line(scaled, fill=fill, width=max(1, round(width * SCALE)), joint="curve")
        radius = width * SCALE / 2
        if radius >= 1.5:
            for x, y in (scaled[0], scaled[-1]):
                pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)

    def tapered(self, points: Sequence[Point], width0: float, width1: float, fill: Colour) -> None:
        """A line whose width runs from width0 to width1: tails, branches, whiskers."""
        pen = ImageDraw.Draw(self.image)
        for index, (x, y) in enumerate(points):
            radius = (width0 + (width1 - width0) * index / max(1, len(points) - 1)) * SCALE / 2
            pen.ellipse((x * SCALE - radius, y * SCALE - radius, x * SCALE + radius, y * SCALE + radius), fill=fill)

    def fur(self, outline: Sequence[Point], fill: Colour, length: float, every: int = 1, lean: float = 0.6) -> None:
        """Short hairs that grow outwards from a closed outline and lean down."""
        middle_x = sum(x for x, _ in outline) / len(outline)
        middle_y = sum(y for _, y in outline) / len(outline)
        pen = ImageDraw.Draw(self.image)
        for x, y in outline[::every]:
            out = math.hypot(x - middle_x, y - middle_y) or 1.0
            reach = length * self.random.uniform(0.5, 1.2)
            dx = (x - middle_x) / out * reach + self.random.uniform(-0.4, 0.4) * length
            dy = (y - middle_y) / out * reach + lean * reach
            start = (x * SCALE - dx * SCALE * 0.4, y * SCALE - dy * SCALE * 0.4)
            pen.line([start, ((x + dx) * SCALE, (y + dy) * SCALE)], fill=fill, width=max(1, round(SCALE * 0.5)))

    def hairs(self, within: Image.Image, colours: Sequence[Colour], count: int, length: float, box: Sequence[float]) -> None:
        """Strokes of coat inside a mask: `box` is (left, top, right, bottom) in pixels."""
        layer = self.image.copy()
        pen = ImageDraw.Draw(layer)
        for _ in range(count):
            x, y = self.random.uniform(box[0], box[2]), self.random.uniform(box[1], box[3])
            dx, dy = self.random.uniform(-0.5, 0.5) * length, self.random.uniform(0.5, 1.0) * length
            pen.line(
                [(x * SCALE, y * SCALE), ((x + dx) * SCALE, (y + dy) * SCALE)],
                fill=self.random.choice(colours),
                width=max(1, SCALE // 3),
            )
        self.image.paste(layer, (0, 0), within)

    def finish(self, grain: float = 3.0, seed: int = 7) -> Image.Image:
        """Scale down and add a little film grain (standard deviation in grey levels)."""
        small = self.image.resize((self.width, self.height), Image.Resampling.LANCZOS)
        noise = np.random.default_rng(seed).normal(0.0, grain, (self.height, self.width, 1))
        return Image.fromarray(np.clip(np.asarray(small) + noise, 0, 255).astype(np.uint8))
