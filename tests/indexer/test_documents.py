"""Documents of every kind: text, titles, pages, and clear words about those that cannot be read."""

import io
import json
import pickle
import zipfile

import openpyxl
import pptx
import pytest
from loader_samples import WORDS, documents, epub, pdf, word, zipped

from encoders.errors import FileError, LimitError
from indexer.limits import Limits
from indexer.loaders import load
from indexer.loaders.extensions import DOCUMENTS, PLAIN
from indexer.loaders.tables import CellCount, row_lines

DOCUMENT_FILES = documents()


def read(folder, name, data, limits=None, tokens=200):
    path = folder / name
    path.write_bytes(data)
    return load(path, picture_spec=None, passage_tokens=tokens, limits=limits or Limits())


def texts(loaded):
    return [item.payload["text"] for item in loaded.items]


def test_a_sample_of_every_document_extension():
    assert set(DOCUMENT_FILES) == (set(DOCUMENTS) - PLAIN) | {"txt", "md"}


@pytest.mark.parametrize("extension", sorted(DOCUMENT_FILES))
def test_every_format(tmp_path, extension):
    loaded = read(tmp_path, f"a.{extension}", DOCUMENT_FILES[extension])
    assert loaded.kind == loaded.payload["kind"] == "document"
    assert loaded.thumbnail is None
    assert [item.part for item in loaded.items] == [f"passage-{n}" for n in range(len(loaded.items))]
    assert all(item.modality == "text" and item.payload["text"] in item.content for item in loaded.items)
    shown = "\n".join(texts(loaded))
    assert WORDS in shown or extension in ("xlsx", "xlsm")
    pickle.loads(pickle.dumps(loaded))


@pytest.mark.parametrize(
    ("extension", "title", "keywords"),
    [
        ("md", "Cats", None), ("html", "Cats", None), ("json", "Cats", None), ("txt", None, None),
        ("pdf", "Cats of the coast", ["cats", "roofs"]), ("docx", "Cats of the coast", ["cats", "coast"]),
        ("pptx", "Slide 1", None), ("epub", "A book of cats", ["cats"]), ("eml", "Über cats", None),
    ],
)  # fmt: skip
def test_titles_and_keywords(tmp_path, extension, title, keywords):
    loaded = read(tmp_path, f"a.{extension}", DOCUMENT_FILES[extension])
    assert loaded.payload.get("title") == title
    assert loaded.payload.get("keywords") == keywords
    if title and not texts(loaded)[0].startswith(title):
        assert loaded.items[0].content == f"{title}\n{texts(loaded)[0]}"


def test_pages_slides_and_sheets_are_numbered(tmp_path):
    pages = {x: [i.payload.get("page") for i in read(tmp_path, f"a.{x}", DOCUMENT_FILES[x]).items] for x in DOCUMENT_FILES}
    assert (pages["pdf"], pages["pptx"], pages["xlsx"], pages["docx"]) == ([1, 2], [1, 2], [1, 3], [None])


def test_slides_hold_tables_groups_and_notes(tmp_path):
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    group = slide.shapes.add_group_shape().shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "deep in a group"
    out = io.BytesIO()
    deck.save(out)
    assert texts(read(tmp_path, "a.pptx", out.getvalue())) == ["deep in a group"]
    second = texts(read(tmp_path, "a.pptx", DOCUMENT_FILES["pptx"]))[1]
    assert second.startswith("Slide 2") and "Mimi | seven" in second and "say hello 2" in second


def test_rows_are_read_under_their_header(tmp_path):
    (sheet, dogs) = texts(read(tmp_path, "a.xlsx", DOCUMENT_FILES["xlsx"]))
    assert sheet == "Cats\n\nname: Mimi; age: 7; home: roof\nname: Tom; home: cellar"
    assert dogs == "Dogs\n\nRex barks"
    for separator in ",;\t|":
        table = f'"name"{separator}"a, b; c"\nAnn{separator}7\n\nBob{separator}"x\ny"\n'
        assert texts(read(tmp_path, "a.csv", table.encode())) == ["name: Ann; a, b; c: 7\nname: Bob; a, b; c: x y"]
    assert list(row_lines([[1, 2], [3, 4]], CellCount(Limits()))) == ["1, 2", "3, 4"]


