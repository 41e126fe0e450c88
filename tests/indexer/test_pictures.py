"""Pictures of every format, mode and orientation come out upright, RGB and with the right colours."""

import io
import pickle
import struct
import warnings
from typing import get_args, get_type_hints

import numpy as np
import pytest
from heic_sample import flat_heic
from loader_samples import dng, encoded, gradient, pictures
from PIL import Image, ImageCms

from encoders.errors import FileError
from encoders.picture import PictureSpec, prepare
from indexer.limits import Limits
from indexer.loaders import EXTENSIONS, load, open_picture, supported
from indexer.loaders.extensions import PICTURES
from indexer.thumbnails import make_thumbnail

SPEC = PictureSpec(32)
PICTURE_FILES = pictures()


def write(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


def load_picture(path, spec=SPEC):
    return load(path, picture_spec=spec, passage_tokens=100, limits=Limits())


def distance(left, right):
    """Mean absolute difference of two pictures, in levels."""
    return np.abs(np.asarray(left, np.int16) - np.asarray(right, np.int16)).mean()


def test_a_sample_of_every_picture_extension():
    assert set(PICTURE_FILES) - {"dng"} == set(PICTURES)


@pytest.mark.parametrize("extension", sorted(PICTURE_FILES))
def test_every_format(tmp_path, extension):
    path = write(tmp_path, f"a.{extension}", PICTURE_FILES[extension])
    loaded = load_picture(path)
    (item,) = loaded.items
    assert supported(path) == loaded.kind == loaded.payload["kind"] == "image"
    assert (item.part, item.modality) == ("picture", "image")
    assert item.content.shape == (32, 32, 3)
    assert item.content.dtype == np.uint8
    assert loaded.payload["extension"] == extension
    assert loaded.payload["bytes"] == path.stat().st_size
    assert Image.open(io.BytesIO(loaded.thumbnail)).format == "JPEG"
    pickle.loads(pickle.dumps(loaded))
    if extension not in ("heic", "heif", "hif", "dng"):
        expected = gradient()
        size = (loaded.payload["width"], loaded.payload["height"])
        assert size == ((48, 36) if extension == "ico" else (64, 48))
        shown = open_picture(path).resize(expected.size)
        if extension in ("pgm", "pbm"):
            shown, expected = shown.convert("L").reduce(8), expected.convert("L").reduce(8)
        assert distance(shown, expected) < (14 if extension in ("gif", "pbm") else 4)


@pytest.mark.parametrize("fit", get_args(get_type_hints(PictureSpec)["fit"]))
@pytest.mark.parametrize("extension", ["jpg", "png"])
def test_every_way_to_fit_a_picture_into_the_square(tmp_path, extension, fit):
    """The loader decodes no more pixels than it needs; what comes out is what all pixels would have given."""
    spec, whole = PictureSpec(32, fit=fit, crop=0.9), Image.linear_gradient("L").resize((1200, 900)).convert("RGB")
    path = tmp_path / f"a.{extension}"
    whole.save(path)
    (item,) = load_picture(path, spec).items
    assert distance(item.content, prepare(whole, spec)) < 3


def test_heic_decodes_and_its_rotation_is_applied_once():
    picture = open_picture(flat_heic([(30, 128, 128), (200, 128, 128), (90, 90, 240)], rotate=1))
    assert picture.size == (16, 48)
    red, light, dark = (np.array(picture.getpixel((8, 8 + 16 * row)), int) for row in range(3))
    assert red[0] > 200 and red[1] < 60
    assert light.min() > 180
    assert dark.max() < 40


@pytest.mark.parametrize("flip", [1, 3, 6, 8])
def test_raw_shows_the_cameras_preview_upright(tmp_path, flip):
    loaded = load_picture(write(tmp_path, "a.dng", dng(flip=flip)))
    assert loaded.payload["camera"] == "Acme Box 1"
    assert (loaded.payload["width"], loaded.payload["height"]) == ((64, 48) if flip in (1, 3) else (48, 64))
    assert distance(loaded.items[0].content, np.full((32, 32, 3), (200, 30, 30))) < 5


def test_raw_without_a_preview_is_developed(tmp_path):
    loaded = load_picture(write(tmp_path, "a.dng", dng(preview=False, flip=6)))
    assert (loaded.payload["width"], loaded.payload["height"], loaded.payload["camera"]) == (
        48,
        64,
        "Acme Box 1",
    )
    red, green, _ = loaded.items[0].content[16, 16]
    assert green > red


def test_a_common_picture_under_a_raw_name(tmp_path):
    assert load_picture(write(tmp_path, "a.nef", PICTURE_FILES["jpg"])).payload["width"] == 64


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_orientation(tmp_path, orientation, format_):
    upright = gradient()
    stored_from_upright = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # EXIF orientation -> Image.Transpose
    turn = stored_from_upright.get(orientation)
    stored = upright if turn is None else upright.transpose(Image.Transpose(turn))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {} if format_ in ("PNG", "TIFF") else {"quality": 95}
    path = write(tmp_path, "a.jpg", encoded(stored, format_, exif=exif, **options))
    assert distance(open_picture(path), upright) < 4
    assert open_picture(path).size == upright.size
    payload = load_picture(path).payload
    assert (payload["width"], payload["height"]) == upright.size


def test_a_wrong_extension_does_not_matter(tmp_path):
    assert load_picture(write(tmp_path, "a.jpg", PICTURE_FILES["png"])).payload["width"] == 64
    assert load_picture(write(tmp_path, "a.png", PICTURE_FILES["webp"])).payload["width"] == 64


@pytest.mark.parametrize("data", [b"dear diary, today it rained a lot", b"%PDF-1.4 ", b"PK\3\4" + b"\0" * 60, b"\0" * 99])
@pytest.mark.parametrize("extension", ["jpg", "tga", "heic", "dng", "png"])
def test_what_is_no_picture_is_a_clear_error(tmp_path, data, extension):
    with pytest.raises(FileError, match=r"no picture of a known format|LibRaw cannot read|damaged"):
        load_picture(write(tmp_path, f"a.{extension}", data))


def test_a_model_without_pictures_says_so(tmp_path):
    with pytest.raises(FileError, match="takes no pictures"):
        load_picture(write(tmp_path, "a.png", PICTURE_FILES["png"]), spec=None)


def test_transparent_parts_are_white():
    half = gradient().convert("RGBA")
    half.putalpha(Image.linear_gradient("L").resize(half.size))
    expected = Image.alpha_composite(Image.new("RGBA", half.size, "white"), half).convert("RGB")
    for format_ in ("PNG", "TIFF", "WEBP"):
        options = {"lossless": True, "exact": True} if format_ == "WEBP" else {}
        assert distance(open_picture(encoded(half, format_, **options)), expected) < 1
    grey = Image.merge("LA", (Image.new("L", (4, 4), 0), Image.new("L", (4, 4), 0)))
    assert open_picture(encoded(grey, "PNG")).getpixel((0, 0)) == (255, 255, 255)


def test_palette_and_colour_key_transparency():
    palette = Image.new("P", (4, 2), 1)
    palette.putpalette([255, 0, 0, 0, 0, 255])
    palette.putpixel((0, 0), 0)
    for format_ in ("PNG", "GIF"):
        shown = open_picture(encoded(palette, format_, transparency=0))
        assert (shown.getpixel((0, 0)), shown.getpixel((1, 1))) == ((255, 255, 255), (0, 0, 255))
    keyed = open_picture(encoded(Image.new("RGB", (2, 2), (1, 2, 3)), "PNG", transparency=(1, 2, 3)))
    assert keyed.getpixel((0, 0)) == (255, 255, 255)
    grey = open_picture(encoded(Image.new("L", (2, 2), 9), "PNG", transparency=9))
    assert grey.getpixel((0, 0)) == (255, 255, 255)


def test_bilevel_and_lab():
    assert open_picture(encoded(Image.new("1", (3, 3), 1), "PNG")).getpixel((0, 0)) == (255, 255, 255)
    lab = ImageCms.profileToProfile(
        Image.new("RGB", (4, 4), (200, 40, 40)), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )  # fmt: skip
    assert distance(open_picture(encoded(lab, "TIFF")), Image.new("RGB", (4, 4), (200, 40, 40))) < 4


def test_cmyk_as_adobe_writes_it():
    cmyk = Image.new("CMYK", (16, 16), (0, 255, 255, 0))  # red
    adobe = encoded(cmyk, "JPEG", quality=95)
    assert b"Adobe" in adobe  # inverted, as Photoshop does
    assert distance(open_picture(adobe), Image.new("RGB", (16, 16), (255, 0, 0))) < 6
    assert distance(open_picture(encoded(cmyk, "TIFF")), Image.new("RGB", (16, 16), (255, 0, 0))) < 6


def test_ycck_as_adobe_writes_it():
    stored = Image.new("CMYK", (16, 16), (76, 84, 254, 0))  # what the three colours of red become in YCC, inverted
    data = bytearray(encoded(stored, "JPEG", quality=100, subsampling=0))
    marker = data.index(b"Adobe")
    assert data[marker + 11] == 0
    data[marker + 11] = 2  # colour transform: YCCK
    assert distance(open_picture(bytes(data)), Image.new("RGB", (16, 16), (255, 0, 0))) < 6


@pytest.mark.parametrize("format_", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_greys_are_scaled_not_clipped(format_):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    shown = np.asarray(open_picture(encoded(Image.fromarray(ramp), format_)))
    assert np.abs(shown[..., 0].astype(int) - np.arange(256).reshape(16, 16)).max() <= 1
    assert (shown[..., 0] == shown[..., 2]).all()


def test_sixteen_bit_colour_keeps_its_range():
    values = struct.pack(">6H", 65535, 32768, 0, 0, 257, 65535)
    shown = open_picture(b"P6 2 1 65535\n" + values)
    assert distance(shown, np.array([[[255, 128, 0], [0, 1, 255]]])) <= 1


def test_floats_and_wide_integers():
    unit = Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8))
    assert np.asarray(open_picture(encoded(unit, "TIFF")))[..., 0].ravel()[[0, 32, 63]].tolist() == [
        0,
        130,
        255,
    ]
    wild = np.linspace(-5000, 90000, 64, dtype=np.float32).reshape(8, 8)
    wild[0, 1], wild[0, 2] = np.nan, np.inf
    levels = np.asarray(open_picture(encoded(Image.fromarray(wild), "TIFF")))[..., 0].ravel()
    assert levels[[0, 1, 2, 63]].tolist() == [0, 0, 255, 255]
    blank = Image.fromarray(np.full((4, 4), np.nan, np.float32))
    assert open_picture(encoded(blank, "TIFF")).getpixel((0, 0)) == (0, 0, 0)
    integers = Image.fromarray(np.linspace(-10, 1_000_000, 64).astype(np.int32).reshape(8, 8))
    assert np.asarray(open_picture(encoded(integers, "TIFF")))[..., 0].ravel()[[0, 63]].tolist() == [0, 255]


