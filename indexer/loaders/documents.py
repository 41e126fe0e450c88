"""Documents to passages: pick the reader by extension, then cut its pages."""

from collections.abc import Callable
from functools import partial
from typing import BinaryIO

from encoders.errors import FileError, LimitError
from indexer.items import LoadedItem, LoadedSource
from indexer.limits import Limits
from indexer.loaders.pages import Document
from indexer.loaders.source import OpenedFile
from indexer.metadata import file_fields
from indexer.passages import estimate_tokens, split_passages, title_line

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
            content = text if text.startswith(heading.rstrip()) else heading + text
            items.append(LoadedItem(f"passage-{len(items)}", "text", content, payload))
    if not items:
        raise FileError(f"{opened.name} holds no text")
    return LoadedSource(opened.content_hash, "document", fields, tuple(items))


def read_document(stream: BinaryIO, extension: str, limits: Limits) -> Document:
    """Text, title and keywords of a document, by the reader of its extension."""
    return _reader(extension)(stream, limits)


def _reader(extension: str) -> Reader:  # each library is imported only for files that need it
    if extension == "pdf":
        from indexer.loaders.pdf import read_pdf

        return read_pdf
    from indexer.loaders.plain import read_plain

    return partial(read_plain, extension=extension)
