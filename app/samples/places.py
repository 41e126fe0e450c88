"""Drawn places of the sample library."""

from PIL import Image

from app.samples.canvas import Canvas, Colour, Point, curve, oval

__all__ = ["lighthouse", "moonlit_night", "red_barn", "sailing_boat", "snowy_mountain"]


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
    canvas.shape([(262, 60), (294, 66), (262, 74)], "#c8382e")
    canvas.shade(oval(320, 408, 190, 22), "#0b2c42", 0.65, 12)
    for row in range(9):
        y = 376 + row * 12
        for column in range(12):
            x = canvas.random.uniform(-20, 650)
            wave = curve([(x, y), (x + 16 + row, y - 3), (x + 34 + row * 3, y)], closed=False)
            canvas.line(wave, 1.3 + row * 0.15, "#a9d3df" if column % 3 else "#e8f5f5")
    return canvas.finish(grain=4)


def snowy_mountain() -> Image.Image:
    """A snowy mountain above a dark forest."""
    canvas = Canvas(640, 480, "#4f93d2", "#d6e9f5", seed=11)
    _clouds(canvas, ((110, 90, 60), (560, 130, 80)))
    far: list[Point] = [
        (0, 330),
        (90, 230),
        (150, 270),
        (240, 200),
        (330, 280),
        (460, 190),
        (560, 260),
        (640, 210),
        (640, 400),
        (0, 400),
    ]
    canvas.shape(far, "#a9c3da")
    peak: list[Point] = [
        (30, 420),
        (110, 330),
        (160, 300),
        (220, 210),
        (262, 176),
        (318, 74),
        (350, 110),
        (392, 150),
        (420, 210),
        (486, 280),
        (530, 310),
        (620, 420),
    ]
    rock = canvas.shape(peak, "#f4f8fb")
    shadows: list[list[Point]] = [
        [
            (318, 74),
            (350, 110),
            (392, 150),
            (420, 210),
            (486, 280),
            (530, 310),
            (620, 420),
            (420, 420),
            (370, 300),
            (392, 240),
            (340, 190),
            (352, 140),
        ],
        [(262, 176), (276, 220), (240, 270), (262, 330), (210, 420), (150, 420), (200, 300), (220, 240)],
    ]
    for shadow in shadows:
        canvas.shape(shadow, "#8fa9c4", within=rock)
    for _ in range(130):
        x, y = canvas.random.uniform(80, 580), canvas.random.uniform(190, 415)
        size = canvas.random.uniform(4, 20) * (y / 400)
        lean = canvas.random.uniform(-8, 8)
        chip: list[Point] = [
            (x, y),
            (x + size, y + size * 0.9),
            (x + size * 0.5 + lean, y + size * 1.5),
            (x - size * 0.5, y + size),
        ]
        canvas.shape(chip, "#56667a" if canvas.random.random() < 0.6 else "#73849a", within=rock)
    canvas.shade(oval(320, 420, 340, 36), "#dfeaf2", 0.8, 20)
    for row, (y, fill) in enumerate(((420, "#3d5f57"), (446, "#284740"), (480, "#16302b"))):
        for _ in range(52):
            x = canvas.random.uniform(-10, 650)
            tall = canvas.random.uniform(34, 62) + row * 14
            for tier in range(4):
                top = y - tall + tier * tall * 0.2
                half = 5 + tier * 4 + row
                canvas.fill([(x, top), (x + half, top + tall * 0.4), (x - half, top + tall * 0.4)], fill)
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
        canvas.shape([(150, y), (330, y), (330, y + 48), (150, y + 48)], "#c5302b", within=wall)
    canvas.shade([(262, 180), (310, 180), (330, 510), (268, 510)], "#3b2a33", 0.45, 12, within=wall)
    canvas.shape([(190, 178), (290, 178), (284, 194), (196, 194)], "#2c3440")
    for x in range(192, 292, 12):
        canvas.line([(x, 160), (x, 180)], 1.6, "#2c3440")
    canvas.line([(190, 160), (290, 160)], 2.4, "#2c3440")
    canvas.shape([(212, 122), (268, 122), (268, 178), (212, 178)], "#ffe9a3")
    for x in (212, 226, 240, 254, 268):
        canvas.line([(x, 122), (x, 178)], 2.2, "#2c3440")
    canvas.shape(curve([(202, 124), (214, 100), (240, 84), (266, 100), (278, 124)], steps=6), "#a82722")
    canvas.line([(240, 86), (240, 62)], 3, "#2c3440")
    for y in (300, 396):
        canvas.shape([(233, y), (247, y), (247, y + 24), (233, y + 24)], "#2c3440")
    canvas.shape([(228, 460), (252, 460), (252, 504), (228, 504)], "#4a2f22")
    canvas.shade([(268, 130), (480, 90), (480, 210), (268, 160)], "#fff3bf", 0.35, 10)
    return canvas.finish(grain=4)


