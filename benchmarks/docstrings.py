"""Passages from the docstrings of installed Python packages: the first sentence is a query, the rest its answer."""

import ast
import re
import sysconfig
import warnings
from collections.abc import Iterator
from pathlib import Path

from benchmarks.man_pages import Article

__all__ = ["DOCSTRING_PACKAGES", "read_docstrings", "split_docstring"]

DOCSTRING_PACKAGES = ("numpy", "scipy", "skimage", "networkx", "pandas", "matplotlib", "sympy", "PIL", "requests")

_LEAST, _MOST = 250, 2500  # characters of a body
_WORDS = range(4, 25)  # of a first sentence that can be asked with
_SENTENCE = re.compile(r"(.+?[.!?])(?:\s|$)", re.DOTALL)


def read_docstrings() -> list[Article]:
    """Of the standard library and `DOCSTRING_PACKAGES`, whose source is read and not run; each first sentence once."""
    paths = sysconfig.get_paths()
    library = Path(paths["stdlib"])
    roots = [("python", library), *((name, Path(paths["purelib"]) / name) for name in DOCSTRING_PACKAGES)]
    articles: dict[str, Article] = {}
    for topic, root in roots:
        for path in sorted(root.rglob("*.py")):
            inner = path.relative_to(root)
            if not {"site-packages", "test", "tests", "idlelib", "lib2to3"}.intersection(inner.parts):
                for article in _articles(path, topic):
                    articles.setdefault(article.query.casefold(), article)
    return list(articles.values())


def split_docstring(text: str) -> tuple[str, str] | None:
    r"""First sentence and rest; None where the first is no question, or the rest says hardly anything.

    >>> split_docstring("Return the sum of all numbers.\n\n" + "It adds them up. " * 20)[0]
    'Return the sum of all numbers.'
    """
    found = _SENTENCE.match(text)
    if found is None or "\n\n" in found[1]:
        return None
    query = " ".join(found[1].split())
    body = text[found.end() :].strip()
    body = body if len(body) <= _MOST else body[: body.rfind("\n", 0, _MOST)]
    asks = len(query.split()) in _WORDS and not re.search(r"[`:<>=|\\_(){}]", query)
    return (query, body) if asks and len(body) >= _LEAST else None


def _articles(path: Path, topic: str) -> Iterator[Article]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other people's code
            tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            split = split_docstring(ast.get_docstring(node) or "")
            if split is not None:
                yield Article(f"{path.stem}.{node.name}", topic, *split)
