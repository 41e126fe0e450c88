"""Small valid files of every kind, made on the spot: extension -> bytes."""

import email.message
import io
import json
import struct
import zipfile
from itertools import islice

import docx
import numpy as np
import openpyxl
import pptx
from heic_sample import flat_heic
from PIL import Image

WORDS = "The black cat sleeps on the warm roof of the old house by the sea."


def gradient(size=(64, 48), mode="RGB"):
    """A picture in which every corner differs."""
    width, height = size
    x = np.linspace(0, 255, width)[None, :].repeat(height, 0)
    y = np.linspace(0, 255, height)[:, None].repeat(width, 1)
    return Image.fromarray(np.stack([x, y, 255 - x], -1).astype(np.uint8)).convert(mode)


def encoded(image, format_, **options):
    out = io.BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def dng(preview=True, flip=1, size=(64, 48)):
    """A raw camera file: TIFF with a Bayer pattern of constant colour and, if wanted, a JPEG preview of another one."""
    width, height = size
    pattern = np.empty((height, width), "<u2")
    pattern[0::2, 0::2], pattern[0::2, 1::2], pattern[1::2, 0::2], pattern[1::2, 1::2] = (
        9000,
        30000,
        30000,
        9000,
    )
    jpeg = encoded(Image.new("RGB", size, (200, 30, 30)), "JPEG") if preview else b""
    raw_tags = [
        (0x00FE, 4, [0]), (0x0100, 4, [width]), (0x0101, 4, [height]), (0x0102, 3, [16]), (0x0103, 3, [1]),
        (0x0106, 3, [32803]), (0x0111, 4, ["raw"]), (0x0115, 3, [1]), (0x0116, 4, [height]),
        (0x0117, 4, [pattern.nbytes]), (0x011C, 3, [1]), (0x828D, 3, [2, 2]), (0x828E, 1, [0, 1, 1, 2]),
    ]  # fmt: skip
    common = [
        (0x010F, 2, b"Acme\0"), (0x0110, 2, b"Acme Box 1\0"), (0x0112, 3, [flip]), (0xC612, 1, [1, 4, 0, 0]),
        (0xC614, 2, b"Acme Box 1\0"), (0xC621, 10, [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1]),
        (0xC61D, 4, [65535]), (0xC65A, 3, [21]), (0xC628, 5, [1, 1, 1, 1, 1, 1]),
    ]  # fmt: skip
    if not preview:
        return _tiff([raw_tags + common], {"raw": pattern.tobytes()})
    shown = [
        (0x00FE, 4, [1]), (0x0100, 4, [width]), (0x0101, 4, [height]), (0x0102, 3, [8, 8, 8]), (0x0103, 3, [7]),
        (0x0106, 3, [6]), (0x0111, 4, ["jpeg"]), (0x0115, 3, [3]), (0x0116, 4, [height]), (0x0117, 4, [len(jpeg)]),
        (0x014A, 4, ["ifd1"]),
    ]  # fmt: skip
    return _tiff([shown + common, raw_tags], {"raw": pattern.tobytes(), "jpeg": jpeg})


def _tiff(directories, blobs):
    sizes = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 10: 8}
    letters = {1: "B", 3: "H", 4: "I", 5: "I", 10: "i"}
    lengths = [2 + 12 * len(tags) + 4 for tags in directories]
    places, at = {}, 8
    for number, length in enumerate(lengths):
        places[f"ifd{number}"] = at
        at += length
    extra = bytearray()
    extra_at = at
    values = []
    for tags in directories:
        for tag, type_, value in sorted(tags, key=lambda entry: entry[0]):
            count = len(value) // (2 if type_ in (5, 10) else 1)
            values.append((tag, type_, value, count))
            if count * sizes[type_] > 4:
                at += count * sizes[type_] + count * sizes[type_] % 2
    for name, blob in blobs.items():
        places[name] = at
        at += len(blob) + len(blob) % 2
    out = bytearray(b"II*\0" + struct.pack("<I", 8))
    entries = iter(values)
    for tags in directories:
        out += struct.pack("<H", len(tags))
        for tag, type_, value, count in islice(entries, len(tags)):
            packed = value
            if not isinstance(value, bytes):
                packed = struct.pack(f"<{len(value)}{letters[type_]}", *(places.get(v, v) for v in value))
            field = packed.ljust(4, b"\0")
            if len(packed) > 4:
                field = struct.pack("<I", extra_at + len(extra))
                extra += packed + b"\0" * (len(packed) % 2)
            out += struct.pack("<HHI", tag, type_, count) + field
        out += struct.pack("<I", 0)
    return bytes(out + extra) + b"".join(blob + b"\0" * (len(blob) % 2) for blob in blobs.values())


