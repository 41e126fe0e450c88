"""Over a limit is a LimitError, before the machine has paid for it."""

import dataclasses
import io
import os
import re
import struct
import threading
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest
from loader_samples import (
    WORDS,
    documents,
    encoded,
    epub,
    gradient,
    pdf,
    pictures,
    slides,
    word,
    workbook,
    zipped,
)
from PIL import Image

from encoders.errors import FileError, LimitError
from encoders.picture import PictureSpec
from indexer.limits import Limits
from indexer.loaders import EXTENSIONS, hash_file, load, open_picture

PAGE = Path(__file__).parents[2] / "docs" / "files.md"


def read(folder, name, data, **limits):
    path = folder / name
    path.write_bytes(data)
    return load(path, picture_spec=PictureSpec(16), passage_tokens=50, limits=Limits(**limits))


BITMAP = struct.pack("<IiiHHIIiiII", 40, 60_000, 60_000, 1, 24, 0, 0, 0, 0, 0, 0)


def png_header(width, height):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def icon(inner):
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 0, 0, 0, 0, 1, 32, len(inner), 22) + inner


def bomb_gif():
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0)
        + b"\0" * 6
        + b","
        + struct.pack("<HHHHB", 0, 0, 65535, 65535, 0)
        + b"\x02\x02\x44\x01\0;"
    )


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.png", png_header(60_000, 60_000)),
        ("a.png", png_header(2**31 - 1, 2**31 - 1)),
        ("a.ico", icon(png_header(60_000, 60_000))),
        ("a.ico", icon(BITMAP)),
        ("a.gif", bomb_gif()),
        ("a.bmp", b"BM" + struct.pack("<IHHI", 99, 0, 0, 54) + BITMAP),
        ("a.ppm", b"P6 60000 60000 255\n" + b"\0" * 99),
        ("a.tga", struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, 60_000, 60_000, 24, 0) + b"\0" * 99),
    ],
)  # fmt: skip
def test_pixel_bombs(tmp_path, name, data):
    with pytest.raises(LimitError, match="max_pixels"):
        read(tmp_path, name, data)
    with pytest.raises(LimitError, match="max_pixels"):
        open_picture(data)


@pytest.mark.parametrize("extension", sorted(pictures()))
def test_our_pixel_limit_is_the_one_truth(tmp_path, extension):
    data = pictures()[extension]
    read(tmp_path, f"a.{extension}", data, max_pixels=64 * 48)
    with pytest.raises(LimitError, match="max_pixels"):
        read(tmp_path, f"a.{extension}", data, max_pixels=100)


