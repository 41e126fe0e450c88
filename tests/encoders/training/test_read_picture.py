import numpy as np
import pytest
from PIL import Image

from encoders import prepare
from encoders.errors import FileError, LimitError
from encoders.picture import PictureSpec
from encoders.training.pictures import augment, read_picture

SPEC = PictureSpec(size=32)
LEFT_RED = np.concatenate([np.full((40, 30, 3), (200, 0, 0)), np.full((40, 30, 3), (0, 0, 200))], axis=1).astype(np.uint8)


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
@pytest.mark.parametrize("kind", ["plain.png", "large.jpg", "turned.jpg", "clear.png", "palette.gif", "grey.png", "deep.png"])
def test_pictures_come_as_the_indexer_sees_them(tmp_path, kind, fit):
    from indexer.limits import Limits
    from indexer.loaders.pictures import decode_source

    image = Image.fromarray(LEFT_RED)
    file = tmp_path / kind
    if kind == "large.jpg":
        image = image.resize((900, 600))
    if kind == "turned.jpg":
        image.getexif()[0x0112] = 6
        image.save(file, exif=image.getexif())
    elif kind == "clear.png":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
        image.save(file)
    elif kind == "deep.png":
        Image.fromarray(np.arange(2400, dtype=np.uint16).reshape(40, 60) * 27).save(file)
    else:
        image.convert({"palette.gif": "P", "grey.png": "L"}.get(kind, "RGB")).save(file)
    spec = PictureSpec(size=32, fit=fit)
    theirs = prepare(decode_source(file, Limits(), 64), spec)
    assert np.abs(read_picture(file, spec).astype(int) - theirs.astype(int)).max() <= 1


def test_augmentation_changes_pictures_a_little_and_repeatably():
    ramp = np.linspace(60, 180, 64).astype(np.uint8)  # dark on the left, no value that a change of contrast would clip
    image = Image.fromarray(np.broadcast_to(ramp[None, :, None], (48, 64, 3)).copy())
    drawn = [augment(image, SPEC, np.random.default_rng(seed)) for seed in range(20)]
    assert all(pixels.shape == (32, 32, 3) and pixels.dtype == np.uint8 for pixels in drawn)
    assert (augment(image, SPEC, np.random.default_rng(3)) == drawn[3]).all()
    assert len({pixels.tobytes() for pixels in drawn}) == 20
    steps = np.array([pixels[:, -1].mean() - pixels[:, 0].mean() for pixels in drawn])
    assert 4 < (steps < 0).sum() < 16  # mirrored
    # half of the width at least (half of the area, 4:3), and contrast and brightness down by a fifth each
    assert np.abs(steps).min() > 0.5 * 120 * 0.8 * 0.8 - 8
    assert np.abs(steps).max() < 120 * 1.2 * 1.2


@pytest.mark.parametrize("size", [(1, 1), (2, 300), (300, 2)])
def test_augmentation_takes_pictures_of_any_shape(size):
    for seed in range(10):
        assert augment(Image.new("RGB", size, "red"), SPEC, np.random.default_rng(seed)).shape == (32, 32, 3)


def test_reading_with_and_without_chance(tmp_path):
    file = tmp_path / "picture.png"
    Image.fromarray(LEFT_RED).save(file)
    assert (read_picture(file, SPEC) == read_picture(file, SPEC)).all()
    assert (read_picture(file, SPEC, np.random.default_rng(0)) != read_picture(file, SPEC)).any()


def test_files_that_cannot_be_read_are_named(tmp_path):
    with pytest.raises(FileError, match=r"there is no picture .*nothing\.png"):
        read_picture(tmp_path / "nothing.png", SPEC)
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(FileError, match=r"text\.png cannot be read as a picture"):
        read_picture(tmp_path / "text.png", SPEC)
    Image.effect_noise((64, 64), 50).save(tmp_path / "cut.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "cut.png").read_bytes()[:900])
    with pytest.raises(FileError, match=r"cut\.png cannot be read as a picture"):
        read_picture(tmp_path / "cut.png", SPEC)
    with pytest.raises(FileError, match="cannot be read"):
        read_picture(tmp_path, SPEC)


@pytest.mark.parametrize("most", [3000, 1000])
def test_bombs_are_refused_before_they_go_off(tmp_path, monkeypatch, most):
    """Pillow warns above its limit and raises above twice its limit; 60 x 40 is 2,400 pixels."""
    Image.fromarray(LEFT_RED).save(tmp_path / "bomb.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", {3000: 2000, 1000: 1000}[most])
    with pytest.raises(LimitError, match=r"bomb\.png has too many pixels"):
        read_picture(tmp_path / "bomb.png", SPEC)
