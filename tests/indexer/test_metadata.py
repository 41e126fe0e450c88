"""What pictures tell about themselves, told well, badly and not at all."""

import os
import re
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loader_samples import encoded, gradient
from PIL import Image, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

from encoders.picture import PictureSpec
from indexer.limits import Limits
from indexer.loaders import load
from indexer.metadata import camera_name, degrees, rfc3339, taken_time
from indexer.schema import FIELDS

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
FILLED_BY_THE_PIPELINE = {"paths", "folders", "names", "modality", "content", "part", "indexed_at"}


def fields(folder, data, name="a.jpg"):
    path = folder / name
    path.write_bytes(data)
    os.utime(path, (1_600_000_000, 1_600_000_000))
    loaded = load(path, picture_spec=PictureSpec(16), passage_tokens=10, limits=Limits())
    return loaded.payload | loaded.items[0].payload


def exif(main=(), inner=(), gps=()):
    tags = Image.Exif()
    tags.update(dict(main))
    tags[0x8769], tags[0x8825] = dict(inner), dict(gps)
    return tags


FULL = exif(
    {
        0x010F: "NIKON CORPORATION ",
        0x0110: "NIKON D750",
        0x010E: "A cat on a roof",
        0x9C9E: "cat;roof".encode("utf-16-le"),
    },
    {0x9003: "2023:05:01 14:00:00", 0x9011: "+02:00"},
    {1: "S", 2: (IFDRational(33), IFDRational(51), IFDRational(3600, 100)), 3: "E", 4: (151.0, 12.0, 40.0)},
)


@pytest.mark.parametrize("format_", ["JPEG", "WEBP", "PNG", "AVIF", "TIFF"])
def test_exif(tmp_path, format_, monkeypatch):
    monkeypatch.setattr("indexer.metadata.nearest_town", lambda lat, lon: f"town at {lat:.0f}, {lon:.0f}")
    found = fields(tmp_path, encoded(gradient(), format_, exif=FULL.tobytes()))
    assert found["taken"] == found["date"] == "2023-05-01T12:00:00Z"
    assert found["modified"] == "2020-09-13T12:26:40Z"
    assert found["camera"] == "NIKON D750"
    assert found["place"] == pytest.approx({"lat": -33.86, "lon": 151.2111111})
    assert found["town"] == "town at -34, 151"
    assert found["keywords"] == ["cat", "roof"]
    assert found["text"] == "A cat on a roof"


def test_without_metadata_the_date_is_the_files(tmp_path):
    found = fields(tmp_path, encoded(gradient(), "JPEG"))
    assert found["date"] == found["modified"] == "2020-09-13T12:26:40Z"
    assert not {"taken", "camera", "place", "town", "title", "keywords", "text", "ocr"} & set(found)


def test_what_breaks_in_the_table_of_towns_does_not_cost_the_place(tmp_path, monkeypatch):
    def broken(latitude, longitude):
        raise OSError("no table")

    monkeypatch.setattr("indexer.metadata.nearest_town", broken)
    found = fields(tmp_path, encoded(gradient(), "JPEG", exif=FULL.tobytes()))
    assert found["place"]
    assert "town" not in found


@pytest.mark.parametrize(
    ("size", "turned", "expected"),
    [((60, 40), 1, "landscape"), ((60, 40), 6, "portrait"), ((40, 60), 1, "portrait"), ((40, 42), 1, "square"),
     ((40, 43), 1, "portrait")],
)  # fmt: skip
def test_orientation_is_that_of_the_upright_picture(tmp_path, size, turned, expected):
    found = fields(tmp_path, encoded(gradient(size), "JPEG", exif=exif({0x0112: turned})))
    assert found["orientation"] == expected


def test_xmp(tmp_path):
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">'
        b"Mimi</rdf:li></rdf:Alt></dc:title><dc:description><rdf:Alt><rdf:li xml:lang='x-default'>On the roof</rdf:li>"
        b"</rdf:Alt></dc:description><dc:subject><rdf:Bag><rdf:li>cat</rdf:li><rdf:li>roof</rdf:li><rdf:li>cat</rdf:li>"
        b"</rdf:Bag></dc:subject></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    for format_ in ("JPEG", "WEBP"):
        found = fields(tmp_path, encoded(gradient(), format_, xmp=packet))
        assert (found["title"], found["text"], found["keywords"]) == ("Mimi", "On the roof", ["cat", "roof"])
    bomb = b'<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>' + packet
    assert "title" not in fields(tmp_path, encoded(gradient(), "JPEG", xmp=bomb))


