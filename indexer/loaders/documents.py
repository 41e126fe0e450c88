"""Documents to passages: pick the reader by extension, then cut its pages."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import BinaryIO

from encoders.errors import FileError, LimitError
from indexer.items import LoadedItem, LoadedSource
from indexer.limits import Limits
from indexer.loaders.pages import Document
from indexer.loaders.source import OpenedFile
from indexer.metadata import file_fields
from indexer.passages import estimate_tokens, split_passages, title_line, titled

__all__ = ["load_document", "read_document"]

Reader = Callable[[BinaryIO, Limits], Document]


def load_document(opened: OpenedFile, extension: str, passage_tokens: int, limits: Limits) -> LoadedSource:
    """A document file -> its passages and its fields."""
    document = read_document(opened.stream, extension, limits)
    fields = file_fields(extension, opened.size, opened.modified) | {"kind": "document"}
    if document.title:
        fields["title"] = document.title
    if document.keywords:
        fields["keywords"] = list(document.keywords)
    heading = title_line(document.title, passage_tokens)  # a passage rarely says what its document is about
    budget = passage_tokens - estimate_tokens(heading)
    items: list[LoadedItem] = []
    for page in document.pages:
        for text in split_passages(page.text, budget):
            if len(items) == limits.max_passages:
                raise LimitError(f"{opened.name} has more than {limits.max_passages:,} passages (max_passages)")
            payload = {"text": text} if page.number is None else {"page": page.number, "text": text}
            items.append(LoadedItem(f"passage-{len(items)}", "text", titled(heading, text), payload))
    if not items:
        raise FileError(f"{opened.name} holds no text")
    return LoadedSource(opened.content_hash, "document", fields, tuple(items))


def read_document(stream: BinaryIO, extension: str, limits: Limits) -> Document:
    """Text, title and keywords of a document, by the reader of its extension."""
    return _reader(extension)(stream, limits)


_READERS = {  # extension -> (module, function); each is imported only for files that need it
    "html": ("html", "read_html"),
    "htm": ("html", "read_html"),
    "xhtml": ("html", "read_html"),
    "json": ("json_text", "read_json"),
    "jsonl": ("json_text", "read_json_lines"),
    "ndjson": ("json_text", "read_json_lines"),
    "pdf": ("pdf", "read_pdf"),
    "docx": ("word", "read_docx"),
    "docm": ("word", "read_docx"),
    "pptx": ("slides", "read_pptx"),
    "pptm": ("slides", "read_pptx"),
    "xlsx": ("sheets", "read_xlsx"),
    "xlsm": ("sheets", "read_xlsx"),
    "epub": ("epub", "read_epub"),
    "eml": ("mail", "read_eml"),
}


def _reader(extension: str) -> Reader:
    if extension in ("csv", "tsv"):
        from indexer.loaders.tables import read_csv

        return partial(read_csv, extension=extension)
    if extension in _READERS:
        module, function = _READERS[extension]
        reader: Reader = getattr(import_module(f"indexer.loaders.{module}"), function)
        return reader
    from indexer.loaders.plain import read_plain

    return partial(read_plain, extension=extension)
