"""PowerPoint: one page a slide, with its tables and the speaker's notes."""

from collections.abc import Iterator
from typing import Any, BinaryIO

from encoders.errors import LimitError
from indexer.limits import Limits
from indexer.loaders.archive import open_archive
from indexer.loaders.pages import Document, PageList
from indexer.loaders.word import core_keywords

__all__ = ["read_pptx"]

_TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"


def read_pptx(stream: BinaryIO, limits: Limits) -> Document:
    """Slides are numbered from 1; the title is the document's own or the first slide's."""
    import pptx

    open_archive(stream, limits)
    stream.seek(0)
    deck = pptx.Presentation(stream)
    if len(deck.slides) > limits.max_pages:
        raise LimitError(f"it has {len(deck.slides):,} slides, over the limit of {limits.max_pages:,} (max_pages)")
    pages = PageList(limits)
    title = deck.core_properties.title
    if title == "PowerPoint Presentation":
        title = None
    for number, slide in enumerate(deck.slides, start=1):
        heading = slide.shapes.title
        if not title and heading is not None:
            title = heading.text_frame.text
        parts = list(_texts(slide.shapes, limits))
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            parts.append(slide.notes_slide.notes_text_frame.text)
        pages.add(number, "\n\n".join(parts))
    return pages.document(title, core_keywords(deck.core_properties))


def _texts(shapes: Any, limits: Limits, depth: int = 0) -> Iterator[str]:
    if depth > min(limits.max_depth, 50):
        raise LimitError("its shapes are grouped too deeply (max_depth)")
    for shape in shapes:
        if shape.has_text_frame:
            yield shape.text_frame.text
        elif getattr(shape, "has_table", False):
            yield "\n".join(_rows(shape.table))
        elif hasattr(shape, "shapes"):
            yield from _texts(shape.shapes, limits, depth + 1)


def _rows(table: Any) -> Iterator[str]:
    for row in table._tbl.tr_lst:  # python-pptx's own cells take quadratic time
        yield " | ".join(" ".join("".join(t.text or "" for t in cell.iter(_TEXT)).split()) for cell in row.tc_lst)
