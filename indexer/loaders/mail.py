"""E-mail messages: who wrote to whom about what, the text, and the names of what is attached."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import BinaryIO, cast

from encoders.errors import LimitError
from indexer.limits import Limits
from indexer.loaders.encodings import decode_text
from indexer.loaders.html import html_text
from indexer.loaders.pages import Document, PageList
from indexer.loaders.plain import read_bytes

__all__ = ["read_eml"]

_HEADERS = ("From", "To", "Cc", "Date", "Subject")


def read_eml(stream: BinaryIO, limits: Limits) -> Document:
    """One page without a number; the subject is the title. Attachments are named, not opened."""
    message = message_from_bytes(read_bytes(stream, limits), policy=policy.default)
    plain: list[str] = []
    rich: list[str] = []
    attached: list[str] = []
    for part in _leaves(message, limits):
        name = part.get_filename()
        if name or part.get_content_disposition() == "attachment":
            attached.append(name or "without a name")
        elif part.get_content_type() == "text/plain":
            plain.append(_text(part))
        elif part.get_content_type() == "text/html":
            rich.append(html_text(_bytes(part)).text)
    text = "\n\n".join(plain) if any(body.strip() for body in plain) else "\n\n".join(rich)
    if not any(message.get(header) for header in _HEADERS) and not text.strip():
        return Document(())
    lines = [f"{header}: {value}" for header in _HEADERS if (value := _header(message, header))]
    lines += [f"Attached: {name}" for name in attached]
    pages = PageList(limits)
    pages.add(None, "\n".join(lines) + "\n\n" + text)
    return pages.document(_header(message, "Subject"))


def _leaves(message: EmailMessage, limits: Limits) -> Iterator[EmailMessage]:
    stack = [(message, 0)]
    while stack:
        part, depth = stack.pop()
        if depth > limits.max_depth:
            raise LimitError(f"its parts are nested deeper than {limits.max_depth} levels (max_depth)")
        if part.is_multipart():
            children = cast(list[EmailMessage], part.get_payload())
            stack.extend((child, depth + 1) for child in reversed(children))
        else:
            yield part


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, "")).strip()
    except Exception:  # noqa: BLE001 - the standard library's header parser throws many things at broken headers
        return ""


def _bytes(part: EmailMessage) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _text(part: EmailMessage) -> str:
    data = _bytes(part)
    return decode_text(data, part.get_content_charset()) if data.strip() else ""
