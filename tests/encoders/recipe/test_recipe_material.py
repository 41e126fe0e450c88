"""What the recipe reads and keeps: packages, captions, emoji, clip art, the split, features."""

import io
import json
import subprocess
import tarfile

import numpy as np
import pytest
from PIL import Image

from encoders.errors import ModelError
from encoders.fingerprint import file_sha256
from encoders.picture import PictureSpec
from encoders.recipe import packages
from encoders.recipe.drawings import Drawing, captions_of, full_caption, render, tidy
from encoders.recipe.emoji import emoji_names, read_emoji
from encoders.recipe.features import augmented, compute_features
from encoders.recipe.open_clipart import read_open_clipart
from encoders.recipe.packages import Package, fetch
from encoders.recipe.split import group_drawings, hold_out


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("Red_Fox-01.svg", "red fox"),
        ("blackCat.png", "black cat"),
        ("a.b/c", "a b c"),
        ("2004", ""),
        ("  Tea  cup ", "tea cup"),
    ],
)
def test_names_become_words(raw, words):
    assert tidy(raw) == words


def test_every_way_to_say_it_is_a_caption_once():
    drawing = Drawing("s", "k", "cat", ("animal", "cat", "pet"), "", ("cat (animals)",))
    assert captions_of(drawing) == ("cat", "animal, cat, pet", "cat: animal, cat, pet", "cat (animals)", "animal", "pet")
    assert full_caption(Drawing("s", "k", "", ("a", "b"), "")) == "a, b"


def test_a_drawing_with_holes_stands_on_white(tmp_path):
    picture = Image.new("RGBA", (1200, 300))
    picture.paste((255, 0, 0, 255), (0, 0, 600, 300))
    picture.save(tmp_path / "half.png")
    image = render(Drawing("s", "k", "half", (), tmp_path / "half.png"))
    assert (image.mode, image.size) == ("RGB", (600, 150))
    assert image.getpixel((10, 10)) == (255, 0, 0)
    assert image.getpixel((590, 10)) == (255, 255, 255)


def test_svg_is_drawn():
    pytest.importorskip("resvg_py")
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1" width="2" height="1"><rect width="1" height="1"/></svg>'
    image = render(Drawing("s", "k", "left", (), svg))
    assert image.size == (280, 140)
    assert image.getpixel((20, 70)) == (0, 0, 0)
    assert image.getpixel((260, 70)) == (255, 255, 255)


@pytest.fixture
def emoji_packages(tmp_path):
    """The five packages that emoji come from, with one cat, one dark hand, one unnamed thing."""
    root = tmp_path / "packages"
    annotations = {"annotations": {"🐈": {"tts": ["cat"], "default": ["pet"]}, "❤️": {"tts": ["red heart"]}}}
    write_json(root / "cldr-annotations-full/package/annotations/en/annotations.json", {"annotations": annotations})
    derived = {"annotations": {"✋🏿": {"tts": ["raised hand: dark skin tone"]}}}
    write_json(
        root / "cldr-annotations-derived-full/package/annotationsDerived/en/annotations.json", {"annotationsDerived": derived}
    )
    for name, chars in (
        ("iconify-json_noto", {"1f408": "cat", "2764": "heart", "270b-1f3ff": "hand", "1f9ff": "amulet"}),
        ("iconify-json_twemoji", {"1f408": "cat", "1f408-fe0f": "cat"}),
        ("iconify-json_fluent-emoji-flat", {"2764-fe0f": "love"}),
    ):
        icons = {"cat": {"body": "<g/>"}, "heart": {"body": "<b/>", "width": 7}, "hand": {"body": ""}, "amulet": {"body": ""}}
        write_json(root / name / "package/icons.json", {"icons": icons, "aliases": {"love": {"parent": "heart"}}, "height": 32})
        write_json(root / name / "package/chars.json", chars)
    assets = root / "lobehub_fluent-emoji-3d/package/assets"
    assets.mkdir(parents=True)
    Image.new("RGBA", (8, 8), "red").save(assets / "1f408.webp")
    return root


def test_emoji_are_read_from_every_set_without_skin_tones(emoji_packages):
    found = [(one.source, one.key, one.name, one.keywords) for one in read_emoji(emoji_packages)]
    assert found == [
        ("@iconify-json/noto", "1f408", "cat", ("pet",)),
        ("@iconify-json/noto", "2764", "red heart", ()),
        ("@iconify-json/twemoji", "1f408", "cat", ("pet",)),
        ("@iconify-json/fluent-emoji-flat", "2764", "red heart", ()),
        ("@lobehub/fluent-emoji-3d", "1f408", "cat", ("pet",)),
    ]
    heart = read_emoji(emoji_packages)[1].picture
    assert 'viewBox="0 0 7 32"' in heart
    assert emoji_names(emoji_packages, "xx") == {}


def test_clip_art_takes_its_title_or_else_its_file_s_name(tmp_path):
    root = tmp_path / "packages"
    rdf = (
        '<svg xmlns="http://www.w3.org/2000/svg"><metadata><RDF xmlns="rdf"><Work xmlns="cc"><title>{}</title>'
        "<subject><Bag>{}</Bag></subject></Work></RDF></metadata></svg>"
    )
    for inner, title, keywords in (
        ("animals/red_fox", "Clipart by nobody - Fox", ("animal", "hash", "0x1f", "clip art")),
        ("signs/stop_01", "Signs Collection", ("sign",)),
        ("unsorted/01", "", ()),
        ("unsorted/lost", "No picture", ()),
    ):
        svg = root / f"openclipart-svg/usr/share/openclipart/svg/{inner}.svg"
        svg.parent.mkdir(parents=True, exist_ok=True)
        svg.write_text(rdf.format(title, "".join(f"<li>{one}</li>" for one in keywords)))
        png = root / f"openclipart-png/usr/share/openclipart/png/{inner}.png"
        png.parent.mkdir(parents=True, exist_ok=True)
        if "lost" not in inner:
            Image.new("RGB", (4, 4)).save(png)
    found = {one.key: (one.name, one.keywords, one.more) for one in read_open_clipart(root)}
    assert found == {
        "animals/red_fox": ("fox", ("animal",), ("fox (animals)",)),
        "signs/stop_01": ("stop", ("sign",), ("stop (signs)",)),
    }


