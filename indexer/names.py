"""File names made readable: what a person wrote is kept, what cameras, messengers and programs wrote is not."""

import re
from pathlib import PurePosixPath

from indexer.text import clean_line

__all__ = ["readable_name"]

_GAPS = re.compile(r"[\W_]+")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
_VOWEL = re.compile(r"[aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿœ]")
_LATIN = re.compile(r"[a-zà-ÿœ]")
_NUMBERED = re.compile(
    r"[a-z]{0,5}\d{2,}[a-z]{0,2}|\d+[a-z]\w*|[0-9a-f]{8,}|[a-z]+\d+[a-z]+\w*"
)  # dsc01234, p1010023, 3f2a91bc
_SAYS_NOTHING = re.compile(
    r"img|imag|image|images|dsc|dscn|dscf|dcim|pxl|mvi|vid|video|mov|pano|photo|photos|pic|picture|pict|foto|bild|wp"
    r"|fb|screenshot|screen|shot|capture|snapshot|scan|scanned|copy|kopie|copie|untitled|unnamed|noname|default|new"
    r"|neu|final|edited|edit|bearbeitet|draft|tmp|temp|file|files|doc|docs|document|dokument|download|downloaded"
    r"|whatsapp|telegram|signal|received|at|jpg|jpeg|png|pdf|small|large|thumb|thumbnail|original|orig|resized"
    r"|cropped|version|rev|out|output|test|page|index|readme"
)


def readable_name(name: str) -> str | None:
    """A file name as words, or None when it says nothing of what is in the file.

    >>> readable_name("red-fox_in_snow 2.jpg"), readable_name("IMG_2041.JPG"), readable_name("9f86d081884c7d65.png")
    ('red fox in snow', None, None)
    """
    stem = PurePosixPath(name).stem
    whole = [word for word in _GAPS.split(clean_line(stem) or "") if word and not _NUMBERED.fullmatch(word.lower())]
    words = [part for word in whole for part in ([word] if _is_padding(word) else _CAMEL.sub(" ", word).split())]
    while words and _is_padding(words[-1]):
        words.pop()
    while words and _is_padding(words[0]):
        words.pop(0)
    said = any(_is_word(word.lower()) for word in words)
    return " ".join(words) if said else None


def _is_padding(word: str) -> bool:
    return word.isdigit() or bool(_SAYS_NOTHING.fullmatch(word.lower()))


def _is_word(word: str) -> bool:
    """Something that can be said: letters of another script, or three Latin ones with a vowel among them."""
    if _SAYS_NOTHING.fullmatch(word) or not word.isalpha():
        return False
    return not _LATIN.search(word) or (len(word) > 2 and bool(_VOWEL.search(word)))
