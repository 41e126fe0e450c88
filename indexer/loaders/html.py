"""HTML to text: what a reader of the page sees, without scripts, styles and menus."""

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO

from indexer.limits import Limits
from indexer.loaders.encodings import decode_text
from indexer.loaders.pages import Document, PageList
from indexer.loaders.plain import read_bytes

__all__ = ["HtmlText", "html_text", "read_html"]

_DECLARED = re.compile(rb"""(?:<meta[^>]+charset|<\?xml[^>]+encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.I)
_XML_START = re.compile(r"\A\s*<\?xml[^>]*\?>")


def _tags(names: str) -> frozenset[str]:
    return frozenset(names.split())


_GAP = re.compile(r"\s+")
_GAP_IN_LINE = re.compile(r"[ \t]{2,}")
_AROUND_BREAKS = re.compile(r"[ \t]*\n[ \t\n]*")
_KEPT = str.maketrans("\n ", "\x01\x02")  # white space that <pre> keeps, out of reach of the rest
_RESTORED = str.maketrans("\x01\x02", "\n ")
_DROPPED = _tags("script style nav noscript template svg math iframe object select button textarea canvas")
_VOID = _tags("area base br col embed hr img input link meta param source track wbr")
_PARAGRAPHS = _tags(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hr html main ol p pre section summary table tbody tfoot thead title "
    "ul"
)
_LINES = _tags("br li tr option")
_HEADINGS = ("h1", "h2")


@dataclass(frozen=True)
class HtmlText:
    """What one HTML document says."""

    text: str
    title: str | None = None  # <title>, else the first heading
    keywords: tuple[str, ...] = ()


class _Reader:
    """Target of lxml's parser: hears of tags and text as they come, so no tree is built, however deep it nests."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.titles: dict[str, list[str]] = {}
        self.keywords = ""
        self._dropped: list[str] = []  # open tags whose text is not wanted
        self._pre = 0
        self._heading: str | None = None  # the title or heading that is open

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        tag = tag.rpartition(":")[2].lower()
        if self._dropped or tag in _DROPPED:
            if tag not in _VOID:
                self._dropped.append(tag)
            return
        self._break(tag)
        if tag == "pre":
            self._pre += 1
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif tag == "img" and attributes.get("alt", "").strip():
            self.parts.append(f" {attributes['alt'].strip()} ")
        elif tag == "meta" and attributes.get("name", "").lower() == "keywords":
            self.keywords = attributes.get("content", "")
        if tag in ("title", *_HEADINGS) and tag not in self.titles:
            self._heading = tag
            self.titles[tag] = []

    def end(self, tag: str) -> None:
        tag = tag.rpartition(":")[2].lower()
        if self._dropped:
            if tag in self._dropped:
                while self._dropped.pop() != tag:
                    pass
            return
        if tag == "pre":
            self._pre = max(0, self._pre - 1)
        if tag == self._heading:
            self._heading = None
        if tag not in _VOID:
            self._break(tag)

    def data(self, data: str) -> None:
        if self._dropped:
            return
        if self._heading:
            self.titles[self._heading].append(data)
        if self._heading != "title":
            self.parts.append(data.translate(_KEPT) if self._pre else _GAP.sub(" ", data))

    def comment(self, text: str) -> None:
        pass

    def close(self) -> HtmlText:
        text = _AROUND_BREAKS.sub(lambda found: "\n" * found[0].count("\n"), "".join(self.parts))
        text = _GAP_IN_LINE.sub(" ", text).translate(_RESTORED)
        title = next(
            (joined for tag in ("title", *_HEADINGS) if (joined := "".join(self.titles.get(tag, ())).strip())),
            None,
        )
        return HtmlText(text, title, tuple(re.split("[,;]", self.keywords)))

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in _LINES:
            self.parts.append("\n")


def html_text(data: bytes) -> HtmlText:
    """HTML or XHTML bytes -> text, title and keywords. Entities of a DTD are never expanded."""
    from lxml import etree

    declared = _DECLARED.search(data[:4096])
    text = decode_text(data, declared[1].decode("ascii", "ignore") if declared else None)
    text = _XML_START.sub("", text).translate(dict.fromkeys(range(3)))
    if not text.strip():
        return HtmlText("")
    parser = etree.HTMLParser(target=_Reader(), huge_tree=True, encoding="utf-8")
    parser.feed(codecs.encode(text, "utf-8", "replace"))
    return parser.close()


def read_html(stream: BinaryIO, limits: Limits) -> Document:
    """One page without a number."""
    found = html_text(read_bytes(stream, limits))
    pages = PageList(limits)
    pages.add(None, found.text)
    return pages.document(found.title, found.keywords)
