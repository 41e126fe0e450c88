"""Command line of search: words or pictures in, hits out. Results go to stdout, everything else to stderr."""

import argparse
import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from indexer.console import add_library_options, guarded, say
from indexer.home import DEFAULT_COLLECTION
from search.arrange_options import add_arrange_options, arrangement_of, list_lines
from search.filter_options import add_filter_options, filters_of, place_told
from search.judge_options import add_judge_options
from search.term_options import add_term_options, terms_of

if TYPE_CHECKING:
    from search.filters import Filters
    from search.hits import Answer

_EPILOG = """examples:
  python -m search "a black cat"                                     pictures and passages, one list
  python -m search "harbour at night" --kind image --since 2019      only pictures, from 2019 on
  python -m search --image photo.jpg --not people                    like this picture, but without people
  python -m search "a beach" --image dusk.jpg^0.5 --not-image crowd.jpg   words and pictures, with weights
  python -m search "a beach" --dates "last summer" --near Lisbon --not-word screenshot
  python -m search '"invoice 2024-117"' --sort newest                holds exactly these words; the newest first
  python -m search "rent contract" --under ~/Documents --json
  python -m search "a fox" --more ID --less ID                       ids of hits (--json shows them), this once
  python -m search "a fox" --judge ID=fits --judge ID=not            for good; ID=undo takes it back
  python -m search --facets --kind image                             how many there are, by year, camera, town ...
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done (also when nothing was found), 1 an error with a message, 2 wrong usage, 130 stopped."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not (options.text or options.image or options.also or options.like or options.facets):
        parser.error("say what to look for: some words, --image FILE, or both")
    return guarded(lambda: _count(options) if options.facets else _search(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m search",
        description="Search a library by meaning, in words or with a picture.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_term_options(parser)
    add_judge_options(parser)
    parser.add_argument("-n", "--limit", type=int, default=10, metavar="N", help="hits at most; default: 10")
    parser.add_argument("--offset", type=int, default=0, metavar="N", help="hits to pass over, for paging")
    parser.add_argument("--model", metavar="CARD", help="ask with this card's query tower, this once")
    parser.add_argument("--exact", action="store_true", help="compare with every item instead of using the index")
    parser.add_argument(
        "--facets", action="store_true", help="count what passes the filters, by kind, folder, year ..., instead"
    )
    parser.add_argument(
        "--rerank", action="append", metavar="MODEL", help="look at the best 50 again: a reranker's folder or name; repeatable"
    )
    add_library_options(parser)
    add_filter_options(parser)
    add_arrange_options(parser)
    return parser


def _filters(options: argparse.Namespace) -> "Filters":
    filters = filters_of(options)
    if told := place_told(filters):
        say(told)
    return filters


def _count(options: argparse.Namespace) -> int:
    from search.engine import open_library

    collection = options.collection or DEFAULT_COLLECTION
    with open_library(options.home, collection, options.url, on_wait=say) as library:
        facets = library.facets(_filters(options))
    if options.json:
        print(json.dumps([facet.to_dict() for facet in facets], ensure_ascii=False))
        return 0
    for facet in facets:
        print(facet.label)
        for value in facet.values:
            print(f"{value.count:>10,}  {_printable(value.label)}")
    if not facets:
        print("Nothing passes these filters.")
    return 0


def _search(options: argparse.Namespace) -> int:
    from search.engine import open_library
    from search.query import Query

    collection = options.collection or DEFAULT_COLLECTION
    arranged, likes, unlikes = arrangement_of(options), tuple(options.more), tuple(options.less)
    query = Query(terms_of(options), _filters(options), options.limit, options.offset, arranged, likes, unlikes)
    with open_library(options.home, collection, options.url, model=options.model, on_wait=say) as library:
        for item, verdict in options.judge:
            library.judge(query, item, verdict)
        answer = library.answer(query, exact=options.exact, rerank=options.rerank)
    if options.json:
        print(json.dumps([hit.to_dict() for hit in answer.hits], ensure_ascii=False))
    else:
        _print(answer)
    return 0


def _print(answer: "Answer") -> None:
    if not answer.hits:
        print("Nothing found. Try other words, or fewer filters.")
    elif not answer.found:
        print(_printable(" ".join(["No good match.", *filter(None, [answer.advice]), "The nearest:"])))
    for line in list_lines(answer.hits):
        print(_printable(line))


def _printable(text: str) -> str:
    """File names may hold control characters that would take over a terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


if __name__ == "__main__":
    sys.exit(main())
