"""Rows of CSV, JSONL and Parquet files, each with the place it came from. A row that is broken is named, never fatal."""

import csv
import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from encoders.errors import InputError, MissingDependency
from encoders.training.pairs import Refused

__all__ = ["ROW_FILES", "Row", "read_rows"]

_SEPARATORS = ",;\t"
_LONGEST_CELL = 1 << 24  # characters; csv's own limit is 131,072, which a long passage passes
_ROWS_A_BATCH = 1024


@dataclass(frozen=True)
class Row:
    """One row: column -> value. Text for CSV; what JSON and Parquet hold for those."""

    where: str  # "captions.csv, line 12"
    fields: Mapping[str, Any]


def read_rows(path: Path, columns: Collection[str]) -> Iterator[Row | Refused]:
    """Rows of a file in their order; `columns` are the names that a header may hold, all others are passed over.

    Raises InputError when the file as a whole cannot be read, MissingDependency for Parquet without pyarrow.
    """
    try:
        yield from ROW_FILES[path.suffix.lower()](path, frozenset(columns))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error


def _read_csv(path: Path, columns: Collection[str]) -> Iterator[Row | Refused]:
    """Separated by commas, semicolons or tabs, whichever shows known columns in the header."""
    data = path.read_bytes()
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")  # "Unicode text" of spreadsheets
    # Bytes that are not UTF-8 become lone surrogates here, so that only the rows that hold them are refused.
    text = data.decode("utf-16", "replace") if wide else data.decode("utf-8-sig", "surrogateescape")
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_CELL))
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(_SEPARATORS, key=lambda sign: len(columns & set(_header(first, sign))))  # type: ignore[operator]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    header: list[str] | None = None
    while True:
        where = f"{path}, line {reader.line_num + 1}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Refused(where, _csv_reason(str(error)))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if header is None:
            header = [cell.strip() for cell in cells]
        elif len(cells) > len(header):
            yield Refused(
                where,
                f"it has {len(cells)} cells under a header of {len(header)}; put text that holds a {separator!r} in quotes",
            )
        else:
            row = zip(header, cells, strict=False)
            yield from _valid(where, {name: cell for name, cell in row if name in columns})


def _header(line: str, separator: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]


def _csv_reason(said: str) -> str:
    if "unexpected end" in said:
        return "a quotation mark opens here and never closes, so what follows could not be read"
    return f"it is not written as CSV has it: {said}"


def _read_jsonl(path: Path, columns: Collection[str]) -> Iterator[Row | Refused]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}, line {number}"
            if not line.strip():
                continue
            try:
                fields = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError:
                yield Refused(where, "it is not UTF-8 text")
            except (ValueError, RecursionError) as error:
                yield Refused(where, f"it is not JSON ({error})")
            else:
                if isinstance(fields, dict):
                    yield from _valid(where, {name: value for name, value in fields.items() if name in columns})
                else:
                    yield Refused(where, f"it must be an object with columns as keys, not a {type(fields).__name__}")


def _read_parquet(path: Path, columns: Collection[str]) -> Iterator[Row | Refused]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MissingDependency("pyarrow", f"reading {path.name}") from error
    try:
        with parquet.ParquetFile(path) as file:
            known = [name for name in file.schema_arrow.names if name in columns]
            number = 0
            for batch in file.iter_batches(_ROWS_A_BATCH, columns=known):
                for fields in batch.to_pylist():
                    number += 1
                    yield from _valid(f"{path}, row {number}", fields)
    except pyarrow.ArrowException as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}") from error


def _valid(where: str, fields: dict[str, Any]) -> Iterator[Row | Refused]:
    """The row, unless a text in it is no Unicode."""
    for name, value in fields.items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and any("\ud800" <= sign <= "\udfff" for sign in text):
                yield Refused(where, f"its {name} is not UTF-8 text")
                return
    yield Row(where, fields)


ROW_FILES: Mapping[str, Callable[[Path, Collection[str]], Iterator[Row | Refused]]] = {
    ".csv": _read_csv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
}
"""Extension -> its reader."""