def test_iptc(tmp_path):
    def record(number, text):
        return b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text)) + text

    data = record(5, "Größe".encode()) + record(25, b"cat") + record(25, b"roof") + record(120, b"A caption")
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
    segment = b"Photoshop 3.0\0" + block
    jpeg = encoded(gradient(), "JPEG")
    jpeg = jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    found = fields(tmp_path, jpeg)
    assert (found["title"], found["keywords"], found["text"]) == ("Größe", ["cat", "roof"], "A caption")


def test_png_text(tmp_path):
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "Mimi")
    info.add_itxt("Description", "Auf dem Dach, schön")
    info.add_text("Keywords", "cat, roof")
    found = fields(tmp_path, encoded(gradient(), "PNG", pnginfo=info), "a.png")
    assert (found["title"], found["text"], found["keywords"]) == (
        "Mimi",
        "Auf dem Dach, schön",
        ["cat", "roof"],
    )


def test_what_cameras_write_everywhere_is_no_description(tmp_path):
    assert "text" not in fields(tmp_path, encoded(gradient(), "JPEG", exif=exif({0x010E: "OLYMPUS DIGITAL CAMERA"})))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_broken_exif_never_costs_the_picture(tmp_path_factory, data):
    block = bytearray(FULL.tobytes())
    for _ in range(data.draw(st.integers(1, 12))):
        block[data.draw(st.integers(6, len(block) - 1))] = data.draw(st.integers(0, 255))
    block = block[: data.draw(st.integers(6, len(block)))]
    found = fields(tmp_path_factory.mktemp("exif"), encoded(gradient((8, 8)), "JPEG", exif=bytes(block)))
    assert found["width"] == found["height"] == 8
    assert all(RFC3339.fullmatch(found[name]) for name in ("taken", "date", "modified") if name in found)


def test_fields_are_those_of_the_schema(tmp_path):
    found = fields(tmp_path, encoded(gradient(), "JPEG", exif=FULL))
    assert set(found) <= {field.name for field in FIELDS} - FILLED_BY_THE_PIPELINE


@pytest.mark.parametrize(
    ("original", "offset", "expected"),
    [
        ("2023:05:01 14:00:00", None, "2023-05-01T14:00:00Z"),
        ("2023:05:01 14:00:00", "-05:30", "2023-05-01T19:30:00Z"),
        ("2023-05-01T14:00", "nonsense", "2023-05-01T14:00:00Z"),
        (b"2023:05:01 14:00:00\0", b"Z\0", "2023-05-01T14:00:00Z"),
        ("0000:00:00 00:00:00", None, None),
        ("2023:13:01 14:00:00", None, None),
        ("1700:01:01 00:00:00", None, None),
        ("    :  :     :  :  ", None, None),
        (None, None, None),
        (7, None, None),
    ],
)
def test_taken_time(original, offset, expected):
    assert taken_time(original, offset) == expected


@pytest.mark.parametrize(
    ("make", "model", "expected"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"), ("Apple", "iPhone 15", "Apple iPhone 15"),
        ("FUJIFILM\0\0", "X-T5\0", "FUJIFILM X-T5"), ("samsung", None, "samsung"), (None, "DSC 1", "DSC 1"),
        (None, None, None), (3, b"X", "X"),
    ],
)  # fmt: skip
def test_camera_name(make, model, expected):
    assert camera_name(make, model) == expected


@pytest.mark.parametrize(
    ("parts", "reference"),
    [
        ((91, 0, 0), "N"), ((181, 0, 0), "E"), ((1, 2, 3), "Q"), ((), "N"), ((1, 2, 3, 4), "N"), (None, "N"),
        ((float("nan"), 0, 0), "N"), ((IFDRational(0, 0), 0, 0), "N"), ("abc", "N"), ((1, 2, 3), None),
    ],
)  # fmt: skip
def test_places_that_make_no_sense(parts, reference):
    assert degrees(parts, reference) is None


def test_times_that_no_calendar_holds():
    assert rfc3339(-1) == "1969-12-31T23:59:59Z"
    assert rfc3339(1e30) == rfc3339(float("nan")) == "1970-01-01T00:00:00Z"
