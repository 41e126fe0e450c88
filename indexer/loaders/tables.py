"""Rows to lines that a text tower understands, and CSV files, which are rows."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import BinaryIO

from encoders.errors import LimitError
from indexer.limits import Limits
from indexer.loaders.pages import Document, PageList
from indexer.loaders.plain import read_text

__all__ = ["CellCount", "read_csv", "row_lines"]

_SAMPLE = 1 << 16  # characters from which the separator is guessed


class CellCount:
    """Counts cells of one file against its limit."""

    def __init__(self, limits: Limits) -> None:
        self.limit = limits.max_cells
        self.seen = 0

    def add(self, cells: int) -> None:
        """Count these; raise LimitError past the limit. An empty row costs one, so that a million of them cost."""
        self.seen += max(1, cells)
        if self.seen > self.limit:
            raise LimitError(f"it has more than {self.limit:,} cells (max_cells)")


def row_lines(rows: Iterable[Sequence[object]], count: CellCount) -> Iterator[str]:
    """Rows of cells -> one line each: "header: value; header: value" under a header row, else the values alone.

    >>> list(row_lines([["name", "age"], ["Ann", 7]], CellCount(Limits())))
    ['name: Ann; age: 7']
    """
    filled = _filled(rows, count)
    first = next(filled, None)
    if first is None:
        return
    second = next(filled, None)
    rest = filled if second is None else chain((second,), filled)
    if second is None or not _is_header(first):
        yield from map(_values, chain((first,), rest))
        return
    for row in rest:
        named = ((first[at] if at < len(first) else "", value) for at, value in enumerate(row) if value)
        yield "; ".join(f"{name}: {value}" if name else value for name, value in named)


def read_csv(stream: BinaryIO, limits: Limits, extension: str) -> Document:
    """CSV or TSV with whatever separator it uses; one page without a number."""
    text = read_text(stream, limits)
    csv.field_size_limit(max(csv.field_size_limit(), limits.max_text_chars))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text[:_SAMPLE], extension))
    pages = PageList(limits)
    pages.add(None, "\n".join(row_lines(reader, CellCount(limits))))
    return pages.document()


def _separator(sample: str, extension: str) -> str:
    if extension == "tsv":
        return "\t"
    lines = [line for line in sample.splitlines()[:50] if line.strip()]
    counts = {sign: [line.count(sign) for line in lines] for sign in ",;\t|"}

    def regular(
        sign: str,
    ) -> tuple[int, int]:  # in how many lines it is as frequent as in the first, and how frequent
        first = counts[sign][0]
        return (sum(count == first for count in counts[sign]), first) if first else (0, 0)

    return max(counts, key=regular) if lines else ","


def _filled(rows: Iterable[Sequence[object]], count: CellCount) -> Iterator[list[str]]:
    for row in rows:
        count.add(len(row))
        cells = [" ".join(str(cell).split()) if cell is not None else "" for cell in row]
        if any(cells):
            yield cells


def _is_header(row: list[str]) -> bool:
    """Names of columns: two or more, each given once, none of them a number."""
    names = [cell for cell in row if cell]
    return len(names) > 1 and len(set(names)) == len(names) and not any(map(_is_number, names)) and len(names) * 2 > len(row)


def _is_number(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "").replace("-", "").replace("%", "").strip().isdigit()


def _values(row: list[str]) -> str:
    return ", ".join(cell for cell in row if cell)
