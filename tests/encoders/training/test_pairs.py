"""Pairs: what is refused, what is one item, and that a split never separates what belongs together."""

import pytest

from encoders.errors import FileError, InputError
from encoders.training.pairs import Pair, PairSet


def make(count, group=lambda number: "", item=str):
    pairs = (Pair(f"query {n}", f"item {item(n)}", item(n), group=group(n)) for n in range(count))
    return PairSet("made", tuple(pairs))


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_weight_is_a_number_above_zero(weight):
    with pytest.raises(InputError, match=r"above 0"):
        Pair("a", "b", "1", weight=weight)


@pytest.mark.parametrize("fields", [("", "b", "1"), ("a", " \n", "1"), ("a", "b", "")])
def test_nothing_is_no_pair(fields):
    with pytest.raises(InputError, match=r"empty text|without an id"):
        Pair(*fields)


def test_items_keep_the_order_in_which_they_came_and_one_id_is_one_item():
    pairs = PairSet("three", (Pair("a", "x", "2"), Pair("b", "y", "1"), Pair("c", "x", "2")))
    assert dict(pairs.items) == {"2": "x", "1": "y"} and list(pairs.items) == ["2", "1"]
    with pytest.raises(InputError, match="'2' stands for 'x' and for 'other'"):
        PairSet("bad", (*pairs.pairs, Pair("d", "other", "2")))


def test_a_text_and_a_picture_of_the_same_name_are_two_contents(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    with pytest.raises(InputError, match="stands for"):
        PairSet("bad", (Pair("q", str(tmp_path / "a"), "1"), Pair("q", tmp_path / "a", "1")))


def test_the_split_is_by_group_complete_and_repeatable():
    pairs = make(200, group=lambda n: f"g{n // 4}" if n < 100 else "")
    train, held = pairs.split(0.2, seed=3)
    assert set(train.pairs) | set(held.pairs) == set(pairs.pairs) and not set(train.pairs) & set(held.pairs)
    assert len(held.pairs) == 40
    assert not {p.group for p in train.pairs if p.group} & {p.group for p in held.pairs if p.group}
    again = pairs.split(0.2, seed=3)
    assert again[1].pairs == held.pairs and pairs.split(0.2, seed=4)[1].pairs != held.pairs


def test_the_order_of_the_pairs_does_not_decide_who_is_held_out():
    pairs = make(60, group=lambda n: f"g{n // 3}")
    turned = PairSet("turned", pairs.pairs[::-1])
    assert set(pairs.split(0.3)[1].pairs) == set(turned.split(0.3)[1].pairs)


def test_captions_of_one_item_and_groups_that_share_an_item_stay_together():
    captions = make(60, item=lambda n: str(n // 3))
    train, held = captions.split(0.25)
    assert not set(train.items) & set(held.items) and len(held.pairs) == 15
    # 0 and 1 share item "x", 1 and 2 share group "b": all three are one
    chain = tuple(
        Pair(f"q{n}", f"t{i}", i, group=g) for n, (i, g) in enumerate([("x", "a"), ("x", "b"), ("y", "b"), ("z", "c")])
    )
    train, held = PairSet("chain", chain).split(0.5)
    assert sorted([len(train.pairs), len(held.pairs)]) == [1, 3]


def test_a_group_too_large_for_the_held_out_side_is_passed_over():
    pairs = make(100, group=lambda n: "huge" if n < 80 else "")
    assert len(pairs.split(0.1)[1].pairs) == 10
    assert len(make(10, group=lambda n: f"half {n % 2}").split(0.1)[1].pairs) == 5  # none fits: the smallest


@pytest.mark.parametrize("part", [0, 1, -0.5, 20])
def test_the_held_out_part_is_a_fraction(part):
    with pytest.raises(InputError, match="between 0 and 1"):
        make(10).split(part)


@pytest.mark.parametrize("pairs", [make(0), make(1), make(9, group=lambda n: "one")])
def test_a_side_without_pairs_is_refused(pairs):
    with pytest.raises(InputError, match="cannot be split"):
        pairs.split(0.5)


def test_the_fingerprint_is_of_contents_not_of_places(tmp_path):
    for folder, data in (("one", b"pixels"), ("two", b"pixels"), ("three", b"others")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(data)
    one, two, three = (PairSet("s", (Pair("q", tmp_path / f / "a.png", "1"),)).fingerprint for f in ("one", "two", "three"))
    assert one == two != three


@pytest.mark.parametrize("change", [{"weight": 2}, {"group": "g"}, {"item_id": "3"}, {"query": "b"}, {"negatives": ("9",)}])
def test_the_fingerprint_sees_every_field(change):
    fields = {"query": "a", "item": "x", "item_id": "1"}
    assert PairSet("s", (Pair(**fields),)).fingerprint != PairSet("s", (Pair(**fields | change),)).fingerprint


def test_a_picture_that_went_away_has_no_fingerprint(tmp_path):
    with pytest.raises(FileError, match=r"gone\.png"):
        _ = PairSet("s", (Pair("q", tmp_path / "gone.png", "1"),)).fingerprint