def pictures():
    """Extension -> bytes, one for each format that we can write."""
    image = gradient()
    jpeg = encoded(image, "JPEG", quality=95)
    webp = encoded(image, "WEBP", quality=95)
    tiff = encoded(image, "TIFF", compression="tiff_lzw")
    heic = flat_heic([(90, 128, 128), (200, 128, 128)])
    jp2 = encoded(image, "JPEG2000")
    out = {
        "jpg": jpeg, "jpeg": jpeg, "jpe": jpeg, "jfif": jpeg, "png": encoded(image, "PNG"),
        "apng": encoded(image, "PNG", save_all=True, append_images=[image.rotate(180)]), "webp": webp,
        "gif": encoded(image, "GIF", save_all=True, append_images=[image.rotate(180)]),
        "bmp": encoded(image, "BMP"), "dib": encoded(image, "DIB"), "tif": tiff,
        "tiff": encoded(image, "TIFF", save_all=True, append_images=[image.rotate(180)]),
        "heic": heic, "heif": heic, "hif": heic, "avif": encoded(image, "AVIF"), "avifs": encoded(image, "AVIF"),
        "jp2": jp2, "jpx": jp2, "jpf": jp2, "j2k": encoded(image, "JPEG2000", no_jp2=True),
        "ppm": encoded(image, "PPM"), "pgm": encoded(image.convert("L"), "PPM"),
        "pbm": encoded(image.convert("1"), "PPM"), "pnm": encoded(image, "PPM"),
        "ico": encoded(image, "ICO"), "tga": encoded(image, "TGA"), "dng": dng(),
    }  # fmt: skip
    out["jpc"] = out["j2c"] = out["j2k"]
    return out


def pdf(pages, title=None):
    """A PDF with one line of text a page, written by hand."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    kids = []
    for text in pages:
        stream = b"BT /F1 12 Tf 20 100 Td (" + text.encode("latin-1") + b") Tj ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 6000 200] /Contents %d 0 R "
            b"/Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (
        len(kids),
        b" ".join(b"%d 0 R" % kid for kid in kids),
    )
    info = b""
    if title:
        objects.append(b"<< /Title (" + title.encode("latin-1") + b") /Keywords (cats, roofs) >>")
        info = b" /Info %d 0 R" % len(objects)
    out, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    start = len(out)
    size = len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
    return out + b"trailer << /Size %d /Root 1 0 R%s >>\nstartxref\n%d\n%%%%EOF" % (size, info, start)


def word():
    document = docx.Document()
    document.core_properties.title = "Cats of the coast"
    document.core_properties.keywords = "cats; coast"
    document.add_heading("Roofs", 1)
    document.add_paragraph(WORDS)
    table = document.add_table(rows=2, cols=2)
    for row, values in zip(table.rows, [("name", "age"), ("Mimi", "7")], strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    document.add_paragraph("After the table.")
    return _saved(document)


def slides():
    deck = pptx.Presentation()
    for number in (1, 2):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = f"Slide {number}"
        slide.placeholders[1].text = WORDS
        slide.notes_slide.notes_text_frame.text = f"say hello {number}"
    table = slide.shapes.add_table(1, 2, 0, 0, 100, 100).table
    table.cell(0, 0).text, table.cell(0, 1).text = "Mimi", "seven"
    return _saved(deck)


def workbook():
    book = openpyxl.Workbook()
    book.active.title = "Cats"
    for row in (("name", "age", "home"), ("Mimi", 7, "roof"), ("Tom", None, "cellar")):
        book.active.append(row)
    book.create_sheet("Empty")
    book.create_sheet("Dogs").append(["Rex barks"])
    return _saved(book)


def _saved(document):
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def epub(chapters=None, extra=()):
    chapters = chapters or ["<h1>One</h1><p>" + WORDS + "</p>", "<h1>Two</h1><p>The dog barks.</p>"]
    items = "".join(
        f'<item id="c{n}" href="text/c%20{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in reversed(range(len(chapters))))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
        f"<dc:title>A book of cats</dc:title><dc:subject>cats</dc:subject></metadata><manifest>{items}</manifest>"
        f"<spine>{spine}</spine></package>"
    )
    container = '<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
    files = {"META-INF/container.xml": container, "OEBPS/book.opf": package}
    files |= {f"OEBPS/text/c {n}.xhtml": f"<html><body>{body}</body></html>" for n, body in enumerate(chapters)}
    return zipped(files | dict(extra))


def zipped(files, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def mail():
    message = email.message.EmailMessage()
    message["Subject"] = "Über cats"
    message["From"], message["To"] = "Ann <ann@example.org>", "bob@example.org"
    message.set_content(WORDS)
    message.add_alternative(f"<p>rich {WORDS}</p>", subtype="html")
    message.add_attachment(b"\x89PNG....", maintype="image", subtype="png", filename="mimi.png")
    return message.as_bytes()


def documents():
    """Extension -> bytes for every document format that is more than plain text, and two that are plain."""
    html = f"<html><head><title>Cats</title></head><body><h1>Roofs</h1><p>{WORDS}</p></body></html>".encode()
    table = f"name,text\nMimi,{WORDS}\nTom,asleep\n".encode()
    value = {"title": "Cats", "cats": [{"name": "Mimi", "says": WORDS}]}
    return {
        "txt": WORDS.encode(), "md": f"# Cats\n\n{WORDS}\n".encode(), "html": html, "htm": html, "xhtml": html,
        "csv": table, "tsv": table.replace(b",", b"\t"), "json": json.dumps(value).encode(),
        "jsonl": json.dumps(value).encode() + b"\n" + json.dumps(value).encode() + b"\n",
        "ndjson": json.dumps(value).encode(), "pdf": pdf([WORDS, "The dog barks."], "Cats of the coast"),
        "docx": word(), "docm": word(), "pptx": slides(), "pptm": slides(), "xlsx": workbook(), "xlsm": workbook(),
        "epub": epub(), "eml": mail(),
    }  # fmt: skip
