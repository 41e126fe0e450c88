import numpy as np
import pytest
from PIL import Image

from encoders.errors import InputError
from encoders.picture import PictureSpec, prepare


def ramp(width, height):
    """Red grows from left to right, green from top to bottom."""
    x = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    y = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    return Image.fromarray(np.stack([x, y, np.full_like(x, 128)], axis=2).astype(np.uint8))


@pytest.mark.parametrize("fit", ["crop", "squash", "pad", "subject"])
@pytest.mark.parametrize("size", [(64, 64), (200, 50), (50, 200), (1, 1), (1, 999), (7, 5)])
def test_every_picture_becomes_the_same_square(fit, size):
    pixels = prepare(ramp(*size), PictureSpec(32, fit))
    assert pixels.shape == (32, 32, 3)
    assert pixels.dtype == np.uint8


def test_crop_keeps_the_middle_squash_keeps_all_pad_keeps_the_shape():
    wide = ramp(300, 100)
    crop, squash, pad = (prepare(wide, PictureSpec(30, fit)).astype(int) for fit in ("crop", "squash", "pad"))
    assert 80 < crop[15, 0, 0] < 95
    assert 160 < crop[15, -1, 0] < 175
    assert squash[15, 0, 0] < 10
    assert squash[15, -1, 0] > 245
    assert (pad[0] == 255).all(), "white above and below"
    assert (pad[-1] == 255).all()
    assert pad[15, 0, 0] < 10


def test_one_resize_equals_resize_then_crop():
    picture = ramp(120, 120)
    spec = PictureSpec(48, crop=0.8)
    slow = picture.resize((60, 60), Image.Resampling.BICUBIC).crop((6, 6, 54, 54))
    assert np.abs(prepare(picture, spec).astype(int) - np.asarray(slow).astype(int)).max() <= 2


def test_a_thing_before_a_plain_background_is_kept_whole():
    drawing = Image.new("RGB", (300, 100), (10, 60, 20))
    drawing.paste((255, 0, 0), (10, 10, 290, 90))
    whole = prepare(drawing, PictureSpec(60, "subject", crop=0.8))
    assert (whole[0] == (10, 60, 20)).all(), "on its own background"
    assert (whole[30, 5] == (255, 0, 0)).all()
    assert (whole[30, 55] == (255, 0, 0)).all()


def test_a_picture_without_a_plain_background_is_cropped():
    noise = np.random.default_rng(0).integers(0, 256, (100, 300, 3)).astype(np.uint8)
    for picture in (Image.fromarray(noise), ramp(300, 100)):
        subject, crop = (prepare(picture, PictureSpec(60, fit, crop=0.8)) for fit in ("subject", "crop"))
        assert np.array_equal(subject, crop)


def test_a_little_noise_and_a_thing_that_touches_the_border_leave_a_background_plain():
    pixels = np.full((100, 300, 3), 200, np.int64) + np.random.default_rng(0).integers(-6, 7, (100, 300, 3))
    pixels[60:, 100:150] = 0
    whole = prepare(Image.fromarray(pixels.astype(np.uint8)), PictureSpec(60, "subject"))
    assert np.abs(whole[2].astype(int) - 200).max() <= 3
    assert (whole[38, 20:30] < 30).all()


def test_a_picture_that_is_not_ready_is_refused():
    with pytest.raises(InputError, match="mode L"):
        prepare(Image.new("L", (4, 4)), PictureSpec(8))
    with pytest.raises(InputError, match="no pixels"):
        prepare(Image.new("RGB", (0, 4)), PictureSpec(8))
