"""The arrangement of a list on the command line: its options, and the lines that a list is printed as."""

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.arrange import Arrangement
    from search.hits import Hit

__all__ = ["add_arrange_options", "arrangement_of", "list_lines"]

_INDENT = " " * 11


def add_arrange_options(parser: argparse.ArgumentParser) -> None:
    """Options of `search.arrange.Arrangement`."""
    options = parser.add_argument_group("the list")
    options.add_argument(
        "--no-stack", action="store_true", help="copies of a picture and passages of a document as hits of their own"
    )
    options.add_argument(
        "--group", choices=("document", "folder", "day"), help="hits of one document, folder or day stand together"
    )
    options.add_argument(
        "--diverse", type=float, default=0.0, metavar="X", help="0 (the default): the best first; up to 1: the more unlike"
    )
    options.add_argument(
        "--sort", choices=("relevance", "newest", "oldest"), default="relevance", help="what fits, by date; default: relevance"
    )


def arrangement_of(options: argparse.Namespace) -> "Arrangement":
    """What the options say. Raises InputError for what makes no sense."""
    from search.arrange import Arrangement

    return Arrangement(not options.no_stack, options.group, options.diverse, options.sort)


def list_lines(hits: "Sequence[Hit]") -> Iterator[str]:
    """A list for people: a line for each hit, and below it what it says and what lies under it."""
    group = None
    for hit in hits:
        if hit.group != group:
            group = hit.group
            yield f"-- {group}"
        yield f"{hit.rank:>3}  {hit.relevance:>4.0%}  {hit.path}{_page(hit)}"
        if hit.reasons:
            yield f"{_INDENT}{'; '.join(f'{reason.text} ({reason.share:.0%})' for reason in hit.reasons)}"
        if hit.snippet:
            yield f"{_INDENT}{hit.snippet}"
        yield from (f"{_INDENT}the same file: {path}" for path in hit.paths[1:])
        for under in hit.under:
            if under.is_copy_of(hit):
                yield f"{_INDENT}like it: {under.path}"
            else:
                yield f"{_INDENT}also{_page(under).replace(',', ' on')}: {under.snippet}"
        if hit.under_total > len(hit.under):
            yield f"{_INDENT}and {hit.under_total - len(hit.under)} more passages"


def _page(hit: "Hit") -> str:
    return f", page {hit.page}" if hit.page else ""
