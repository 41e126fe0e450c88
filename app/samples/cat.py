"""The black cat of the sample library: the picture that the first query finds."""

from PIL import Image

from app.samples.canvas import Canvas, Colour, Point, curve, oval

__all__ = ["black_cat"]

_COAT = "#17171b"
_HAIRS: tuple[Colour, ...] = ("#2b2b32", "#35353d", "#0d0d10", "#1f1f25")
_LIGHT = "#4a4a55"
_MIDDLE = 330
_BODY: tuple[Point, ...] = (
    (-68, 250), (-94, 320), (-108, 400), (-106, 466), (-68, 496), (0, 500),
    (70, 496), (112, 466), (110, 390), (90, 310), (66, 250), (0, 225),
)  # fmt: skip
_HEAD: tuple[Point, ...] = (
    (0, 96), (62, 108), (100, 150), (110, 200), (84, 244), (40, 270),
    (0, 278), (-40, 270), (-84, 244), (-110, 200), (-100, 150), (-62, 108),
)  # fmt: skip


def black_cat() -> Image.Image:
    """A black cat that sits on a window sill and looks at us."""
    canvas = Canvas(640, 560, "#c9d3c4", "#e9e2cf", seed=3)
    canvas.shade(oval(170, 120, 240, 200), "#fff7df", 0.7, 60)
    canvas.gradient(470, 560, "#b98d5f", "#8f6740")
    canvas.fill([(0, 464), (640, 464), (640, 474), (0, 474)], "#d8b184")
    canvas.shade(oval(_MIDDLE, 502, 190, 26), "#3b2a1a", 0.75, 14)
    tail = curve([(400, 478), (500, 482), (560, 444), (556, 384), (528, 350)], closed=False)
    canvas.tapered(tail, 34, 19, _COAT)
    canvas.fur(tail, _COAT, 6, lean=0.1)
    _body(canvas)
    _ears(canvas)
    _face(canvas)
    return canvas.finish(grain=3)


def _body(canvas: Canvas) -> None:
    outline = curve([(_MIDDLE + x * 0.95, y) for x, y in _BODY])
    body = canvas.shape(outline, _COAT)
    canvas.fur(outline, _COAT, 3.5)
    canvas.shade(oval(300, 330, 46, 80), _LIGHT, 0.64, 26, within=body)
    canvas.shade(oval(420, 400, 22, 70), _LIGHT, 0.35, 16, within=body)
    canvas.hairs(body, _HAIRS, 5200, 12, (200, 220, 470, 505))
    for x in (_MIDDLE - 31, _MIDDLE + 31):
        right = [(x, 380), (x + 20, 380), (x + 22, 450), (x + 30, 486), (x + 14, 504)]
        leg = canvas.shape(curve(right + [(2 * x - px, py) for px, py in right[:0:-1]]), _COAT)
        canvas.shade(oval(x - 6, 430, 8, 60), _LIGHT, 0.4, 9, within=leg)
        canvas.hairs(leg, _HAIRS, 900, 9, (x - 34, 380, x + 34, 506))


def _ears(canvas: Canvas) -> None:
    for side in (-1, 1):

        def at(x: float, y: float, side: int = side) -> Point:
            return _MIDDLE + side * x * 0.95, y

        outline = curve([at(30, 118), at(72, 59), at(92, 47), at(100, 100), at(98, 150)])
        ear = canvas.shape(outline, _COAT)
        canvas.fur(outline, _COAT, 4.7, lean=-0.3)
        canvas.shade([at(52, 118), at(84, 73), at(90, 132)], "#8a6a66", 0.75, 5, within=ear)
        canvas.hairs(ear, _HAIRS, 260, 10, (200, 20, 460, 160))


def _face(canvas: Canvas) -> None:
    outline = curve([(_MIDDLE + x * 0.95, y) for x, y in _HEAD])
    head = canvas.shape(outline, _COAT)
    canvas.fur(outline, _COAT, 3)
    canvas.shade(oval(_MIDDLE, 130, 60, 26), _LIGHT, 0.64, 16, within=head)
    for side in (-1, 1):
        canvas.shade(oval(_MIDDLE + side * 74, 222, 30, 22), _LIGHT, 0.35, 12, within=head)
    canvas.hairs(head, _HAIRS, 2600, 8, (200, 95, 460, 280))
    for side in (-1, 1):
        _eye(canvas, _MIDDLE + side * 51, 178, side)
    canvas.shade(oval(_MIDDLE, 240, 34, 20), _LIGHT, 0.55, 9, within=head)
    canvas.fill(curve([(317, 222), (343, 222), (336, 234), (330, 238), (324, 234)]), "#2a2224")
    canvas.line([(330, 238), (330, 247)], 1.6, "#050505")
    for side in (-1, 1):
        mouth = [(_MIDDLE, 247), (_MIDDLE + side * 12, 255), (_MIDDLE + side * 26, 250)]
        canvas.line(curve(mouth, closed=False), 1.6, "#050505")
        for rise in (-14, -2, 10):
            ends = [(26, 240 + rise * 0.3), (80, 234 + rise), (134, 238 + rise * 2)]
            whisker = curve([(_MIDDLE + side * x, y) for x, y in ends], closed=False)
            canvas.line(whisker, 1.1, "#d9d9d9")


def _eye(canvas: Canvas, x: float, y: float, side: int) -> None:
    rim = [(-30, 4), (-12, -14), (14, -17), (30, -6), (14, 12), (-12, 15)]
    lid = [(-25, 3), (-9, -11), (13, -13), (25, -5), (11, 10), (-10, 11)]
    canvas.fill(curve([(x + side * across, y + down) for across, down in rim]), "#0a0a0a")
    eye = canvas.shape(curve([(x + side * across, y + down) for across, down in lid]), "#c9b037")
    canvas.shade(oval(x, y - 10, 28, 7), "#3d3008", 0.6, 4, within=eye)
    canvas.fill(oval(x, y - 1, 7.4, 13), "#050505", within=eye)
    canvas.fill(oval(x - 6, y - 8, 3.2, 3.2), "#ffffff")
