"""Excel: one page a sheet, each row a line."""

from typing import BinaryIO

from encoders.errors import LimitError
from indexer.limits import Limits
from indexer.loaders.archive import open_archive
from indexer.loaders.pages import Document, PageList
from indexer.loaders.tables import CellCount, row_lines
from indexer.loaders.word import core_keywords

__all__ = ["read_xlsx"]


def read_xlsx(stream: BinaryIO, limits: Limits) -> Document:
    """Sheets are numbered from 1; formulas show the value that was last computed."""
    import openpyxl

    open_archive(stream, limits)
    stream.seek(0)
    book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
    try:
        sheets = book.worksheets
        if len(sheets) > limits.max_pages:
            raise LimitError(f"it has {len(sheets):,} sheets, over the limit of {limits.max_pages:,} (max_pages)")
        pages, count = PageList(limits), CellCount(limits)
        for number, sheet in enumerate(sheets, start=1):
            sheet.reset_dimensions()  # what the file says of its size may be a million rows of nothing
            lines = "\n".join(row_lines(sheet.iter_rows(values_only=True), count))
            if lines:
                pages.add(number, f"{sheet.title}\n\n{lines}")
        return pages.document(book.properties.title, core_keywords(book.properties))
    finally:
        book.close()
