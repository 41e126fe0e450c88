"""Drawn things on and over a table, of the sample library."""

import math

from PIL import Image

from app.samples.canvas import Canvas, curve, oval

__all__ = ["strawberries", "teapot", "wall_clock"]


def strawberries() -> Image.Image:
    """Three strawberries on a white plate."""
    canvas = Canvas(640, 480, "#c7a57a", "#a67c4d", seed=24)
    for y in range(20, 480, 46):
        canvas.shade([(0, y), (640, y + 6), (640, y + 9), (0, y + 3)], "#7f5a33", 0.5, 2)
    canvas.shade(oval(326, 350, 280, 110), "#3b2614", 0.7, 16)
    plate = canvas.shape(oval(320, 330, 270, 112), "#f3f1ec")
    canvas.shade(oval(320, 338, 190, 74), "#d5d2ca", 0.9, 10, within=plate)
    for x, y, size, angle in ((200, 268, 1.0, -16), (430, 262, 1.05, 20), (316, 290, 1.25, 3)):
        _strawberry(canvas, x, y, size, angle)
    return canvas.finish(grain=4)


def _strawberry(canvas: Canvas, x: float, y: float, size: float, angle: float) -> None:
    turn = math.radians(angle)

    def at(across: float, down: float) -> tuple[float, float]:
        across, down = across * size, down * size
        return x + across * math.cos(turn) - down * math.sin(turn), y + across * math.sin(turn) + down * math.cos(turn)

    canvas.shade(oval(*at(4, 92), 66 * size, 18), "#5d5a54", 0.7, 8)
    half = [(0, -72), (44, -76), (74, -44), (70, 4), (44, 58), (14, 92)]
    outline = curve([at(*point) for point in half] + [at(-across, down) for across, down in half[:0:-1]])
    berry = canvas.shape(outline, "#cf1420")
    canvas.shade(oval(*at(-26, -26), 26 * size, 46 * size, angle), "#ff7a6b", 0.75, 13, within=berry)
    canvas.shade(oval(*at(50, 30), 30 * size, 70 * size, angle), "#6f0510", 0.7, 15, within=berry)
    for row in range(9):
        for column in range(-4, 5):
            across, down = column * 19 + (row % 2) * 9.5, -52 + row * 17
            canvas.fill(oval(*at(across, down + 1.6), 4.6 * size, 5.6 * size, angle), "#8f0c15", within=berry)
            canvas.fill(oval(*at(across, down), 2.5 * size, 3.6 * size, angle), "#f2d271", within=berry)
    for leaf in range(7):
        lean = -78 + leaf * 26
        tip = at(62 * math.sin(math.radians(lean)), -70 - 34 * math.cos(math.radians(lean)) + 20)
        left, right = at(-13 + lean * 0.12, -76), at(13 + lean * 0.12, -74)
        canvas.fill(curve([left, tip, right], steps=6), "#3f8a2e" if leaf % 2 else "#5aa63f")
    canvas.line([at(0, -78), at(8, -112)], 6 * size, "#4d8f35")


def wall_clock() -> Image.Image:
    """A round clock on a wall."""
    canvas = Canvas(560, 520, "#d9d3c4", "#c6beab", seed=25)
    canvas.shade(oval(292, 282, 196, 196), "#5d564a", 0.7, 18)
    canvas.fill(oval(280, 260, 196, 196), "#23272c")
    canvas.shade(oval(230, 140, 110, 60), "#7c848c", 0.5, 26)
    canvas.fill(oval(280, 260, 172, 172), "#faf8f2")
    for mark in range(60):
        turn = math.radians(mark * 6)
        inner = 140 if mark % 5 == 0 else 154
        ends = [(280 + r * math.sin(turn), 260 - r * math.cos(turn)) for r in (inner, 164)]
        canvas.line(ends, 7 if mark % 5 == 0 else 2, "#23272c")
    for minute, length, width in ((50.6, 88, 10), (8.0, 130, 7)):
        turn = math.radians(minute * 6)
        tip = (280 + length * math.sin(turn), 260 - length * math.cos(turn))
        tail = (280 - 26 * math.sin(turn), 260 + 26 * math.cos(turn))
        canvas.line([tail, tip], width, "#23272c")
    turn = math.radians(35 * 6)
    canvas.line([(280, 260), (280 + 140 * math.sin(turn), 260 - 140 * math.cos(turn))], 2.4, "#c5302b")
    canvas.fill(oval(280, 260, 10, 10), "#c5302b")
    return canvas.finish(grain=3)


def teapot() -> Image.Image:
    """A blue teapot on a table."""
    canvas = Canvas(640, 480, "#efe3cf", "#e0cfb2", seed=21)
    canvas.gradient(360, 480, "#a9774a", "#7f5530")
    canvas.shade(oval(320, 404, 200, 22), "#2e1c0e", 0.75, 12)
    glaze, dark = "#3f78b5", "#1f4674"
    canvas.tapered(curve([(430, 200), (520, 186), (556, 250), (510, 320), (440, 340)], closed=False), 26, 22, dark)
    spout = canvas.shape(
        curve([(210, 330), (150, 280), (120, 200), (88, 176), (128, 168), (166, 200), (200, 250), (236, 262)]), glaze
    )
    canvas.shade(oval(150, 220, 12, 60, -30), "#b9d6f0", 0.6, 8, within=spout)
    belly = canvas.shape(
        curve([(250, 168), (390, 168), (456, 230), (464, 310), (410, 384), (320, 398), (230, 384), (176, 310), (184, 230)]),
        glaze,
    )
    canvas.shade(oval(256, 238, 34, 60, 20), "#d5e8f8", 0.85, 16, within=belly)
    canvas.shade(oval(430, 330, 50, 80), "#122c4d", 0.7, 26, within=belly)
    for turn in range(12):
        x = 200 + turn * 22
        canvas.fill(oval(x, 300 + 8 * math.sin(turn), 7, 7), "#f2efe6", within=belly)
    canvas.fill(oval(320, 400, 84, 12), dark)
    lid = canvas.shape(curve([(244, 170), (262, 142), (320, 126), (378, 142), (396, 170), (320, 178)]), "#4a86c4")
    canvas.shade(oval(290, 146, 30, 8), "#d5e8f8", 0.8, 6, within=lid)
    canvas.fill(oval(320, 116, 17, 14), dark)
    for rise in (0, 1):
        canvas.shade(oval(86 - rise * 14, 140 - rise * 44, 14, 26, 15), "#ffffff", 0.6, 9)
    return canvas.finish(grain=4)