def test_threads_with_other_limits_do_not_disturb_each_other():
    data = encoded(gradient((40, 40)), "PNG")
    wrong = []

    def work(limits, fits):
        for _ in range(100):
            try:
                open_picture(data, limits)
                wrong.extend([] if fits else ["let through"])
            except LimitError:
                wrong.extend(["refused"] if fits else [])

    threads = [threading.Thread(target=work, args=(Limits(max_pixels=n), n > 1600)) for n in (1500, 1700, 10**9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_files_over_the_size_limit_are_not_read(tmp_path):
    path = tmp_path / "a.txt"
    with path.open("wb") as stream:
        stream.truncate(5 << 30)  # a hole: takes no space
    with pytest.raises(LimitError, match=r"5\.0 GiB large.*max_file_bytes"):
        load(path, picture_spec=None, passage_tokens=50, limits=Limits())
    with pytest.raises(LimitError, match="max_text_bytes"):
        read(tmp_path, "b.txt", b"x" * 1001, max_text_bytes=1000)


@pytest.mark.parametrize(
    ("name", "data", "limits"),
    [
        ("a.txt", WORDS.encode(), {"max_text_chars": 20}),
        ("a.txt", WORDS.encode() * 50, {"max_passages": 3}),
        ("a.pdf", pdf(["x"] * 5), {"max_pages": 4}),
        ("a.pptx", slides(), {"max_pages": 1}),
        ("a.xlsx", workbook(), {"max_pages": 2}),
        ("a.xlsx", workbook(), {"max_cells": 4}),
        ("a.csv", b"a,b\n1,2\n" * 5, {"max_cells": 8}),
        ("a.epub", epub(["<p>a</p>"] * 5), {"max_pages": 4}),
        ("a.docx", word(), {"max_members": 4}),
        ("a.docx", word(), {"max_unpacked_bytes": 2000}),
        ("a.json", b"[[[[1]]]]", {"max_depth": 3}),
    ],
)
def test_each_limit_is_kept_and_named(tmp_path, name, data, limits):
    (field,) = limits
    with pytest.raises(LimitError, match=field):
        read(tmp_path, name, data, **limits)


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.epub"])
def test_zip_bombs(tmp_path, name):
    with pytest.raises(LimitError, match="max_unpack_ratio"):
        read(tmp_path, name, zipped({"word/document.xml": b"\0" * (20 << 20)}))
    with pytest.raises(LimitError, match="max_unpacked_bytes"):
        read(tmp_path, name, zipped({"a": b"\0" * (2 << 20)}), max_unpacked_bytes=1 << 20)
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        with pytest.raises(FileError, match="packed in a way"):
            read(tmp_path, name, zipped({"a": b"\0" * 9999}, method))


@pytest.mark.parametrize("name", ["a.docx", "a.pptx", "a.xlsx", "a.epub"])
def test_a_zip_that_lies_about_its_sizes(tmp_path, name):
    bomb = zipped({"[Content_Types].xml": b"\0" * (4 << 20)})
    lie = bomb.replace(struct.pack("<I", 4 << 20), struct.pack("<I", 100))
    assert lie != bomb
    with pytest.raises(LimitError, match="max_unpacked_bytes"):
        read(tmp_path, name, lie, max_unpacked_bytes=1 << 20)
    with pytest.raises(FileError, match="not as large as it says"):
        read(tmp_path, name, lie)


BOMB = (
    '<!DOCTYPE x [<!ENTITY a0 "' + "ha" * 50 + '">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]>"
)  # fmt: skip


def with_bomb(data, part, at):
    source = zipfile.ZipFile(io.BytesIO(data))
    files = {name: source.read(name).decode("utf-8", "surrogateescape") for name in source.namelist()}
    body = re.sub(r"^<\?xml[^>]*\?>\s*", "", files[part])
    assert at in body
    files[part] = BOMB + body.replace(at, at + "&a9;", 1)
    return zipped({name: text.encode("utf-8", "surrogateescape") for name, text in files.items()})


@pytest.mark.parametrize(
    ("name", "part", "at"),
    [
        ("a.docx", "word/document.xml", "<w:t>"),
        ("a.pptx", "ppt/slides/slide1.xml", "<a:t>"),
        ("a.xlsx", "xl/worksheets/sheet1.xml", "<t>"),
        ("a.xlsx", "xl/worksheets/sheet1.xml", "<sheetData>"),
        ("a.epub", "OEBPS/book.opf", "<dc:title>"),
        ("a.epub", "OEBPS/text/c 0.xhtml", "<h1>"),
    ],
)
def test_entity_bombs_do_not_go_off(tmp_path, name, part, at):
    data = with_bomb(documents()[name[2:]], part, at)
    try:
        loaded = read(tmp_path, name, data)
    except FileError:
        return
    assert "haha" not in "".join(item.content for item in loaded.items)


def test_sheets_with_a_million_rows_of_nothing(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "first", "last"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(LimitError, match="max_cells"):
        read(tmp_path, "a.xlsx", out.getvalue(), max_cells=100_000)


def test_what_is_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    (tmp_path / "b.txt").mkdir()
    (tmp_path / "c.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "d.txt").symlink_to(tmp_path / "d.txt")
    for name, message in (
        ("a", "not a regular"),
        ("b", "not a regular"),
        ("c", "is gone"),
        ("d", "cannot be read"),
    ):
        with pytest.raises(FileError, match=message):
            load(tmp_path / f"{name}.txt", picture_spec=None, passage_tokens=50, limits=Limits())


def test_large_files_are_streamed_and_a_change_is_noticed(tmp_path, monkeypatch):
    from indexer.loaders import source

    monkeypatch.setattr(source, "_IN_MEMORY", 10)
    path = tmp_path / "a.txt"
    path.write_text(WORDS)
    loaded = load(path, picture_spec=None, passage_tokens=50, limits=Limits())
    assert loaded.content_hash == hash_file(path)
    with pytest.raises(FileError, match="changed while"), source.open_file(path, Limits()) as opened:
        assert opened.stream.read(3) == b"The"
        path.write_text("short")


def test_hashes_are_those_of_the_bytes(tmp_path):
    import hashlib

    loaded = read(tmp_path, "a.png", encoded(Image.new("RGB", (2, 2)), "PNG"))
    assert loaded.content_hash == hash_file(tmp_path / "a.png")
    assert loaded.content_hash == hashlib.sha256((tmp_path / "a.png").read_bytes()).hexdigest()
    with pytest.raises(FileError, match="is gone"):
        hash_file(tmp_path / "nothing.png")


def test_the_docs_tell_every_limit_and_every_extension():
    page = PAGE.read_text()
    for field in dataclasses.fields(Limits):
        assert re.search(rf"\| `{field.name}` \| {re.escape(f'{field.default:,}')} \|", page), field.name
    told = set(re.findall(r"`\.(\w+)`", page))
    assert told == set(EXTENSIONS)
