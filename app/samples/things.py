"""Drawn things of the sample library."""

import math
from itertools import pairwise

from PIL import Image

from app.samples.canvas import Canvas, Point, curve, oval

__all__ = ["bicycle", "guitar", "hot_air_balloon", "red_car", "traffic_light", "umbrella"]


def red_car() -> Image.Image:
    """A red sports car on a road."""
    canvas = Canvas(640, 440, "#9cc3e0", "#e8eef0", seed=15)
    canvas.fill(curve([(-20, 290), (120, 236), (260, 270), (420, 226), (660, 280), (660, 330), (-20, 330)]), "#8fae7f")
    canvas.gradient(300, 440, "#7b7d80", "#4f5153")
    for x in range(-20, 660, 130):
        canvas.fill([(x, 408), (x + 70, 408), (x + 60, 416), (x - 14, 416)], "#e9e4d0")
    canvas.shade(oval(322, 362, 270, 18), "#17181a", 0.85, 9)
    body_line = curve(
        [
            (60, 318),
            (66, 282),
            (110, 262),
            (200, 248),
            (262, 204),
            (320, 186),
            (400, 190),
            (470, 236),
            (552, 246),
            (592, 268),
            (596, 318),
            (570, 338),
            (90, 338),
        ],
        steps=10,
    )
    body = canvas.shape(body_line, "#c8161d")
    canvas.shade(oval(330, 256, 260, 10), "#ff7d74", 0.9, 6, within=body)
    canvas.shade(oval(330, 340, 280, 24), "#5d0508", 0.85, 12, within=body)
    glass = canvas.shape(curve([(226, 246), (274, 208), (322, 197), (386, 200), (440, 240)], steps=8), "#22303b")
    canvas.shade([(250, 240), (300, 196), (330, 196), (290, 246)], "#a9c3d4", 0.7, 4, within=glass)
    canvas.line([(346, 198), (350, 246)], 6, "#a31217")
    canvas.line(curve([(214, 252), (220, 300), (216, 332)], closed=False), 1.5, "#7d0a0f")
    canvas.line(curve([(408, 250), (418, 296), (396, 332)], closed=False), 1.5, "#7d0a0f")
    canvas.fill(oval(390, 268, 13, 3.5), "#7d0a0f")
    canvas.fill(curve([(70, 288), (84, 274), (112, 270), (104, 288)]), "#fdf4d0")
    canvas.fill([(580, 266), (596, 272), (596, 290), (582, 288)], "#ff4b3a")
    canvas.fill([(58, 306), (120, 306), (120, 322), (62, 322)], "#22262a")
    for x in (162, 490):
        canvas.fill(oval(x, 334, 50, 48), "#1a0a0b", within=body)
        canvas.fill(oval(x, 338, 43, 43), "#17181a")
        canvas.fill(oval(x, 338, 29, 29), "#b9bec3")
        canvas.fill(oval(x, 338, 24, 24), "#4a4e53")
        for spoke in range(5):
            turn = spoke * 2 * math.pi / 5 + 0.3
            canvas.line([(x, 338), (x + 27 * math.cos(turn), 338 + 27 * math.sin(turn))], 6, "#d5d9dc")
        canvas.fill(oval(x, 338, 6, 6), "#8b9096")
    return canvas.finish(grain=4)


def bicycle() -> Image.Image:
    """A bicycle in front of a wall."""
    canvas = Canvas(640, 480, "#e9dcc2", "#d9c7a3", seed=16)
    for row in range(9):
        for column in range(-1, 9):
            x, y = column * 80 + (row % 2) * 40, row * 42
            canvas.line([(x, y), (x + 80, y)], 1.2, "#c8b48c")
            canvas.line([(x, y), (x, y + 42)], 1.2, "#c8b48c")
    canvas.gradient(392, 480, "#9a9a98", "#77777a")
    canvas.shade(oval(320, 408, 260, 12), "#3a3a3c", 0.7, 7)
    back, front = (186, 306), (464, 306)
    for x, y in (back, front):
        ring = oval(x, y, 98, 98)
        for spoke in ring[::3]:
            canvas.line([(x, y), spoke], 0.8, "#7b7f84")
        canvas.line([*ring, ring[0]], 9, "#1d1e20")
        inner = oval(x, y, 90, 90)
        canvas.line([*inner, inner[0]], 3, "#b7bcc2")
        canvas.fill(oval(x, y, 8, 8), "#3a3d41")
    crank, seat, head = (298, 312), (262, 176), (418, 170)
    frame = "#1f6f8b"
    for start, end in (
        (back, crank),
        (back, (268, 196)),
        (crank, seat),
        (crank, (424, 196)),
        ((268, 196), head),
        (head, front),
    ):
        canvas.line([start, end], 8, frame)
    canvas.line([seat, (256, 152)], 6, "#2a2c2f")
    canvas.fill(curve([(214, 142), (250, 136), (296, 144), (284, 156), (240, 160), (216, 156)]), "#3b2417")
    canvas.line([head, (410, 138)], 6, "#2a2c2f")
    canvas.line(curve([(370, 134), (410, 134), (440, 126), (452, 150), (436, 170)], closed=False), 7, "#2a2c2f")
    ring = oval(crank[0], crank[1], 30, 30)
    canvas.line([*ring, ring[0]], 4, "#2a2c2f")
    canvas.line([(186, 298), (298, 282)], 2, "#2a2c2f")
    canvas.line([(186, 314), (298, 342)], 2, "#2a2c2f")
    canvas.line([crank, (330, 360)], 6, "#2a2c2f")
    canvas.line([(314, 364), (348, 360)], 7, "#1d1e20")
    return canvas.finish(grain=4)