def test_html_without_scripts_styles_and_menus(tmp_path):
    page = (
        "<html><head><title>A &amp; B</title><meta name=keywords content='x, y'><style>p{}</style></head><body>"
        "<nav><ul><li>Home</ul></nav><script>var a = '<p>';</script><p>One<br>two <b>bold</b>er</p><img alt='a cat'>"
        "<table><tr><td>1<td>2</table><pre>a\n  b</pre><noscript>no</noscript></body></html>"
    )
    loaded = read(tmp_path, "a.html", page.encode())
    (text,) = texts(loaded)
    assert "bolder" in text and "One\ntwo" in text and "a cat" in text and "1 2" in text and "a\n  b" in text
    assert not any(word in text for word in ("Home", "var", "{", "no"))
    assert (loaded.payload["title"], loaded.payload["keywords"]) == ("A & B", ["x", "y"])


def test_html_in_the_encoding_that_it_declares(tmp_path):
    page = "<html><head><meta charset=iso-8859-7></head><body><p>Γάτα</p></body></html>"
    assert texts(read(tmp_path, "a.html", page.encode("iso-8859-7"))) == ["Γάτα"]


def test_mail_prefers_plain_text_and_names_attachments(tmp_path):
    (text,) = texts(read(tmp_path, "a.eml", DOCUMENT_FILES["eml"]))
    assert "Attached: mimi.png" in text and "From: Ann <ann@example.org>" in text
    assert "rich" not in text
    only_html = b"Subject: hi\nContent-Type: text/html\n\n<p>only <b>html</b></p><script>x()</script>"
    assert texts(read(tmp_path, "a.eml", only_html)) == ["Subject: hi\n\nonly html"]


def test_epub_follows_the_spine(tmp_path):
    assert [text[:3] for text in texts(read(tmp_path, "a.epub", DOCUMENT_FILES["epub"]))] == ["Two", "One"]


ENCODINGS = {
    "latin-1": "Café crème, señor; Übung in schöner Straße",
    "cp1252": "“Smart quotes” – naïve résumé, 20 € please",
    "shift_jis": "昨日、湖に行って、黒い猫の写真を撮りました。",
    "euc_jp": "昨日、湖に行って、黒い猫の写真を撮りました。",
    "cp1251": "Вчера мы ездили на озеро и видели чёрную кошку.",
    "koi8-r": "Вчера мы ездили на озеро и видели чёрную кошку.",
    "gb18030": "昨天我们去了湖边拍摄一只黑色的猫，它在太阳下睡觉。",
    "big5": "昨天我們去了湖邊拍攝一隻黑色的貓，牠在太陽下睡覺。",
    "euc_kr": "어제 우리는 호수에 가서 검은 고양이를 찍었습니다.",
    "cp1253": "Χθες πήγαμε στη λίμνη και είδαμε μια μαύρη γάτα",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy",
    "iso2022_jp": "昨日、湖に行って、黒い猫の写真を撮りました。",
    "utf-8": "naïve 猫 кошка",
    "utf-8-sig": "naïve 猫",
    "utf-16": "naïve 猫 and more",
    "utf-16-le": "plain words without a mark",
    "utf-16-be": "plain words without a mark",
    "utf-32": "naïve 猫",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_encodings(tmp_path, encoding):
    assert texts(read(tmp_path, "a.txt", ENCODINGS[encoding].encode(encoding))) == [ENCODINGS[encoding]]


def test_a_sign_that_the_sample_cuts_in_two(tmp_path):
    text = "x" + "黒い猫の写真を撮りました。" * 9000
    assert texts(read(tmp_path, "a.txt", text.encode("shift_jis")))[0].startswith("x黒い猫の写真")


def test_utf8_with_one_damaged_byte_is_still_utf8(tmp_path):
    data = ("Größe und Straße. " * 20).encode() + b"\xff"
    assert "Größe" in texts(read(tmp_path, "a.txt", data))[0]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", bytes(range(256)) * 8, "binary data"),
        ("a.txt", b"", "is empty"),
        ("a.txt", b" \n\t\n", "holds no text"),
        ("a.html", b"<html><script>x</script></html>", "holds no text"),
        ("a.json", b"null", "holds no text"),
        ("a.json", b"{", "no valid JSON: .* line 1"),
        ("a.jsonl", b'{"a": 1}\n{"b"\n', "line 2 is no valid JSON"),
        ("a.pdf", b"no pdf at all", "damaged or not what its name says"),
        ("a.pdf", pdf(["", ""]), r"no text in it \(a scan\?\)"),
        ("a.docx", b"no zip at all", "damaged or not what its name says"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "protected by a password"),
        ("a.docx", DOCUMENT_FILES["xlsx"], "damaged or not what its name says"),
        ("a.epub", zipped({"a": "b"}), "no EPUB: META-INF/container.xml is missing"),
        (
            "a.epub",
            epub(extra={"META-INF/encryption.xml": '<e><EncryptionMethod Algorithm="aes"/></e>'}.items()),
            "copy protection",
        ),
        ("a.eml", b"\n\n", "holds no text"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, name, data, message):
    with pytest.raises(FileError, match=message):
        read(tmp_path, name, data)


def test_pdf_with_a_password(tmp_path):
    lock = b" /Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >> /ID [<41><41>]" % (b"41" * 32, b"42" * 32)
    locked = pdf([WORDS]).replace(b" /Root 1 0 R", b" /Root 1 0 R" + lock)
    with pytest.raises(FileError, match="protected by a password"):
        read(tmp_path, "a.pdf", locked)


def test_zip_with_a_password(tmp_path):
    data = bytearray(word())
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + offset] |= 1
    with pytest.raises(FileError, match="protected by a password"):
        read(tmp_path, "a.docx", bytes(data))