@pytest.mark.parametrize("extension", sorted(set(PICTURE_FILES) - {"dng"}))
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_half_a_picture_is_no_picture(tmp_path, extension, share):
    data = PICTURE_FILES[extension]
    path = write(tmp_path, f"a.{extension}", data[: int(len(data) * share)])
    try:
        shown = open_picture(path)
    except FileError:
        return
    # Only what lies behind the first frame's pixels may be missing.
    assert extension in ("apng", "gif", "tiff", "png")
    assert shown.tobytes() == open_picture(data).tobytes()


def test_tiny_and_long_pictures(tmp_path):
    assert load_picture(write(tmp_path, "a.png", encoded(Image.new("RGB", (1, 1)), "PNG"))).payload["width"] == 1
    for size in ((5000, 1), (1, 5000)):
        loaded = load_picture(write(tmp_path, "a.png", encoded(Image.new("RGB", size), "PNG")))
        assert (loaded.payload["width"], loaded.payload["height"]) == size
        assert max(Image.open(io.BytesIO(loaded.thumbnail)).size) == 384


def test_large_jpegs_are_decoded_scaled_and_stay_large_enough(tmp_path):
    large = gradient((2400, 1600))
    path = write(tmp_path, "a.jpg", encoded(large, "JPEG", quality=90))
    small = open_picture(path, at_least=150)
    assert 150 <= small.height < 800
    assert distance(small, large.resize(small.size)) < 3
    assert open_picture(path).size == (2400, 1600)
    payload = load_picture(path).payload
    assert (payload["width"], payload["height"]) == (2400, 1600)
    full = SPEC.size, SPEC.size
    direct = large.crop((400, 0, 2000, 1600)).resize(full, Image.Resampling.BICUBIC)
    assert distance(load_picture(path).items[0].content, direct) < 3