def umbrella() -> Image.Image:
    """A red umbrella in the rain."""
    canvas = Canvas(640, 480, "#5f6f7f", "#93a3ad", seed=17)
    canvas.gradient(400, 480, "#6a767d", "#4a555c")
    ribs = [(110, 262), (200, 244), (320, 238), (440, 244), (530, 262)]
    top: Point = (320, 74)
    dome: list[Point] = curve([(110, 262), (150, 160), (230, 96), top, (410, 96), (490, 160), (530, 262)], closed=False)
    scallops: list[Point] = []
    for left, right in pairwise(ribs[::-1]):
        middle = ((left[0] + right[0]) / 2, (left[1] + right[1]) / 2 - 24)
        scallops += curve([left, middle, right], closed=False)
    canvas.line(curve([(320, 240), (320, 330), (320, 400), (332, 424), (352, 420), (360, 400)], closed=False), 7, "#4a2f1f")
    cloth = canvas.shape(dome + scallops, "#c9252c")
    for index, (left, right) in enumerate(pairwise(ribs)):
        if index % 2:
            canvas.shade([top, left, right], "#7d0d15", 0.55, 3, within=cloth)
    canvas.shade(oval(230, 140, 60, 30, -40), "#ff8a86", 0.7, 16, within=cloth)
    for rib in ribs:
        bend = ((top[0] + rib[0]) / 2 + (rib[0] - top[0]) * 0.16, (top[1] + rib[1]) / 2 - 26)
        canvas.line(curve([top, bend, rib], closed=False), 1.6, "#8a0f17")
        canvas.fill(oval(rib[0], rib[1] + 2, 3.5, 3.5), "#e9e4da")
    canvas.line([top, (320, 52)], 5, "#4a2f1f")
    for _ in range(240):
        x, y = canvas.random.uniform(0, 660), canvas.random.uniform(-10, 450)
        if not (140 < x < 520 and y > 120):
            canvas.line([(x, y), (x - 6, y + 22)], 1.1, "#c9d6de")
    for _ in range(26):
        x, y = canvas.random.uniform(0, 640), canvas.random.uniform(420, 474)
        ripple = oval(x, y, 18, 4)
        canvas.line([*ripple, ripple[0]], 1, "#a9b8c0")
    return canvas.finish(grain=4)


def hot_air_balloon() -> Image.Image:
    """A striped hot-air balloon over hills."""
    canvas = Canvas(480, 600, "#5aa6e0", "#dff0f7", seed=18)
    for x, y, size in ((80, 120, 50), (410, 200, 60), (90, 360, 60)):
        canvas.shade(oval(x, y, size * 1.6, size * 0.45), "#ffffff", 0.8, 14)
    canvas.fill(curve([(-20, 560), (110, 506), (240, 540), (380, 500), (500, 540), (500, 640), (-20, 640)]), "#7ea463")
    left = [(240, 56), (130, 100), (92, 210), (130, 320), (196, 400), (214, 420)]
    outline = curve([*left, (266, 420), (284, 400), (350, 320), (388, 210), (350, 100)])
    envelope = canvas.shape(outline, "#e4572e")
    colours = ("#f4b942", "#e4572e", "#f6f0e0", "#2e6f95", "#f6f0e0", "#e4572e", "#f4b942")
    for index, fill in enumerate(colours):
        inner, outer = (index / 3.5 - 1), ((index + 1) / 3.5 - 1)
        gore: list[Point] = []
        for edge, order in ((inner, 1), (outer, -1)):
            side = [(240 + edge * (240 - x if x <= 240 else 0), y) for x, y in curve(left, closed=False)]
            gore += side[::order]
        canvas.fill(gore, fill, within=envelope)
    canvas.shade(oval(160, 180, 50, 90), "#ffffff", 0.4, 34, within=envelope)
    canvas.shade(oval(370, 240, 50, 170), "#3b1420", 0.5, 30, within=envelope)
    for x0, x1 in ((216, 218), (264, 262), (232, 230), (248, 250)):
        canvas.line([(x0, 420), (x1, 474)], 1.6, "#4a3626")
    canvas.fill([(216, 420), (264, 420), (258, 432), (222, 432)], "#8a2d18")
    basket = canvas.shape([(214, 474), (266, 474), (260, 512), (220, 512)], "#9a6a3a")
    for y in range(478, 512, 7):
        canvas.line([(210, y), (270, y)], 1.2, "#6d4523")
    canvas.shade(oval(262, 494, 12, 24), "#3d2410", 0.6, 5, within=basket)
    canvas.line([(212, 474), (268, 474)], 4, "#5d3a1c")
    return canvas.finish(grain=3)