def test_passages_keep_to_their_page_and_carry_the_title(tmp_path):
    loaded = read(tmp_path, "a.pdf", pdf([f"page{n} " + WORDS * 4 for n in range(3)], "Roofs"), tokens=40)
    assert len(loaded.items) >= 6
    for item in loaded.items:
        assert item.content == "Roofs\n" + item.payload["text"]
        others = {f"page{n}" for n in range(3)} - {f"page{item.payload['page'] - 1}"}
        assert not any(other in item.content for other in others)


def test_json_depth_costs_no_recursion(tmp_path):
    with pytest.raises(LimitError, match="nested"):
        read(tmp_path, "a.json", b"[" * 100_000 + b"]" * 100_000)
    with pytest.raises(LimitError, match="max_depth"):
        read(tmp_path, "a.json", b"[" * 300 + b"1" + b"]" * 300)
    digits = b"9" * 100_000
    assert "9" * 1000 in "".join(texts(read(tmp_path, "a.json", b'{"n": ' + digits + b"}")))


def test_deep_html_is_read(tmp_path):
    page = b"<div>" * 50_000 + b"<p>at the bottom</p>" + b"</div>" * 50_000
    assert "at the bottom" in texts(read(tmp_path, "a.html", page))[0]


def test_source_code_is_plain_text(tmp_path):
    assert texts(read(tmp_path, "a.py", b"def purr():\r\n    return 'rrr'\r\n")) == ["def purr():\n    return 'rrr'"]


def test_formulas_show_what_was_computed_or_nothing(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["label", "value"])
    book.active.append(["sum", "=1+1"])
    out = io.BytesIO()
    book.save(out)
    assert texts(read(tmp_path, "a.xlsx", out.getvalue())) == ["Sheet\n\nlabel: sum"]


def test_word_counts_text_boxes_once_and_deleted_text_never(tmp_path):
    space = "xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main' xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'"
    box = "<w:p><w:r><w:t>in the box</w:t></w:r></w:p>"
    body = (
        f"<w:p><w:r><mc:AlternateContent {space}><mc:Choice>{box}</mc:Choice><mc:Fallback>{box}</mc:Fallback>"
        "</mc:AlternateContent></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"
    )
    source = zipfile.ZipFile(io.BytesIO(word()))
    files = {name: source.read(name) for name in source.namelist()}
    files["word/document.xml"] = files["word/document.xml"].replace(b"<w:body>", b"<w:body>" + body.encode())
    (text,) = texts(read(tmp_path, "a.docx", zipped(files)))
    assert text.count("in the box") == 1
    assert "gone" not in text


def test_json_keys_lead_to_values(tmp_path):
    value = {"a": {"b": ["x", None, 1.50, True]}, "": "y"}
    assert texts(read(tmp_path, "a.json", json.dumps(value).encode())) == ["a.b: x\na.b: 1.5\na.b: True\ny"]
