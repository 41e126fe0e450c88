"""Bytes of a text file to text. Byte order marks and UTF-8 first; older encodings by how much sense they make."""

import codecs
import re
from dataclasses import dataclass

from encoders.errors import FileError

__all__ = ["decode_text", "guess_encoding"]

_SAMPLE = 1 << 16  # bytes that the guess looks at
_BOMS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = bytes(set(range(1, 32)) - set(b"\b\t\n\v\f\r\x1b"))
_HIGH_LETTERS = re.compile(r"[^\W\d_\x00-\x7f]")
_LETTERS = re.compile(r"[^\W\d_]")
_TOUCHING = re.compile(r"[A-Za-z][^\W\d_\x00-\x7f]|[^\W\d_\x00-\x7f][A-Za-z]")
_CASE_FLIP = re.compile(r"[a-zà-ÿα-ωа-яё][A-ZÀ-ÞΑ-ΩА-ЯЁ]")
_SIGNS = "\xa0«»„“”‘’‚–—…€£§°©®·•№™"
_WEST = "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØŒÙÚÛÜßàáâãäåæçèéêëìíîïñòóôõöøœùúûüÿ¿¡ºª"


@dataclass(frozen=True)
class _Candidate:
    codec: str
    expected: re.Pattern[str]  # what its non-ASCII characters usually are
    latin: bool = False  # its words mix plain and accented letters; words of other alphabets do not
    least: int = 0  # different non-ASCII characters that it takes to tell


def _of(codec: str, signs: str, latin: bool = False, least: int = 0) -> _Candidate:
    return _Candidate(codec, re.compile(f"[{signs}{_SIGNS}]"), latin, least)


_PAIRS = (  # two bytes a sign; (codec, what must make up this share of the non-ASCII characters)
    ("shift_jis", re.compile("[\u3041-\u30ff]"), 0.2),
    ("euc_jp", re.compile("[\u3041-\u30ff]"), 0.2),
    ("euc_kr", re.compile("[\uac00-\ud7a3]"), 0.9),
    ("gb2312", re.compile("[\u4e00-\u9fff]"), 0.6),
    ("big5", re.compile("[\u4e00-\u9fff]"), 0.6),
)
_SINGLES = (  # one byte a sign; the first of equals wins
    _of("cp1252", _WEST, latin=True),
    _of("cp1250", "ĄąĆćĘęŁłŃńÓóŚśŹźŻżÁáČčĎďÉéĚěÍíŇňŘřŠšŤťÚúŮůÝýŽžÄäÖöŐőÜüŰűßÂâĂăÎîŢţŞşĽľĹĺŔŕÔôĐđ", latin=True),
    _of("cp1254", _WEST + "ĞğİıŞş", latin=True),
    _of("cp1257", "ĀāČčĒēĢģĪīĶķĻļŅņŠšŪūŽžÄäÕõÖöÜüĄąĘęĖėĮįŲų", latin=True),
    _of("cp1255", "א-ת", least=16),  # all its letters are letters of cp1251, too
    _of("cp1251", "А-яЁёІіЇїЄєҐґ"),
    _of("koi8_r", "А-яЁё"),
    _of("cp866", "А-яЁё"),
    _of("cp1253", "Α-ωΆ-Ώά-ώΐΰϊϋ"),
    _of("cp1256", "ء-ي\u064b-\u0652،؛؟پچژگ"),
)


def decode_text(data: bytes, declared: str | None = None) -> str:
    """Bytes -> text: by byte order mark, as UTF-8, as `declared` (what the file says of itself), else by a guess.

    Raises FileError for bytes that are no text in any encoding.

    >>> decode_text("Привет, мир!".encode("cp1251"))
    'Привет, мир!'
    """
    for mark, marked in _BOMS:
        if data.startswith(mark):
            return data.decode(marked, "replace")
    sample = data[:_SAMPLE]
    if wide := _utf16_without_mark(sample):
        return data.decode(wide, "replace")
    if b"\0" in sample or len(sample) - len(sample.translate(None, _CONTROL)) > len(sample) * 0.02:
        raise FileError("this is binary data, not text, whatever its name says")
    if b"\x1b$" in sample and (text := _strictly(data, "iso2022_jp")) is not None:
        return text  # Japanese mail: escapes between plain ASCII, so it would pass as UTF-8
    if (text := _mostly_utf8(data)) is not None:
        return text
    if declared and (text := _strictly(data, declared)) is not None:
        return text
    return data.decode(guess_encoding(sample) or "cp1252", "replace")


def guess_encoding(sample: bytes) -> str | None:
    """The most sensible encoding of text that is not UTF-8; None when nothing fits.

    >>> guess_encoding("Größe und Straße".encode("latin-1")), guess_encoding("こんにちは世界".encode("shift_jis"))
    ('cp1252', 'cp932')
    """
    if b"\n" in sample[1:]:
        sample = sample[: sample.rindex(b"\n") + 1]  # never cut a sign in two
    for codec, wanted, share in _PAIRS:
        if text := _strictly(sample, codec):
            signs = [sign for sign in text if sign > "\x7f" and not sign.isspace()]
            # not "na鴳e", which is "naïve" in cp1252
            apart = len(_TOUCHING.findall(text)) <= 0.2 * len(signs)
            if len(signs) > 1 and apart and len(wanted.findall(text)) >= share * len(signs):
                # the same encoding with its vendors' additions
                return {"shift_jis": "cp932", "gb2312": "gb18030", "euc_kr": "cp949"}.get(codec, codec)
    scores = [_score(sample, candidate) for candidate in _SINGLES]
    best = max(scores)
    return _SINGLES[scores.index(best)].codec if best > 0.5 else None


def _score(sample: bytes, candidate: _Candidate) -> float:
    """1 where every non-ASCII character is one that such text has, and words look like words."""
    text = sample.decode(candidate.codec, "replace")
    high = sum(sign > "\x7f" for sign in text)
    if candidate.least and len({sign for sign in text if sign > "\x7f"}) < candidate.least:
        return 0.0
    letters, high_letters = len(_LETTERS.findall(text)), len(_HIGH_LETTERS.findall(text))
    score = len(candidate.expected.findall(text)) / max(1, high)
    score -= 2 * len(_CASE_FLIP.findall(text)) / max(1, letters)
    if candidate.latin:
        return score - (0.4 if high_letters > 0.5 * letters else 0.0)
    return score - len(_TOUCHING.findall(text)) / max(1, high_letters)


def _utf16_without_mark(sample: bytes) -> str | None:
    """UTF-16 of mostly Western text has a zero in every other byte."""
    half = len(sample) // 2
    if not half or b"\0" not in sample:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    for codec, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros > 0.4 * half and others <= 0.02 * half and _strictly(sample[: 2 * half], codec) is not None:
            return codec
    return None


def _mostly_utf8(data: bytes) -> str | None:
    """UTF-8, also with a few damaged places; None when too many places are wrong."""
    text = data.decode("utf-8", "replace")
    if "\ufffd" not in text:
        return text
    wrong = text.count("\ufffd")
    right = len(text) - len(text.encode("ascii", "ignore")) - wrong
    return text if right >= 10 * wrong else None


def _strictly(data: bytes, codec: str) -> str | None:
    """Text, or None where the encoding is unknown or does not fit; a sign that the sample cuts in two is let go."""
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        return data[: error.start].decode(codec) if len(data) == _SAMPLE and error.start > _SAMPLE - 4 else None
    except (LookupError, ValueError):
        return None