def guitar() -> Image.Image:
    """An acoustic guitar that leans on a wall."""
    canvas = Canvas(480, 640, "#7f9a8f", "#5e786e", seed=19)
    canvas.gradient(560, 640, "#7a5233", "#5b3a22")
    canvas.shade(oval(262, 574, 130, 18), "#22170e", 0.7, 10)
    canvas.shade(oval(280, 460, 120, 120), "#24302b", 0.6, 22)
    half: list[Point] = [
        (240, 318),
        (296, 322),
        (322, 356),
        (312, 398),
        (300, 420),
        (328, 452),
        (346, 506),
        (316, 560),
        (240, 576),
    ]
    outline = curve(half + [(480 - x, y) for x, y in half[::-1]][1:-1])
    canvas.fill([(240 + (x - 240) * 1.03, 448 + (y - 448) * 1.03) for x, y in outline], "#5a3216")
    top = canvas.shape(outline, "#d99a4e")
    canvas.shade(oval(200, 400, 60, 120), "#f6cd8d", 0.7, 34, within=top)
    canvas.shade(oval(330, 520, 40, 90), "#8a4f1d", 0.6, 24, within=top)
    canvas.hairs(top, ["#c98840", "#e0a75f", "#b87a34"], 900, 60, (130, 300, 350, 580))
    canvas.fill(oval(240, 418, 44, 44), "#5a3216")
    canvas.fill(oval(240, 418, 37, 37), "#1b100a")
    canvas.fill([(184, 516), (296, 516), (290, 534), (190, 534)], "#3a2112")
    canvas.fill([(226, 96), (254, 96), (260, 380), (220, 380)], "#3a2416")
    for fret in range(16):
        y = 106 + 266 * (1 - 0.92**fret) / (1 - 0.92**16)
        canvas.line([(224, y), (256, y)], 1.6, "#cfcabd")
    canvas.fill(curve([(220, 98), (212, 30), (226, 18), (254, 18), (268, 30), (260, 98)], steps=6), "#5a3216")
    for side in (-1, 1):
        for y in (36, 56, 76):
            canvas.fill(oval(240 + side * 34, y, 9, 6), "#e8e2d2")
            canvas.line([(240 + side * 20, y), (240 + side * 30, y)], 3, "#b9b4a6")
    for string in range(6):
        canvas.line([(229 + string * 4.4, 92), (222 + string * 7.2, 524)], 0.8, "#ece7da")
    return canvas.finish(grain=4)


def traffic_light() -> Image.Image:
    """A traffic light on red."""
    canvas = Canvas(480, 600, "#7fa6c9", "#d5e0e6", seed=20)
    for x, tall in ((0, 180), (90, 130), (330, 200), (420, 150)):
        canvas.shade([(x, 600 - tall), (x + 80, 600 - tall), (x + 80, 600), (x, 600)], "#8c97a3", 0.8, 8)
    canvas.line([(240, 440), (240, 620)], 22, "#33383d")
    case = canvas.shape(
        curve([(160, 70), (240, 62), (320, 70), (326, 250), (320, 430), (240, 438), (160, 430), (154, 250)], steps=8), "#23272b"
    )
    canvas.shade(oval(180, 250, 18, 180), "#59626b", 0.7, 12, within=case)
    for y, fill, glow in ((130, "#ff2d1f", "#ff9a8a"), (250, "#4a3a10", "#5d4a1a"), (370, "#10361d", "#1a4a2a")):
        canvas.fill(oval(240, y, 54, 54), "#0d0f11")
        lamp = canvas.shape(oval(240, y, 45, 45), fill)
        canvas.shade(oval(228, y - 12, 20, 18), glow, 0.9, 8, within=lamp)
        hood = curve(
            [
                (184, y + 4),
                (186, y - 40),
                (240, y - 66),
                (294, y - 40),
                (296, y + 4),
                (284, y - 24),
                (240, y - 48),
                (196, y - 24),
            ],
            steps=8,
        )
        canvas.fill(hood, "#15181b")
    canvas.shade(oval(240, 130, 86, 86), "#ff3a2a", 0.35, 26)
    return canvas.finish(grain=4)
