"""JSON and JSON lines: every value with the keys that lead to it."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from encoders.errors import FileError, LimitError
from indexer.limits import Limits
from indexer.loaders.pages import Document, PageList
from indexer.loaders.plain import read_text

__all__ = ["read_json", "read_json_lines", "value_lines"]

_TITLE_KEYS = ("title", "name", "headline")


def read_json(stream: BinaryIO, limits: Limits) -> Document:
    """One page without a number; the title is the document's own "title" or "name"."""
    value = _parse(read_text(stream, limits), "it is no valid JSON")
    pages = PageList(limits)
    pages.add(None, "\n".join(value_lines(value, limits)))
    return pages.document(_title(value))


def read_json_lines(stream: BinaryIO, limits: Limits) -> Document:
    """One paragraph for each line of the file."""
    records = []
    for number, line in enumerate(read_text(stream, limits).split("\n"), start=1):
        if line.strip():
            records.append("\n".join(value_lines(_parse(line, f"line {number} is no valid JSON"), limits)))
    pages = PageList(limits)
    pages.add(None, "\n\n".join(records))
    return pages.document()


def value_lines(value: Any, limits: Limits) -> Iterator[str]:
    """A parsed JSON value -> "key.key: value" lines, in order; nulls are left out, list positions not told.

    >>> list(value_lines({"a": {"b": "x"}, "c": ["y", "2"]}, Limits()))
    ['a.b: x', 'c: y', 'c: 2']
    """
    stack: list[tuple[str, int, Any]] = [("", 0, value)]  # a stack of our own: depth costs no recursion
    while stack:
        keys, depth, node = stack.pop()
        if depth > limits.max_depth:
            raise LimitError(f"it is nested deeper than {limits.max_depth} levels (max_depth)")
        if isinstance(node, dict):
            inner = [(f"{keys}.{key}" if keys else key, depth + 1, child) for key, child in node.items()]
            stack.extend(reversed(inner))
        elif isinstance(node, list):
            stack.extend((keys, depth + 1, child) for child in reversed(node))
        elif node is not None and str(node).strip():
            yield f"{keys}: {node}" if keys else str(node)


def _parse(text: str, problem: str) -> Any:
    try:
        return json.loads(text, parse_int=str, parse_float=str)  # as written: no rounding, no million-digit integers
    except json.JSONDecodeError as error:
        raise FileError(f"{problem}: {error.msg} at line {error.lineno}, column {error.colno}") from error


def _title(value: Any) -> str | None:
    if isinstance(value, dict):
        for key in _TITLE_KEYS:
            if isinstance(value.get(key), str):
                return value[key]
    return None
