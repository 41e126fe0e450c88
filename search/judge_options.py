"""Options of the command line that say which hits fit: this once, or for good."""

import argparse

__all__ = ["add_judge_options", "judgement"]

_VERDICTS = {"fits": 1, "not": -1, "undo": 0}


def add_judge_options(parser: argparse.ArgumentParser) -> None:
    """Hits stay in the answer, unlike those that are asked with; all options are repeatable."""
    group = parser.add_argument_group("what hits of this query are worth", "Ids are in --json")
    group.add_argument("--more", action="append", default=[], metavar="ID", help="this hit fits, this once")
    group.add_argument("--less", action="append", default=[], metavar="ID", help="this hit does not fit, this once")
    group.add_argument(
        "--judge",
        action="append",
        default=[],
        type=judgement,
        metavar="ID=VERDICT",
        help="record that a hit fits (ID=fits) or not (ID=not), or take it back (ID=undo), then search",
    )


def judgement(given: str) -> tuple[str, int]:
    """Id and verdict: 1 fits, -1 does not, 0 takes it back.

    >>> judgement("8b6a=not")
    ('8b6a', -1)
    """
    item, _, verdict = given.rpartition("=")
    if not item or verdict not in _VERDICTS:
        raise argparse.ArgumentTypeError(f"{given!r} is no judgement: ID=fits, ID=not or ID=undo")
    return item, _VERDICTS[verdict]
