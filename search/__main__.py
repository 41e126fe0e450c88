"""Command line of search: words or pictures in, hits out. Results go to stdout, everything else to stderr."""

import argparse
import json
import sys
from collections.abc import Sequence

from indexer.console import add_library_options, guarded, say
from indexer.home import DEFAULT_COLLECTION

_EPILOG = """examples:
  python -m search "a black cat"                                     pictures and passages, one list
  python -m search "harbour at night" --kind image --since 2019      only pictures, from 2019 on
  python -m search --image photo.jpg --not people                    like this picture, but without people
  python -m search "rent contract" --under ~/Documents --json
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code: 0 done (also when nothing was found), 1 an error with a message, 2 wrong usage, 130 stopped."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.text and not options.image:
        parser.error("say what to look for: some words, --image FILE, or both")
    return guarded(lambda: _search(options))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m search",
        description="Search a library by meaning, in words or with a picture.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("text", nargs="?", metavar="TEXT", help="what to look for, in words")
    parser.add_argument("--image", action="append", default=[], metavar="FILE", help="a picture to ask with; repeatable")
    parser.add_argument("--not", action="append", default=[], metavar="TEXT", dest="not_text", help="what it should not be")
    parser.add_argument("-n", "--limit", type=int, default=10, metavar="N", help="hits at most; default: 10")
    parser.add_argument("--offset", type=int, default=0, metavar="N", help="hits to pass over, for paging")
    parser.add_argument("--kind", choices=("image", "document"), help="only pictures, or only documents")
    parser.add_argument("--under", metavar="FOLDER", help="only what lies below this folder")
    parser.add_argument("--since", metavar="DATE", help="taken or changed at or after: 2023, 2023-05 or 2023-05-14")
    parser.add_argument("--until", metavar="DATE", help="taken or changed at or before; all of the year, month or day")
    parser.add_argument("--model", metavar="CARD", help="ask with this card's query tower, this once")
    parser.add_argument("--exact", action="store_true", help="compare with every item instead of using the index")
    parser.add_argument(
        "--rerank", action="append", metavar="MODEL", help="look at the best 50 again: a reranker's folder or name; repeatable"
    )
    add_library_options(parser)
    return parser


def _search(options: argparse.Namespace) -> int:
    from search.engine import open_library

    collection = options.collection or DEFAULT_COLLECTION
    with open_library(options.home, collection, options.url, model=options.model, on_wait=say) as library:
        hits = library.search(
            options.text,
            options.image,
            options.limit,
            options.kind,
            options.under,
            options.since,
            options.until,
            offset=options.offset,
            not_text=options.not_text,
            exact=options.exact,
            rerank=options.rerank,
        )
    if options.json:
        print(json.dumps([hit.to_dict() for hit in hits], ensure_ascii=False))
        return 0
    for hit in hits:
        page = f", page {hit.page}" if hit.page else ""
        print(f"{hit.rank:>3}  {hit.relevance:>4.0%}  {_printable(hit.path)}{page}")
        if hit.snippet:
            print(f"           {_printable(hit.snippet)}")
    if not hits:
        print("Nothing found. Try other words, or fewer filters.")
    return 0


def _printable(text: str) -> str:
    """File names may hold control characters that would take over a terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


if __name__ == "__main__":
    sys.exit(main())
