"""The filters on the command line: one option each. What they make is imported when they are read, not for the help."""

import argparse
import re
from typing import TYPE_CHECKING

from search.dates import WAYS

if TYPE_CHECKING:
    from search.filters import Filters

__all__ = ["add_filter_options", "file_size", "filters_of", "place_told"]

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "ki": 2**10, "mi": 2**20, "gi": 2**30}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(|[kmg]i?)b?", re.IGNORECASE)
_NAMES = {"min_size": "min_bytes", "max_size": "max_bytes", "radius": "radius_km"} | {
    f"not_{what}": f"without_{what}" for what in ("kind", "under", "dates", "extension", "keyword")
}  # where option and filter have other names


def add_filter_options(parser: argparse.ArgumentParser) -> None:
    """Two groups of the help: what must be so, and what must not."""
    only = parser.add_argument_group("filters", "Only what passes all of them answers. DATES: " + WAYS + ".")
    only.add_argument("--kind", choices=("image", "document"), help="only pictures, or only documents")
    only.add_argument("--under", metavar="FOLDER", help="only what lies below this folder")
    only.add_argument("--dates", metavar="DATES", help="taken, or where that is not known changed, within these")
    only.add_argument("--since", metavar="DATE", help="the same, at or after: 2023, 2023-05 or 2023-05-14")
    only.add_argument("--until", metavar="DATE", help="the same, at or before; all of the year, month or day")
    only.add_argument("--taken", metavar="DATES", help="taken by a camera within these")
    only.add_argument("--modified", metavar="DATES", help="the file was last changed within these")
    only.add_argument("--extension", action="append", metavar="EXT", help="jpg, pdf ...; repeatable: any of them")
    only.add_argument("--min-size", type=file_size, metavar="SIZE", help="file size at least: 500kB, 2MB, 1.5GB")
    only.add_argument("--max-size", type=file_size, metavar="SIZE", help="file size at most")
    only.add_argument("--orientation", choices=("landscape", "portrait", "square"), help="how the picture lies")
    only.add_argument("--camera", action="append", metavar="WORDS", help='words of its make and model: nikon, "iphone 15"')
    only.add_argument("--near", metavar="PLACE", help='taken near a town or a place in degrees: "Paris, US" or 48.85,2.35')
    only.add_argument("--radius", type=float, metavar="KM", help="how far from --near; default: 25 km")
    only.add_argument("--town", action="append", metavar="TOWN", help="the nearest town is this one")
    only.add_argument("--title", metavar="WORDS", help="its title holds all of these words")
    only.add_argument("--keyword", action="append", metavar="WORD", help="it has this keyword; repeatable: any of them")
    unwanted = parser.add_argument_group("filters that exclude")
    unwanted.add_argument("--not-kind", choices=("image", "document"), help="no pictures, or no documents")
    unwanted.add_argument("--not-under", metavar="FOLDER", help="nothing below this folder")
    unwanted.add_argument(
        "--not-word", action="append", metavar="WORD", help="not in its title, file name or keywords; repeatable: none of them"
    )
    unwanted.add_argument("--not-dates", metavar="DATES", help="not from these dates")
    unwanted.add_argument("--not-extension", action="append", metavar="EXT", help="repeatable: none of them")
    unwanted.add_argument("--not-keyword", action="append", metavar="WORD", help="repeatable: none of them")


def filters_of(options: argparse.Namespace) -> "Filters":
    """The filters that were asked for. Raises LibraryError for what makes no sense."""
    from search.filters import Filters

    given = {_NAMES.get(name, name): value for name, value in vars(options).items()}
    given["without_words"] = given.get("not_word")
    known = Filters.__dataclass_fields__
    return Filters(**{name: value for name, value in given.items() if name in known and value is not None})


def file_size(text: str) -> int:
    """Bytes of "2MB", "500 kB", "1.5GiB" or "4096".

    >>> file_size("2MB"), file_size("1.5 KiB")
    (2000000, 1536)
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write 500kB, 2MB or a number of bytes")
    return round(float(found[1]) * _UNITS[found[2].lower()])


def place_told(filters: "Filters") -> str | None:
    """A line that says which town `near` was taken for, and which others are called so; None where it was no town."""
    from search.filters import place_of

    if filters.near is None or (found := place_of(filters.near))[2] == filters.near:
        return None
    from indexer.towns import towns_named

    others = [town.label for town in towns_named(filters.near, 4) if town.label != found[2]]
    more = f" (not {' or '.join(others)})" if others else ""
    return f"within {filters.radius_km:g} km of {found[2]}{more}"