def test_namesakes_and_look_alikes_are_one_group():
    names = ["cat", "Cat!", "dog", "hound", "bird"]
    drawings = [Drawing("s", str(place), name.lower(), (), "") for place, name in enumerate(names)]
    features = np.random.default_rng(0).normal(0, 1, (5, 40)).astype(np.float16)
    features[3] = features[2] * 1.01
    groups = group_drawings(drawings, features)
    assert groups[0] == groups[1]
    assert groups[2] == groups[3]
    assert len(set(groups.tolist())) == 3


def test_whole_groups_are_held_out_and_series_never():
    groups = np.repeat(np.arange(60), 3)
    groups[:30] = 99
    train, held = hold_out(groups, 40, seed=0)
    assert len(set(train.tolist()) | set(held.tolist())) == len(train) + len(held)
    assert len(held) == 40
    assert not set(groups[train]) & set(groups[held]), "nobody straddles"
    assert 99 not in groups[held]


class Mean:
    """A network that answers with the mean colour, and counts."""

    def __init__(self):
        self.pictures = 0

    def __call__(self, pixels):
        self.pictures += len(pixels)
        return pixels.reshape(len(pixels), -1, 3).mean(1).astype(np.float32) + 1


def drawing_files(folder, count):
    drawings = []
    for place in range(count):
        path = folder / f"{place}.png"
        Image.new("RGB", (1 + 7 * place, 20), (20 * place, 0, 0)).save(path)
        drawings.append(Drawing("s", str(place), str(place), (), path))
    return drawings


def test_features_are_kept_and_go_on_where_they_stopped(tmp_path):
    drawings, spec = drawing_files(tmp_path, 6), PictureSpec(16, "pad")
    whole = compute_features("one", drawings, Mean(), spec, 2, tmp_path)
    assert whole.shape == (6, 3, 3)
    again = Mean()
    compute_features("one", drawings, again, spec, 2, tmp_path)
    assert again.pictures == 0

    class Stopped(Mean):
        def __call__(self, pixels):
            if self.pictures >= 8:
                raise KeyboardInterrupt
            return super().__call__(pixels)

    with pytest.raises(KeyboardInterrupt):
        compute_features("two", drawings, Stopped(), spec, 2, tmp_path)
    rest = Mean()
    resumed = compute_features("two", drawings, rest, spec, 2, tmp_path)
    assert np.array_equal(resumed, whole)
    assert 8 < rest.pictures < 18


def test_a_drawing_that_cannot_be_read_stops_the_recipe(tmp_path):
    drawings = drawing_files(tmp_path, 2)
    drawings[1].picture.write_bytes(b"no picture")
    with pytest.raises(OSError, match="cannot identify"):
        compute_features("bad", drawings, Mean(), PictureSpec(16), 0, tmp_path)


@pytest.mark.parametrize("size", [(1, 1), (2, 900), (300, 300)])
def test_drawings_of_any_size_can_be_augmented(size):
    for seed in range(20):
        assert augmented(Image.new("RGB", size, "red"), 32, np.random.default_rng(seed)).shape == (32, 32, 3)


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A package that `npm pack` would fetch, and a registry that has it."""
    made = tmp_path / "made.tgz"
    with tarfile.open(made, "w:gz") as tar:
        entry = tarfile.TarInfo("package/hello.txt")
        entry.size = 5
        tar.addfile(entry, io.BytesIO(b"hello"))
    package = Package("@some/thing", "npm", "1.0.0", file_sha256(made), "MIT")
    monkeypatch.setitem(packages.PACKAGES, package.name, package)
    calls = []

    def run(command, cwd, **_):
        calls.append(command)
        (cwd / "thing-1.0.0.tgz").write_bytes(made.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr("encoders.recipe.packages.subprocess.run", run)
    monkeypatch.setattr("encoders.recipe.packages.shutil.which", lambda name: f"/bin/{name}")
    return made, calls


def test_a_package_is_fetched_once(archive, tmp_path):
    place = fetch("@some/thing", tmp_path / "kept")
    assert (place / "package/hello.txt").read_text() == "hello"
    assert fetch("@some/thing", tmp_path / "kept") == place
    assert archive[1] == [["npm", "pack", "--silent", "@some/thing@1.0.0"]]


def test_another_archive_than_the_recipe_s_is_refused(archive, tmp_path):
    archive[0].write_bytes(archive[0].read_bytes() + b"x")
    with pytest.raises(ModelError, match="another archive"):
        fetch("@some/thing", tmp_path / "kept")
    assert not (tmp_path / "kept/some_thing").exists()


def test_the_package_tool_s_own_words_are_told(archive, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "encoders.recipe.packages.subprocess.run", lambda command, **_: subprocess.CompletedProcess(command, 1, "", "E404 gone")
    )
    with pytest.raises(ModelError, match=r"@some/thing 1\.0\.0 cannot be fetched: E404 gone"):
        fetch("@some/thing", tmp_path / "kept")
    monkeypatch.setattr("encoders.recipe.packages.shutil.which", lambda name: None)
    with pytest.raises(ModelError, match="needs the program npm"):
        fetch("@some/thing", tmp_path / "kept")
