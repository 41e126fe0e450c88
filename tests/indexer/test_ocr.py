"""Reading the words inside a picture with the real engine, where it is installed, and what comes of its answers."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import pytest
import skimage
from PIL import Image, ImageDraw, ImageFont

from encoders.errors import MissingDependency
from indexer.library import Library
from indexer.ocr import LONGEST_TEXT, OcrJob, join_lines, read_picture, require_ocr, words_in
from indexer.ocr_run import OcrRun

from tiny import tiny_encoder

needs_rapidocr = pytest.mark.skipif(find_spec("rapidocr") is None, reason="the optional package rapidocr is not installed")


def sign(text, turned=0):
    image = Image.new("RGB", (640, 240), "white")
    ImageDraw.Draw(image).text((40, 40), text, fill="black", font=ImageFont.load_default(60))
    return image.rotate(turned, expand=True)


def test_without_the_package_the_pip_line(monkeypatch):
    monkeypatch.setattr("indexer.ocr.find_spec", lambda name: None)
    with pytest.raises(MissingDependency, match=r"pip install 'rapidocr>=3\.10,<4'"):
        require_ocr()


def test_lines_are_joined_cleaned_and_cut():
    assert join_lines([]) == ""
    assert join_lines([("O", 0.9), ("1111", 0.9), ("--", 0.9), ("11:15", 0.6), ("出", 0.9), ("unsure", 0.59)]) == "11:15\n出"
    assert len(join_lines([("many words " * 50, 0.9)] * 9)) <= LONGEST_TEXT


@needs_rapidocr
@pytest.mark.filterwarnings("default")  # of the engine's own modules
def test_the_real_engine_reads_a_sign_and_nothing_in_an_empty_picture():
    assert words_in(sign("LIGHTHOUSE\nopen daily")) == "LIGHTHOUSE\nopen daily"
    assert words_in(Image.new("RGB", (64, 64), "teal")) == ""
    page = Image.open(Path(skimage.__file__).parent / "data" / "page.png").convert("RGB")
    assert page.size == (384, 191), "a small picture of small print"
    assert "as either object or background" in words_in(page)


@needs_rapidocr
def test_a_real_run_from_the_file_to_the_payload(home, tmp_path):
    folder = tmp_path / "signs"
    folder.mkdir()
    turned = Image.Exif()
    turned[0x0112] = 6  # lies on its side, and says so
    sign("Platform nine", turned=90).save(folder / "platform.jpg", exif=turned, quality=95)
    with Library(home, encoder=tiny_encoder()) as library:
        library.add([folder], workers=1)
        report = OcrRun(library).run()
        assert (report.read, report.with_words, report.failed) == (1, 1, 0)
        (item,) = library.store.scan()
        assert item.payload["ocr"] == "Platform nine"


def test_a_picture_that_is_damaged_gone_or_changed_is_a_failure_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.setattr("indexer.ocr._engine", lambda: None)
    monkeypatch.setattr("indexer.ocr._give_way", lambda: None)
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n nothing")
    job = OcrJob(hashlib.sha256(damaged.read_bytes()).hexdigest(), (tmp_path / "gone.png", damaged))
    failed = read_picture(job, _limits())
    assert "damaged.png" in failed.reason
    assert not failed.transient
    failed = read_picture(OcrJob("00", (damaged,)), _limits())
    assert "changed since" in failed.reason
    assert failed.transient
    failed = read_picture(OcrJob("00", (tmp_path / "gone.png",)), _limits())
    assert "gone" in failed.reason
    assert failed.transient


def _limits():
    from indexer.limits import Limits

    return Limits()
