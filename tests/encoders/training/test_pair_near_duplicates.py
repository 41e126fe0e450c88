"""Near-duplicates share a group: scaled, re-compressed and re-coloured copies do, other pictures do not."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from encoders.training.near_duplicates import group_near_duplicates, near_pictures
from encoders.training.pairs import Pair, PairSet


def scene(seed, size=(160, 120)):
    """A picture of random shapes."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", size, tuple(rng.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    for _ in range(7):
        x, y = rng.integers(0, size[0]), rng.integers(0, size[1])
        w, h = rng.integers(15, 80, 2)
        draw.ellipse([x - w, y - h, x + w, y + h], fill=tuple(rng.integers(0, 256, 3).tolist()))
    return image


def icon(seed):
    """A few thin lines on white: what chains together by hashes alone."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (64, 64), "white")
    draw = ImageDraw.Draw(image)
    for _ in range(3):
        draw.line(rng.integers(8, 56, 4).tolist(), fill="black", width=4)
    return image


def small(image):
    return np.asarray(image.convert("RGB").resize((32, 32), Image.Resampling.BOX))


def jpeg(image, quality):
    data = io.BytesIO()
    image.save(data, "JPEG", quality=quality)
    return Image.open(data)


def pairs_of(folder, images, **fields):
    made = []
    for number, (name, image) in enumerate(images.items()):
        image.save(folder / name)
        made.append(Pair(f"query {number}", folder / name, name, **fields.get(name.partition(".")[0], {})))
    return PairSet("made", tuple(made))


@pytest.mark.parametrize("make", [scene, icon])
def test_copies_are_found_and_nothing_else_is(make):
    originals = [make(seed) for seed in range(150)]
    copies = [
        *(image.resize((image.width // 2, image.height // 2), Image.Resampling.LANCZOS) for image in originals[:50]),
        *(jpeg(image, 40) for image in originals[50:100]),
        *(image.resize((300, 200)) for image in originals[100:]),
    ]
    found = set(near_pictures(np.stack([small(image) for image in [*originals, *copies]])))
    true = {(number, number + 150) for number in range(150)}
    assert len(found & true) >= 147
    assert len(found - true) <= 2


def test_the_quick_way_finds_what_comparing_all_finds():
    """Held against looking at every pair."""
    from encoders.training.near_duplicates import _BITS, _hashes

    copies = np.stack([small(scene(seed % 40).rotate(seed // 40)) for seed in range(120)])
    hashes = _hashes(copies)
    close = {(i, j) for i in range(120) for j in range(i + 1, 120) if bin(int(hashes[i]) ^ int(hashes[j])).count("1") <= _BITS}
    coarse = copies.reshape(120, 16, 2, 16, 2, 3).mean(axis=(2, 4)).reshape(120, -1)
    near = {
        (i, j)
        for i, j in close
        if np.sqrt(np.mean((coarse[i] - coarse[j]) ** 2)) <= max(2.0, 0.25 * min(coarse[i].std(), coarse[j].std()))
    }
    assert near and set(near_pictures(copies)) == near


def test_copies_share_a_group_and_given_groups_are_kept(tmp_path):
    images = {
        "a.png": scene(1), "b.jpg": scene(1).resize((90, 70)), "c.png": scene(2), "d.png": scene(3), "e.webp": scene(3),
        "f.png": scene(4),
    }  # fmt: skip
    grouped = group_near_duplicates(pairs_of(tmp_path, images, d={"group": "mine"}, f={"group": "other"}))
    assert [pair.group for pair in grouped.pairs] == ["near a.png", "near a.png", "", "mine", "mine", "other"]
    assert [pair.query for pair in grouped.pairs] == [f"query {n}" for n in range(6)]


def test_a_split_after_grouping_separates_no_copies(tmp_path):
    images = {f"{seed}{end}": scene(seed) for seed in range(10) for end in (".png", ".jpg")}
    train, held = group_near_duplicates(pairs_of(tmp_path, images)).split(0.4)
    seeds = [{path.stem for path in side.items.values()} for side in (train, held)]
    assert not seeds[0] & seeds[1] and len(held.pairs) == 8


def test_texts_that_differ_in_nothing_that_matters_and_pictures_that_ask(tmp_path):
    scene(1).save(tmp_path / "ask.png")
    scene(1).resize((80, 60)).save(tmp_path / "again.png")
    pairs = (
        Pair("q1", "The red fox.", "1"), Pair("q2", "the  RED-fox", "2"), Pair("q3", "the red box", "3"),
        Pair(tmp_path / "ask.png", "x", "4"), Pair(tmp_path / "again.png", "y", "5"), Pair("q1", "z", "6"),
    )  # fmt: skip
    groups = [pair.group for pair in group_near_duplicates(PairSet("mixed", pairs)).pairs]
    assert groups == ["near 1", "near 1", "", "near 4", "near 4", ""]


def test_a_picture_that_cannot_be_decoded_is_named(tmp_path):
    pairs = pairs_of(tmp_path, {"a.png": scene(1), "b.png": scene(2)})
    whole = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(whole[: len(whole) // 2])
    grouped = group_near_duplicates(pairs)
    assert [pair.item_id for pair in grouped.pairs] == ["a.png"]
    assert [each.where for each in grouped.refused] == [str(tmp_path / "b.png")]