def test_open_picture_takes_bytes_streams_and_paths(tmp_path):
    data = PICTURE_FILES["png"]
    path = write(tmp_path, "a.png", data)
    shown = [open_picture(source) for source in (path, data, io.BytesIO(data))]
    assert all(distance(picture, shown[0]) == 0 for picture in shown)
    with pytest.raises(FileError, match="known format"):
        open_picture(b"")
    with pytest.raises(FileError, match=r"missing\.png is gone"):
        open_picture(tmp_path / "missing.png")


def test_warnings_stay_inside_load(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "x" * 50
    broken = encoded(gradient(), "JPEG", exif=exif.tobytes()[:-30])
    path = write(tmp_path, "a.jpg", broken)
    before = list(warnings.filters)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load_picture(path)
    assert caught == []
    assert warnings.filters == before


def test_thumbnails_shrink_and_never_grow():
    shown = Image.open(io.BytesIO(make_thumbnail(gradient((1000, 500)))))
    assert (shown.format, shown.size) == ("JPEG", (384, 192))
    assert Image.open(io.BytesIO(make_thumbnail(gradient((20, 10))))).size == (20, 10)
    assert Image.open(io.BytesIO(make_thumbnail(gradient((1000, 500)), side=100))).size == (100, 50)


def test_supported_goes_by_the_extension_alone(tmp_path):
    assert supported(tmp_path / "NO.SUCH.JPG") == "image"
    assert supported(tmp_path / "a.docx") == "document"
    assert [supported(tmp_path / name) for name in ("a", ".jpg", "a.mkv", "a.", "jpg")] == [None] * 5
    assert all(extension == extension.lower() for extension in EXTENSIONS)
