"""The butterfly of the sample library."""

from PIL import Image

from app.samples.canvas import Canvas, Colour, Point, curve, oval

__all__ = ["butterfly"]


def butterfly() -> Image.Image:
    """A cabbage butterfly on lavender."""
    canvas = Canvas(640, 480, "#a9c98a", "#5f8f52", seed=6)
    for x, y, r in ((100, 90, 90), (540, 70, 110), (90, 400, 100), (560, 400, 90)):
        canvas.shade(oval(x, y, r, r), "#dcebb4", 0.5, 40)
    canvas.tapered(curve([(330, 480), (322, 400), (318, 330)], closed=False), 7, 5, "#3f6b35")
    for row in range(14):
        for side in (-1, 0, 1):
            y = 300 + row * 9
            canvas.fill(oval(320 + side * (9 + row * 0.7), y, 9, 7, side * 30), "#8d6cc0" if (row + side) % 2 else "#a98ad6")
    for side in (-1, 1):
        _wing(canvas, side, [(8, 236), (70, 120), (190, 60), (236, 84), (212, 170), (120, 240), (20, 252)], "#f7f3df")
        _wing(canvas, side, [(8, 250), (90, 240), (176, 262), (190, 320), (140, 366), (70, 344), (20, 280)], "#efe9c4")
        canvas.shade(oval(320 + side * 222, 88, 26, 24), "#2a2723", 0.95, 5)
        for x, y in ((130, 160), (150, 205)):
            canvas.shade(oval(320 + side * x, y, 13, 13), "#2a2723", 0.9, 3)
    canvas.tapered(curve([(320, 196), (320, 250), (320, 330)], closed=False), 17, 7, "#1b1613")
    canvas.fill(oval(320, 190, 11, 12), "#1b1613")
    for side in (-1, 1):
        feeler = curve([(320 + side * 4, 182), (320 + side * 22, 140), (320 + side * 44, 110)], closed=False)
        canvas.line(feeler, 2, "#1b1613")
        canvas.fill(oval(320 + side * 45, 108, 4, 4), "#1b1613")
    return canvas.finish(grain=3)


def _wing(canvas: Canvas, side: int, points: list[Point], fill: Colour) -> None:
    outer = curve([(320 + side * x, y) for x, y in points])
    wing = canvas.shape(outer, fill)
    canvas.shade(oval(320 + side * 30, 246, 60, 60), "#b9b487", 0.6, 20, within=wing)
    for x, y in outer[::11]:
        canvas.line([(320 + side * 10, 246), (x, y)], 1.1, "#cfc79e")
    canvas.line([*outer, outer[0]], 1.6, "#8f8968")
