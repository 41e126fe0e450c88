"""Passages from the manual pages of Debian packages: what NAME says of a page is a query, the rest of the page its answer."""

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

from encoders.recipe.packages import Package, fetch_package

__all__ = ["MAN_PACKAGES", "Article", "read_man_pages", "read_page", "shortened"]

MAN_PACKAGES = (
    Package(
        "manpages", "debian", "6.03-2", "efa1ba4cd19ad7baeae959c9209a7eb74be2ebb858bcabb412597bfc9f588c91", "free, page by page"
    ),
    Package(
        "manpages-dev",
        "debian",
        "6.03-2",
        "96f55cb5e26231d5567c89b692bced63825a14a2d5bd18fdf16ea2ed44eb9838",
        "free, page by page",
    ),
    Package(
        "coreutils", "debian", "9.1-1", "61038f857e346e8500adf53a2a0a20859f4d3a3b51570cc876b153a2d51a3091", "GPL-3.0-or-later"
    ),
    Package("tcl8.6-doc", "debian", "8.6.13+dfsg-2", "e6468aa726a0d77f3e61ae4714bcf7c4c4ddd02828388977f765ffdda4935876", "TCL"),
)

_LEAST, _MOST = 250, 2500  # characters of a body
_LEFT_OUT = re.compile(
    r"NAME|LIBRARY|SYNOPSIS|SEE ALSO|COLOPHON|AUTHORS?|COPYRIGHT|REPORTING BUGS|KEYWORDS|VERSIONS|STANDARDS|HISTORY"
)
_FONT = re.compile(r"\\f(\[[A-Z]*\]|\([A-Z]{2}|.)|\\s[-+]?\d+")
_SIGNS = {"\\-": "-", "\\(aq": "'", "\\(dq": '"', "\\(lq": '"', "\\(rq": '"', "\\(bu": "*", "\\e": "\\", "\\ ": " ", "\\~": " "}
_JOINING = frozenset({"BR", "BI", "RB", "RI", "IR", "IB"})  # their words are one, in two fonts
_TEXT_MACROS = _JOINING | {"B", "I", "SM", "SB", "SS", "IP", "QW", "PQ"}


@dataclass(frozen=True)
class Article:
    """A document with the words that somebody who wants it would ask with."""

    name: str  # what it documents: "mmap", "zlib.compress"
    topic: str  # the package or module it is from
    query: str  # one line, kept out of the document
    body: str


def read_man_pages(folder: Path) -> list[Article]:
    """Every English page of `MAN_PACKAGES` that says what it is for and has something to say, sorted; fetched into `folder`."""
    articles = []
    for package in MAN_PACKAGES:
        pages = fetch_package(package, folder) / "usr" / "share" / "man"
        for path in sorted(pages.glob("man[1-9]/*.gz")):
            if not path.is_symlink():
                article = read_page(gzip.decompress(path.read_bytes()).decode("utf-8", "replace"), package.name)
                if article is not None:
                    articles.append(article)
    return articles


def read_page(source: str, topic: str) -> Article | None:
    r"""The source of one page; None for one without a NAME, or of hardly any text.

    >>> page = ".SH NAME\nmmap \\- map files\n.SH SYNOPSIS\nint\n.SH DESCRIPTION\n.BR mmap ()\n" + "creates a mapping. " * 20
    >>> read_page(page, "manual").query
    'map files'
    """
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in source.splitlines():
        if line.startswith(".SH"):
            lines = sections.setdefault(_plain(line[3:]).strip('" ').upper(), [])
        elif text := _text_of(line):
            lines.append(text)
    name, dash, query = " ".join(sections.get("NAME", ())).partition(" - ")
    parts = [" ".join(lines) for title, lines in sections.items() if not _LEFT_OUT.fullmatch(title)]
    body = shortened("\n\n".join(part for part in parts if part), _MOST)
    if not dash or len(body) < _LEAST:
        return None
    return Article(name.split(",")[0].strip(), topic, query.strip(), body)


def _text_of(line: str) -> str:
    if line.startswith(("'", '.\\"', '\\"')):
        return ""
    if not line.startswith("."):
        return _plain(line).strip()
    macro, _, words = line[1:].strip().partition(" ")
    if macro not in _TEXT_MACROS:
        return ""
    words = re.sub(r'"([^"]*)"', lambda found: found[1].replace(" ", "\0"), _plain(words))
    between = "" if macro in _JOINING else " "
    return between.join(words.split()).replace("\0", " ").strip()


def _plain(text: str) -> str:
    text = _FONT.sub("", text)
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    return re.sub(r"\\(\(..|\[[^\]]*\]|[&|^/,:%cp])", "", text)


def shortened(body: str, most: int) -> str:
    """At most so many characters, cut behind a sentence where there is one.

    >>> shortened("One is here. Two is here.", 20)
    'One is here.'
    """
    if len(body) <= most:
        return body
    end = body.rfind(". ", most // 3, most)
    return body[: end + 1 if end > 0 else most]
