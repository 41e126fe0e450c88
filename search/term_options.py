"""Options of the command line that make up the terms of a query: words, pictures and hits, wanted or not, with weights."""

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from encoders.errors import InputError

if TYPE_CHECKING:
    from search.query import Term

__all__ = ["add_term_options", "terms_of", "weighted"]

_WEIGHT = re.compile(r"(.*\S)\s*\^(\d+(?:\.\d+)?|\.\d+)", re.DOTALL)


def add_term_options(parser: argparse.ArgumentParser) -> None:
    """What to look for and what not. `^2` behind a term makes it count twice, as in Lucene's queries."""
    parser.add_argument("text", nargs="?", metavar="TEXT", help="what to look for, in words")
    group = parser.add_argument_group(
        "what else it should be like, and what not",
        "Each may be given several times, and end in ^WEIGHT (0 to 10; without: 1), as in --image beach.jpg^0.5",
    )
    group.add_argument("--image", action="append", default=[], metavar="FILE", help="like this picture")
    group.add_argument("--also", action="append", default=[], metavar="TEXT", help="like these words, too")
    group.add_argument("--like", action="append", default=[], metavar="ID", help="like this hit (its id is in --json)")
    group.add_argument("--not", action="append", default=[], metavar="TEXT", dest="not_text", help="not like these words")
    group.add_argument("--not-image", action="append", default=[], metavar="FILE", help="not like this picture")


def terms_of(options: argparse.Namespace) -> "tuple[Term, ...]":
    """The terms that the options make up, in the order of the help. Raises what Term raises."""
    from search.query import Term

    terms = [] if options.text is None or not options.text.strip() else [Term(text=options.text)]
    for name, field, sign in (
        ("image", "image", 1),
        ("also", "text", 1),
        ("like", "item", 1),
        ("not_text", "text", -1),
        ("not_image", "image", -1),
    ):
        for given in getattr(options, name):
            value, weight = weighted(given)
            terms.append(Term(**{field: value}, weight=sign * weight))
    return tuple(terms)


def weighted(given: str) -> tuple[str, float]:
    """A term and its weight. A file that is really called so is taken as it is.

    >>> weighted("sunset^2"), weighted("sunset"), weighted("x^y")
    (('sunset', 2.0), ('sunset', 1.0), ('x^y', 1.0))
    """
    found = _WEIGHT.fullmatch(given)
    if found is None or _is_file(given):
        return given, 1.0
    weight = float(found[2])
    if not 0 < weight <= 10:
        raise InputError(f"the weight of {given!r} is not above 0 and at most 10. What is not wanted goes behind --not.")
    return found[1], weight


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False
