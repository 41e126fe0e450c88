"""Drawn places of the sample library."""

from PIL import Image

from app.samples.canvas import Canvas, Colour, Point, curve, oval

__all__ = ["lighthouse", "red_barn", "sailing_boat"]


def sailing_boat() -> Image.Image:
    """A two-masted sailing boat at sea."""
    canvas = Canvas(640, 480, "#7db4dc", "#f3e6cc", seed=9)
    _clouds(canvas, ((120, 110, 80), (500, 80, 100), (330, 160, 60)))
    canvas.gradient(330, 480, "#3f88a8", "#0f3f5f")
    hull = [(130, 322), (190, 330), (450, 330), (530, 312), (492, 368), (440, 378), (190, 376), (152, 356)]
    for x, top in ((262, 60), (392, 84)):
        canvas.line([(x, 330), (x, top)], 5, "#6d4526")
    sails: list[list[Point]] = [
        [(256, 76), (256, 306), (128, 306)],
        [(268, 70), (376, 300), (268, 306)],
        [(398, 94), (490, 302), (398, 304)],
        [(386, 110), (386, 300), (330, 300)],
        [(120, 312), (240, 110), (150, 300)],
    ]
    for sail in sails:
        mask = canvas.shape(sail, "#f7f1e3")
        canvas.shade([sail[0], sail[2], (sail[2][0], sail[0][1])], "#c9bda3", 0.6, 16, within=mask)
        for step in (0.3, 0.55, 0.78):
            left = [a + (b - a) * step for a, b in zip(sail[0], sail[1], strict=True)]
            right = [a + (b - a) * step for a, b in zip(sail[0], sail[2], strict=True)]
            canvas.line([(left[0], left[1]), (right[0], right[1])], 1.0, "#d8cdb5")
    canvas.line([(262, 62), (94, 316)], 1.4, "#54402c")
    canvas.line([(392, 86), (524, 314)], 1.4, "#54402c")
    canvas.line([(94, 314), (170, 326)], 5, "#6d4526")
    body = canvas.shape(curve(hull, steps=4), "#1f2f44")
    canvas.shade(oval(320, 384, 200, 16), "#08101a", 0.8, 8, within=body)
    canvas.line([(150, 334), (500, 330)], 4, "#e7dcc2")
    canvas.fill([(262, 60), (294, 66), (262, 74)], "#c8382e")
    canvas.shade(oval(320, 408, 190, 22), "#0b2c42", 0.65, 12)
    for row in range(9):
        y = 376 + row * 12
        for column in range(12):
            start = canvas.random.uniform(-20, 650)
            wave = curve([(start, y), (start + 16 + row, y - 3), (start + 34 + row * 3, y)], closed=False)
            canvas.line(wave, 1.3 + row * 0.15, "#a9d3df" if column % 3 else "#e8f5f5")
    return canvas.finish(grain=4)


def lighthouse() -> Image.Image:
    """A red and white lighthouse on a cliff by the sea."""
    canvas = Canvas(480, 640, "#6fa9d6", "#f6dfc0", seed=12)
    _clouds(canvas, ((90, 130, 60), (400, 90, 70), (380, 260, 50)))
    canvas.gradient(470, 640, "#4f93b3", "#1d557a")
    for row in range(10):
        for _ in range(6):
            x, y = canvas.random.uniform(-10, 490), 480 + row * 16
            canvas.line(curve([(x, y), (x + 18, y - 3), (x + 40, y)], closed=False), 1.6, "#b9dbe4")
    cliff_line = curve([(60, 640), (90, 560), (150, 520), (190, 498), (300, 496), (350, 520), (410, 570), (440, 640)])
    cliff = canvas.shape(cliff_line, "#6d665c")
    canvas.shade(oval(240, 500, 110, 16), "#7fa055", 0.95, 6, within=cliff)
    canvas.shade(oval(370, 600, 60, 80), "#3a352f", 0.7, 20, within=cliff)
    tower: list[Point] = [(208, 190), (272, 190), (298, 504), (182, 504)]
    wall = canvas.shape(tower, "#f7f3ea")
    for y in (232, 330, 428):
        canvas.fill([(150, y), (330, y), (330, y + 48), (150, y + 48)], "#c5302b", within=wall)
    canvas.shade([(262, 180), (310, 180), (330, 510), (268, 510)], "#3b2a33", 0.45, 12, within=wall)
    canvas.fill([(190, 178), (290, 178), (284, 194), (196, 194)], "#2c3440")
    for x in range(192, 292, 12):
        canvas.line([(x, 160), (x, 180)], 1.6, "#2c3440")
    canvas.line([(190, 160), (290, 160)], 2.4, "#2c3440")
    canvas.fill([(212, 122), (268, 122), (268, 178), (212, 178)], "#ffe9a3")
    for x in (212, 226, 240, 254, 268):
        canvas.line([(x, 122), (x, 178)], 2.2, "#2c3440")
    canvas.fill(curve([(202, 124), (214, 100), (240, 84), (266, 100), (278, 124)], steps=6), "#a82722")
    canvas.line([(240, 86), (240, 62)], 3, "#2c3440")
    for y in (300, 396):
        canvas.fill([(233, y), (247, y), (247, y + 24), (233, y + 24)], "#2c3440")
    canvas.fill([(228, 460), (252, 460), (252, 504), (228, 504)], "#4a2f22")
    canvas.shade([(268, 130), (480, 90), (480, 210), (268, 160)], "#fff3bf", 0.35, 10)
    return canvas.finish(grain=4)


