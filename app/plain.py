"""Users' text made safe to show: file names and passages may hold anything, markdown and HTML among it."""

import html
import re

__all__ = ["as_html", "as_label"]

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_JOINER = "\u2060"
# Streamlit reads :cat:, :material/x:, ->, addresses and mail addresses in plain text even where their signs are escaped; an
# invisible joiner, at these places only, breaks them up.
_READ_ANYWAY = re.compile(r"(?<=[:@])(?=\S)|(?<=www)(?=\.)|(?<=[-<>~=])(?=[-<>=])", re.IGNORECASE)


def as_label(text: str) -> str:
    r"""Text for a place where Streamlit renders markdown (labels, titles, messages), shown as it is.

    >>> as_label("[x](javascript:1)").replace("\u2060", "")
    '\\[x\\]\\(javascript\\:1\\)'
    """
    return _PUNCTUATION.sub(r"\\\1", _READ_ANYWAY.sub(_JOINER, _one_line(text)))


def as_html(text: str) -> str:
    """Text for the inside of an element or of a quoted attribute of HTML that we write ourselves.

    >>> as_html('<img src=x onerror="alert(1)">')
    '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;'
    """
    return html.escape(_one_line(text), quote=True)


def _one_line(text: str) -> str:
    """Line breaks and control characters become spaces; what turns the reading direction is dropped."""
    text = re.sub(r"[\x00-\x1f\x7f]+", " ", text)
    return re.sub(r"[\u202a-\u202e\u2066-\u2069]", "", text)
