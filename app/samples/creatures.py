"""Drawn small creatures of the sample library."""

import math

from PIL import Image

from app.samples.canvas import Canvas, Colour, Point, curve, oval

__all__ = ["butterfly", "goldfish"]


def goldfish() -> Image.Image:
    """A goldfish in clear water."""
    canvas = Canvas(640, 480, "#8fd0e6", "#1d6f9c", seed=4)
    for x, lean in ((90, 60), (260, 90), (470, 50)):
        canvas.shade([(x, -10), (x + 60, -10), (x + 60 + lean * 2, 480), (x - 30 + lean, 480)], "#d9f4fb", 0.25, 24)
    canvas.shade(oval(320, 500, 420, 60), "#d8c79a", 0.8, 16)
    for x, height in ((70, 190), (104, 250), (560, 230), (596, 160)):
        weed = curve([(x, 480), (x + 16, 480 - height / 3), (x - 14, 480 - height * 0.66), (x + 8, 480 - height)], closed=False)
        canvas.tapered(weed, 17, 4, "#2f8a5b")
    fins: list[list[Point]] = [
        [(452, 238), (520, 176), (586, 150), (566, 218), (578, 268), (590, 330), (518, 298)],
        [(260, 176), (330, 108), (420, 120), (430, 190), (340, 190)],
        [(300, 300), (318, 356), (366, 372), (372, 318), (340, 292)],
        [(406, 290), (430, 338), (466, 344), (456, 288)],
    ]
    for fin in fins:
        mask = canvas.shape(curve(fin), "#f79a3a")
        middle = (sum(x for x, _ in fin) / len(fin), sum(y for _, y in fin) / len(fin))
        canvas.shade(oval(*middle, 30, 22), "#ffd08a", 0.7, 12, within=mask)
        for x, y in curve(fin)[::9]:
            canvas.line([(middle[0] * 0.5 + x * 0.5, middle[1] * 0.5 + y * 0.5), (x, y)], 1.0, "#e9741d")
    outline = curve(
        [(126, 244), (160, 200), (240, 166), (340, 168), (430, 206), (472, 240), (430, 280), (340, 310), (240, 312), (160, 288)]
    )
    body = canvas.shape(outline, "#f47f1f")
    canvas.shade(oval(290, 290, 150, 30), "#ffe1a6", 0.85, 20, within=body)
    canvas.shade(oval(290, 182, 150, 24), "#c9480a", 0.6, 18, within=body)
    for column in range(11):
        for row in range(7):
            x, y = 236 + column * 20 + (row % 2) * 10, 190 + row * 18
            arc = [(x + 9 * math.cos(a / 10), y + 9 * math.sin(a / 10)) for a in range(-14, 15, 4)]
            if 226 < x < 440 and abs(y - 240) < 62 - abs(x - 310) * 0.25:
                canvas.line(arc, 1.2, "#d95f0e")
    canvas.line(curve([(214, 182), (232, 240), (212, 298)], closed=False), 3, "#cf560c")
    fin = curve([(250, 252), (300, 262), (320, 296), (276, 300), (248, 276)])
    canvas.shape(fin, "#f9ab52")
    canvas.shape(oval(178, 226, 17, 17), "#fff4d8")
    canvas.shape(oval(177, 226, 10, 10), "#16130f")
    canvas.shape(oval(173, 221, 3, 3), "#ffffff")
    canvas.line(curve([(128, 252), (142, 258), (152, 254)], closed=False), 2.4, "#a8400a")
    for x, y, r in ((110, 190, 7), (96, 150, 10), (118, 104, 6), (88, 70, 9)):
        canvas.shape(oval(x, y, r, r), "#bfe7f4")
        canvas.shape(oval(x + 1, y + 1, r - 2, r - 2), "#84c8e0")
    return canvas.finish(grain=3)


def butterfly() -> Image.Image:
    """A cabbage butterfly on lavender."""
    canvas = Canvas(640, 480, "#a9c98a", "#5f8f52", seed=6)
    for x, y, r in ((100, 90, 90), (540, 70, 110), (90, 400, 100), (560, 400, 90)):
        canvas.shade(oval(x, y, r, r), "#dcebb4", 0.5, 40)
    canvas.tapered(curve([(330, 480), (322, 400), (318, 330)], closed=False), 7, 5, "#3f6b35")
    for row in range(14):
        for side in (-1, 0, 1):
            y = 300 + row * 9
            canvas.shape(oval(320 + side * (9 + row * 0.7), y, 9, 7, side * 30), "#8d6cc0" if (row + side) % 2 else "#a98ad6")
    for side in (-1, 1):
        _wing(canvas, side, [(8, 236), (70, 120), (190, 60), (236, 84), (212, 170), (120, 240), (20, 252)], "#f7f3df")
        _wing(canvas, side, [(8, 250), (90, 240), (176, 262), (190, 320), (140, 366), (70, 344), (20, 280)], "#efe9c4")
        canvas.shade(oval(320 + side * 222, 88, 26, 24), "#2a2723", 0.95, 5)
        for x, y in ((130, 160), (150, 205)):
            canvas.shade(oval(320 + side * x, y, 13, 13), "#2a2723", 0.9, 3)
    canvas.tapered(curve([(320, 196), (320, 250), (320, 330)], closed=False), 17, 7, "#1b1613")
    canvas.shape(oval(320, 190, 11, 12), "#1b1613")
    for side in (-1, 1):
        feeler = curve([(320 + side * 4, 182), (320 + side * 22, 140), (320 + side * 44, 110)], closed=False)
        canvas.line(feeler, 2, "#1b1613")
        canvas.shape(oval(320 + side * 45, 108, 4, 4), "#1b1613")
    return canvas.finish(grain=3)


def _wing(canvas: Canvas, side: int, points: list[Point], fill: Colour) -> None:
    outer = curve([(320 + side * x, y) for x, y in points])
    wing = canvas.shape(outer, fill)
    canvas.shade(oval(320 + side * 30, 246, 60, 60), "#b9b487", 0.6, 20, within=wing)
    for x, y in outer[::11]:
        canvas.line([(320 + side * 10, 246), (x, y)], 1.1, "#cfc79e")
    canvas.line([*outer, outer[0]], 1.6, "#8f8968")
