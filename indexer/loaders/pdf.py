"""PDF by PDFium: text page by page."""

import re
from typing import BinaryIO

from encoders.errors import FileError, LimitError
from indexer.limits import Limits
from indexer.loaders.pages import Document, PageList

__all__ = ["read_pdf"]

# PDFium writes U+FFFE (older releases U+0002) for the hyphen where a word is broken at the end of a line.
_BROKEN_WORD = re.compile("[\ufffe\x02\u00ad]\r?\n?")
_USELESS_TITLE = re.compile(
    r"^(untitled|title|microsoft (word|powerpoint|excel) - .*|.*\.(docx?|pptx?|xlsx?|tex|dvi|indd|qxd))$",
    re.I,
)


def read_pdf(stream: BinaryIO, limits: Limits) -> Document:
    """Text of every page; FileError for a password, a scan without text, or a file that PDFium cannot open."""
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(stream)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise FileError("this PDF is protected by a password; save a copy without it to index it") from error
        raise
    try:
        count = len(pdf)
        if count > limits.max_pages:
            raise LimitError(f"this PDF has {count:,} pages, over the limit of {limits.max_pages:,} (max_pages)")
        pages = PageList(limits)
        for index in range(count):
            pages.add(index + 1, _page_text(pdf, index))
        if not pages.pages:
            raise FileError("this PDF has no text in it (a scan?); run text recognition over it to index it")
        about = pdf.get_metadata_dict()
    finally:
        pdf.close()
    title = about.get("Title", "").strip()
    return pages.document(None if _USELESS_TITLE.match(title) else title, tuple(re.split("[,;]", about.get("Keywords", ""))))


def _page_text(pdf: "object", index: int) -> str:
    page = pdf[index]  # type: ignore[index]  # PdfDocument has no stubs
    try:
        words = page.get_textpage()
        try:
            return _BROKEN_WORD.sub("", words.get_text_bounded())
        finally:
            words.close()
    finally:
        page.close()
