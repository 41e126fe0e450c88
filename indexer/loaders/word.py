"""Word documents: paragraphs, headings and tables in the order of the page."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from indexer.limits import Limits
from indexer.loaders.archive import open_archive
from indexer.loaders.pages import Document, PageList

__all__ = ["core_keywords", "read_docx"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TITLE_STYLES = ("title", "heading 1")


def read_docx(stream: BinaryIO, limits: Limits) -> Document:
    """One page without a number: Word decides on pages only when it prints."""
    import docx

    open_archive(stream, limits)
    stream.seek(0)
    document = docx.Document(stream)
    blocks = _blocks(document.element.body)
    pages = PageList(limits)
    pages.add(None, "\n".join(blocks))
    title = document.core_properties.title or _heading(document)
    return pages.document(title, core_keywords(document.core_properties))


def core_keywords(properties: Any) -> tuple[str, ...]:
    """Keywords of an Office document, whatever separates them."""
    return tuple((properties.keywords or "").replace(";", ",").split(","))


def _blocks(body: Any) -> Iterator[str]:
    """Every paragraph, and every table row as one line; text boxes once, deleted text never."""
    from lxml import etree

    walker = etree.iterwalk(body, events=("start",), tag=[_W + "p", _W + "tr", _FALLBACK])
    for _, element in walker:
        walker.skip_subtree()
        if element.tag == _W + "p":
            if text := _text(element):
                yield f"\n{text}\n"  # blank lines around it: a passage may end here
        elif element.tag == _W + "tr":
            cells = (" ".join(_text(p) for p in cell.iter(_W + "p")) for cell in element.iterchildren(_W + "tc"))
            yield " | ".join(" ".join(cell.split()) for cell in cells)


def _text(paragraph: Any) -> str:
    parts = []
    for element in paragraph.iter(_W + "t", _W + "tab", _W + "br", _W + "cr"):
        if element.tag == _W + "t":
            if next(element.iterancestors(_FALLBACK), None) is None:
                parts.append(element.text or "")
        else:
            parts.append("\t" if element.tag == _W + "tab" else "\n")
    return "".join(parts).strip()


def _heading(document: Any) -> str | None:
    for paragraph in document.paragraphs[:50]:
        if paragraph.text.strip() and paragraph.style is not None and paragraph.style.name.lower() in _TITLE_STYLES:
            return paragraph.text
    return None