def red_barn() -> Image.Image:
    """A red barn in a meadow."""
    canvas = Canvas(640, 480, "#79b4e3", "#e4f0f2", seed=13)
    _clouds(canvas, ((130, 80, 70), (520, 110, 60)))
    canvas.shape(curve([(-20, 340), (120, 290), (300, 320), (480, 286), (660, 330), (660, 500), (-20, 500)]), "#86b35a")
    canvas.gradient(372, 480, "#7fae4f", "#4d7f31")
    front: list[Point] = [(150, 390), (150, 240), (186, 170), (250, 130), (314, 170), (350, 240), (350, 390)]
    side: list[Point] = [(350, 240), (560, 240), (560, 390), (350, 390)]
    canvas.shape(side, "#8f2620")
    canvas.shape(front, "#b2332a")
    for x in range(160, 350, 12):
        canvas.line([(x, 246 if abs(x - 250) > 66 else 200), (x, 390)], 0.8, "#8f2620")
    for x in range(362, 560, 12):
        canvas.line([(x, 240), (x, 390)], 0.8, "#6f1a16")
    roof: list[Point] = [(250, 122), (462, 122), (530, 166), (572, 244), (356, 244), (318, 164)]
    canvas.shape(roof, "#5b5f66")
    canvas.line([(142, 244), (182, 164), (250, 122), (318, 164), (358, 244)], 9, "#f1ece0")
    door: list[Point] = [(208, 290), (292, 290), (292, 390), (208, 390)]
    canvas.shape(door, "#8f2620")
    canvas.line([*door, door[0]], 6, "#f1ece0")
    canvas.line([door[0], door[2]], 5, "#f1ece0")
    canvas.line([door[1], door[3]], 5, "#f1ece0")
    loft: list[Point] = [(228, 190), (272, 190), (272, 236), (228, 236)]
    canvas.shape(loft, "#3a1512")
    canvas.line([*loft, loft[0]], 5, "#f1ece0")
    for x in (400, 470):
        window: list[Point] = [(x, 290), (x + 34, 290), (x + 34, 330), (x, 330)]
        canvas.shape(window, "#27313a")
        canvas.line([*window, window[0]], 4, "#f1ece0")
    for _ in range(700):
        x, y = canvas.random.uniform(0, 640), canvas.random.uniform(384, 480)
        canvas.line(
            [(x, y), (x + canvas.random.uniform(-3, 3), y - 9)], 1.0, canvas.random.choice(["#9cc766", "#3f6f28", "#6c9f42"])
        )
    return canvas.finish(grain=4)


def moonlit_night() -> Image.Image:
    """A full moon and stars over a quiet lake."""
    canvas = Canvas(640, 480, "#081230", "#274270", seed=14)
    for _ in range(170):
        x, y = canvas.random.uniform(0, 640), canvas.random.uniform(0, 300)
        size = canvas.random.choice([0.7, 0.9, 1.3, 1.8])
        canvas.fill(oval(x, y, size, size, steps=12), "#f5f1dc")
    canvas.shade(oval(440, 120, 110, 110), "#e9edff", 0.45, 46)
    moon = canvas.shape(oval(440, 120, 56, 56), "#f4efd8")
    craters: tuple[tuple[float, float, float], ...] = (
        (424, 104, 13),
        (456, 132, 17),
        (448, 92, 8),
        (420, 140, 10),
        (470, 108, 7),
    )
    for x, y, r in craters:
        canvas.shade(oval(x, y, r, r), "#bdb79e", 0.7, 3, within=moon)
    canvas.shape(
        curve([(-20, 330), (110, 236), (220, 300), (330, 250), (470, 306), (560, 262), (670, 330), (670, 360), (-20, 360)]),
        "#0b1830",
    )
    canvas.gradient(338, 480, "#22396a", "#0a1734")
    for row in range(16):
        y = 344 + row * 8
        wide = 20 + row * 4
        x = 440 + canvas.random.uniform(-14, 14)
        canvas.line([(x - wide, y), (x + wide, y)], 1.8, "#d9d8c8" if row % 2 else "#8f9cbb")
    return canvas.finish(grain=3)


def _clouds(canvas: Canvas, places: tuple[tuple[float, float, float], ...]) -> None:
    white: Colour = "#ffffff"
    for x, y, size in places:
        for shift, rise, part in ((-0.8, 0.1, 0.5), (-0.2, -0.15, 0.7), (0.5, 0.0, 0.6), (0.0, 0.15, 1.0)):
            canvas.shade(oval(x + shift * size, y + rise * size, size * part, size * part * 0.45), white, 0.6, 9)
