"""Training data on disk: what is understood, and that a bad row costs itself only and is named."""

import json
from pathlib import Path

import pytest

from encoders.errors import InputError
from encoders.training.pair_files import read_pairs, write_pairs
from encoders.training.pairs import Pair, PairSet


def write(path, *lines, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [line if isinstance(line, str) else json.dumps(line, ensure_ascii=False) for line in lines]
    path.write_bytes("".join(row + "\n" for row in rows).encode(encoding))
    return path


def told(pairs):
    return [(pair.query, pair.item) for pair in pairs.pairs]


def places(pairs, folder):
    return [each.where.removeprefix(f"{folder}/") for each in pairs.refused]


def write_parquet(path, rows):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    return path


# --- tables


def test_a_table_of_texts_with_every_column(tmp_path):
    table = write(
        tmp_path / "pairs.csv",
        "query,item,id,weight,group,negatives,ignored",
        'a red fox,"Foxes, all of them",f1,2.5,dogs,h1 h2,x',
        "a heron,Herons wade.,h1,,,,",
    )
    pairs = read_pairs([table])
    assert pairs.refused == () and pairs.name == "pairs.csv"
    assert pairs.pairs == (
        Pair("a red fox", "Foxes, all of them", "f1", 2.5, "dogs", ("h1", "h2")),
        Pair("a heron", "Herons wade.", "h1"),
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_spreadsheets_write_csv_in_their_own_ways(tmp_path, separator, encoding):
    rows = [["item", "query"], ["Fuchs, rot; groß", "füchse"], ['say ""hi""\nand go', "two lines"]]
    text = [separator.join(f'"{cell}"' for cell in row) for row in rows]
    pairs = read_pairs([write(tmp_path / "pairs.csv", *text, encoding=encoding)])
    assert told(pairs) == [("füchse", "Fuchs, rot; groß"), ("two lines", 'say "hi"\nand go')]
    assert pairs.refused == ()


def test_bad_rows_of_a_csv_are_named_with_their_lines(tmp_path):
    table = tmp_path / "pairs.csv"
    table.write_bytes(
        b"query,item,weight\n"  # 1
        b'good,"two\nlines",1\n'  # 2, 3
        b",no query,1\n"  # 4
        b"no item,,1\n"  # 5
        b"heavy,thing,heavy\n"  # 6
        b"nothing,thing,0\n"  # 7
        b"un, quoted, comma,1\n"  # 8
        b"caf\xe9,latin,1\n"  # 9
        b'"broken" quote,thing,1\n'  # 10
        b"\n"  # 11
        b"good,again,\n"  # 12
        b'open,"never closed,1\n'  # 13
        b"lost,row,1\n"
    )
    pairs = read_pairs([table])
    assert told(pairs) == [("good", "two\nlines"), ("good", "again")]
    assert places(pairs, tmp_path) == [f"pairs.csv, line {n}" for n in (4, 5, 6, 7, 8, 9, 10, 13)]
    reasons = [each.why for each in pairs.refused]
    for reason, word in zip(
        reasons, ["query is empty", "item is empty", "'heavy'", "'0'", "quotes", "UTF-8", "CSV", "never closes"], strict=True
    ):
        assert word in reason


def test_bad_lines_of_a_jsonl_are_named(tmp_path):
    table = tmp_path / "pairs.jsonl"
    good = {"query": "a", "item": "b"}
    write(table, good, "{not json", '["a list"]', {"query": 5, "item": "b"}, {"query": "a"}, "", {**good, "weight": -1})
    with table.open("ab") as file:
        file.write(b'{"query": "caf\xe9", "item": "b"}\n{"query": "\\ud800", "item": "b"}\n' + b"[" * 100_000 + b"\n")
        file.write(json.dumps({"query": "a", "item": "b", "weight": True}).encode())
    pairs = read_pairs([table])
    assert told(pairs) == [("a", "b")]
    assert places(pairs, tmp_path) == [f"pairs.jsonl, line {n}" for n in (2, 3, 4, 5, 7, 8, 9, 10, 11)]


def test_a_parquet_is_read_as_the_same_rows(tmp_path):
    rows = [{"query": "a", "item": "b", "id": 7, "negatives": ["8"]}, {"query": None, "item": "c", "id": 8, "negatives": None}]
    pairs = read_pairs([write_parquet(tmp_path / "pairs.parquet", rows)])
    assert pairs.pairs == (Pair("a", "b", "7", negatives=("8",)),)
    assert places(pairs, tmp_path) == ["pairs.parquet, row 2"]
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 not")
    with pytest.raises(InputError, match=r"bad\.parquet cannot be read as Parquet"):
        read_pairs([tmp_path / "bad.parquet"])


def test_the_names_of_sentence_transformers_are_understood(tmp_path):
    table = write(
        tmp_path / "triples.jsonl",
        {"anchor": "fox", "positive": "Foxes.", "negative_1": "Herons.", "negative_2": "Eels."},
        {"anchor": "heron", "positive": "Herons.", "negative_1": "Foxes."},
    )
    pairs = read_pairs([table])
    names = {content: name for name, content in pairs.items.items()}
    assert pairs.pairs[0].negatives == (names["Herons."], names["Eels."])
    assert pairs.pairs[1].negatives == (names["Foxes."],)
    assert list(pairs.items.values()) == ["Foxes.", "Herons.", "Eels."]
    assert [content for _, content in pairs.others] == ["Eels."]


def test_both_names_for_one_thing_are_one_too_many(tmp_path):
    table = write(tmp_path / "p.jsonl", {"query": "a", "anchor": "b", "item": "c"}, {"query": "a", "item": "c"})
    assert "query and anchor" in read_pairs([table]).refused[0].why


def test_pictures_of_a_table_lie_below_it_or_are_absolute(tmp_path, write_picture):
    fox = write_picture(tmp_path / "data" / "deep" / "fox.png", "red")
    outside = write_picture(tmp_path / "outside.png", "blue")
    table = write(
        tmp_path / "data" / "pairs.csv",
        "query,image",
        "a fox,deep/fox.png",
        f"outside,{outside}",
        "sneaky,../outside.png",
        "gone,deep/gone.png",
        "no picture,pairs.csv",
    )
    pairs = read_pairs([table])
    assert told(pairs) == [("a fox", fox), ("outside", outside)]
    assert all(word in each.why for word, each in zip(["leads out", "not there", "not a picture"], pairs.refused, strict=True))


# --- folders of pictures


def test_a_folder_with_captions_beside_the_pictures(tmp_path, write_picture):
    fox = write_picture(tmp_path / "fox.png", "red")
    eel = write_picture(tmp_path / "water" / "eel.JPG", "blue")
    write_picture(tmp_path / ".cache" / "hidden.png", "green")
    write(tmp_path / "fox.txt", "a red fox", "", "  an animal  ", encoding="utf-8-sig")
    write(tmp_path / "water" / "eel.txt", "an eel")
    pairs = read_pairs([tmp_path])
    assert told(pairs) == [("a red fox", fox), ("an animal", fox), ("an eel", eel)]
    assert len(pairs.items) == 2 and pairs.refused == ()


def test_what_is_wrong_in_a_folder_is_named(tmp_path, write_picture):
    for name in ("good", "empty", "lonely", "latin"):
        write_picture(tmp_path / f"{name}.png", "red")
    (tmp_path / "broken.jpg").write_bytes(b"no picture")
    for name, text in (
        ("good", b"good\n"),
        ("empty", b" \n"),
        ("latin", b"fine\ncaf\xe9\n"),
        ("broken", b"x"),
        ("orphan", b"x"),
    ):
        (tmp_path / f"{name}.txt").write_bytes(text)
    pairs = read_pairs([tmp_path])
    assert [query for query, _ in told(pairs)] == ["good", "fine"]
    assert places(pairs, tmp_path) == ["broken.jpg", "empty.txt", "latin.txt, line 2", "lonely.png", "orphan.txt"]


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_metadata_file_as_imagefolder_has_it(tmp_path, write_picture, kind):
    fox, eel = (
        write_picture(tmp_path / "train" / name, colour) for name, colour in (("a/fox.png", "red"), ("eel.png", "blue"))
    )
    rows = [{"file_name": "a/fox.png", "text": "a fox"}, {"file_name": "eel.png", "text": "an eel"},
            {"file_name": "gone.png", "text": "gone"}, {"file_name": "../up.png", "text": "up"},
            {"file_name": str(fox), "text": "absolute"}, {"file_name": "eel.png", "text": ""}]  # fmt: skip
    path = tmp_path / "train" / f"metadata.{kind}"
    if kind == "csv":
        write(path, "file_name,text", *(f"{row['file_name']},{row['text']}" for row in rows))
    elif kind == "jsonl":
        write(path, *rows)
    else:
        write_parquet(path, rows)
    pairs = read_pairs([tmp_path])
    assert told(pairs) == [("a fox", fox), ("an eel", eel)]
    reasons = [each.why for each in pairs.refused]
    assert [word in why for word, why in zip(["not there", "leads out", "leads out", "empty"], reasons, strict=True)] == [
        True
    ] * 4


def test_metadata_may_hold_several_captions_a_picture(tmp_path, write_picture):
    write_picture(tmp_path / "fox.png", "red")
    row = {"file_name": "fox.png", "text": ["a fox", "", "an animal"], "group": 3, "weight": 2, "id": "f"}
    pairs = read_pairs([write(tmp_path / "metadata.jsonl", row, {"file_name": "fox.png", "text": []}).parent])
    assert [(p.query, p.item_id, p.weight, p.group) for p in pairs.pairs] == [
        ("a fox", "f", 2, "3"),
        ("an animal", "f", 2, "3"),
    ]
    assert [each.why for each in pairs.refused] == ["the text is empty"] * 2


def test_the_same_bytes_at_two_places_are_one_item(tmp_path, write_picture):
    fox = write_picture(tmp_path / "fox.png", "red")
    copy = tmp_path / "zcopy.png"
    copy.write_bytes(fox.read_bytes())
    write(tmp_path / "fox.txt", "a fox")
    write(tmp_path / "zcopy.txt", "the same fox")
    pairs = read_pairs([tmp_path])
    assert told(pairs) == [("a fox", fox), ("the same fox", fox)] and len(pairs.items) == 1


# --- sources


def test_sources_merge_and_what_contradicts_is_refused(tmp_path):
    one = write(tmp_path / "one.jsonl", {"query": "a", "item": "x", "id": 1}, {"query": "b", "item": "y", "id": 2})
    two = write(tmp_path / "two.jsonl", {"query": "a", "item": "x", "id": "1"}, {"query": "c", "item": "z", "id": 2},
                {"query": "d", "item": "x", "id": 1})  # fmt: skip
    pairs = read_pairs([one, str(two)])
    assert told(pairs) == [("a", "x"), ("b", "y"), ("d", "x")] and pairs.name == "one.jsonl, two.jsonl"
    again, other = pairs.refused
    assert again.where == f"{two}, line 1" and f"already given by {one}, line 1" in again.why
    assert other.where == f"{two}, line 2" and "'2' already stands for another item" in other.why


def test_sources_that_are_none(tmp_path):
    good = write(tmp_path / "good.jsonl", {"query": "a", "item": "b"})
    (tmp_path / "notes.docx").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    write(tmp_path / "bad.jsonl", *["{"] * 9)
    write(tmp_path / "header.csv", "question,answer", "a,b")
    for name, said in {"gone.csv": "not there", "notes.docx": "metadata.csv", "empty": "empty"}.items():
        with pytest.raises(InputError, match=said):
            read_pairs([good, tmp_path / name])
    with pytest.raises(InputError, match=r"bad\.jsonl, line 1: it is not JSON(.|\n)*and 4 more"):
        read_pairs([good, tmp_path / "bad.jsonl"])
    with pytest.raises(InputError, match="no column item or positive or image"):
        read_pairs([tmp_path / "header.csv"])
    for nothing in ([], str(good), good):
        with pytest.raises(InputError, match="list of sources"):
            read_pairs(nothing)


def test_what_is_written_is_what_is_read(tmp_path, write_picture):
    fox = write_picture(tmp_path / "pictures" / "fox.png", "red")
    eel = write_picture(tmp_path / "pictures" / "eel.png", "blue")
    pairs = PairSet(
        "made",
        (
            Pair("naïve\nfox", fox, "1", 0.5, "g", ("2", "3")),
            Pair(eel, "an eel", "2"),
        ),
        others=(("3", "a heron"), ("4", eel)),
    )
    path = tmp_path / "out" / "pairs.jsonl"
    with pytest.raises(InputError, match="cannot be written"):
        write_pairs(pairs, path)
    path.parent.mkdir()
    write_pairs(pairs, path)
    again = read_pairs([path])
    assert (again.pairs, again.others, again.refused) == (pairs.pairs, pairs.others, ())
    assert again.fingerprint == pairs.fingerprint
    assert [each.name for each in path.parent.iterdir()] == ["pairs.jsonl"]


# --- judgements


def test_judgements_become_pairs_with_their_wrong_answers(tmp_path):
    def said(query, item, judgement):
        return {"query": query, "item": item, "id": item[0], "judgement": judgement, "time": "2026-01-01T00:00:00Z"}

    table = write(
        tmp_path / "feedback.jsonl",
        said("fox", "Foxes", 1),
        said("fox", "Herons", -1),
        said("fox", "Eels", -1),
        said("fox", "Eels", 0),  # taken back
        said("bird", "Herons", -1),
        said("bird", "Herons", 1),  # changed
        said("lost", "Foxes", -1),  # nothing fits
        said("odd", "Foxes", 3),
    )
    pairs = read_pairs([table])
    assert [(p.query, p.item, p.negatives) for p in pairs.pairs] == [("fox", "Foxes", ("H",)), ("bird", "Herons", ())]
    assert [(each.where[-6:], each.why[:14]) for each in pairs.refused] == [
        ("line 8", "the judgement "),
        ("line 7", "nothing fits t"),
    ]


def test_a_path_may_begin_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "p.jsonl", {"query": "a", "item": "b"})
    assert told(read_pairs([Path("~/p.jsonl")])) == [("a", "b")]