def red_barn() -> Image.Image:
    """A red barn in a meadow."""
    canvas = Canvas(640, 480, "#79b4e3", "#e4f0f2", seed=13)
    _clouds(canvas, ((130, 80, 70), (520, 110, 60)))
    canvas.fill(curve([(-20, 340), (120, 290), (300, 320), (480, 286), (660, 330), (660, 500), (-20, 500)]), "#86b35a")
    canvas.gradient(372, 480, "#7fae4f", "#4d7f31")
    front: list[Point] = [(150, 390), (150, 240), (186, 170), (250, 130), (314, 170), (350, 240), (350, 390)]
    side: list[Point] = [(350, 240), (560, 240), (560, 390), (350, 390)]
    canvas.fill(side, "#8f2620")
    canvas.fill(front, "#b2332a")
    for x in range(160, 350, 12):
        canvas.line([(x, 246 if abs(x - 250) > 66 else 200), (x, 390)], 0.8, "#8f2620")
    for x in range(362, 560, 12):
        canvas.line([(x, 240), (x, 390)], 0.8, "#6f1a16")
    roof: list[Point] = [(250, 122), (462, 122), (530, 166), (572, 244), (356, 244), (318, 164)]
    canvas.fill(roof, "#5b5f66")
    canvas.line([(142, 244), (182, 164), (250, 122), (318, 164), (358, 244)], 9, "#f1ece0")
    door: list[Point] = [(208, 290), (292, 290), (292, 390), (208, 390)]
    canvas.fill(door, "#8f2620")
    canvas.line([*door, door[0]], 6, "#f1ece0")
    canvas.line([door[0], door[2]], 5, "#f1ece0")
    canvas.line([door[1], door[3]], 5, "#f1ece0")
    loft: list[Point] = [(228, 190), (272, 190), (272, 236), (228, 236)]
    canvas.fill(loft, "#3a1512")
    canvas.line([*loft, loft[0]], 5, "#f1ece0")
    for x in (400, 470):
        window: list[Point] = [(x, 290), (x + 34, 290), (x + 34, 330), (x, 330)]
        canvas.fill(window, "#27313a")
        canvas.line([*window, window[0]], 4, "#f1ece0")
    for _ in range(700):
        root, ground = canvas.random.uniform(0, 640), canvas.random.uniform(384, 480)
        tip = (root + canvas.random.uniform(-3, 3), ground - 9)
        canvas.line([(root, ground), tip], 1.0, canvas.random.choice(["#9cc766", "#3f6f28", "#6c9f42"]))
    return canvas.finish(grain=4)


def _clouds(canvas: Canvas, places: tuple[tuple[float, float, float], ...]) -> None:
    white: Colour = "#ffffff"
    for x, y, size in places:
        for shift, rise, part in ((-0.8, 0.1, 0.5), (-0.2, -0.15, 0.7), (0.5, 0.0, 0.6), (0.0, 0.15, 1.0)):
            canvas.shade(oval(x + shift * size, y + rise * size, size * part, size * part * 0.45), white, 0.6, 9)
