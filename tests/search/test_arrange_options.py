"""What the options of a list say, and how a list is printed."""

import argparse

import pytest

from encoders.errors import InputError
from search import Arrangement, Hit, Reason
from search.arrange_options import add_arrange_options, arrangement_of, list_lines

WORDS, MEANING = Reason("words", 0.7, "says “cat”"), Reason("meaning", 0.3, "close in meaning")


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    add_arrange_options(parser)
    return arrangement_of(parser.parse_args(arguments))


def hit(rank, path, **rest):
    kind = "document" if path.endswith(".pdf") else "image"
    rest = {"page": None, "snippet": None, "payload": {"paths": [path]}, "reasons": (), **rest}
    return Hit(id="0", rank=rank, path=path, kind=kind, score=0.3, relevance=0.93, **rest)


def test_options_say_how_the_list_is_wanted():
    assert parsed() == Arrangement()
    said = parsed("--no-stack", "--group", "day", "--diverse", "0.4", "--sort", "oldest")
    assert said == Arrangement(False, "day", 0.4, "oldest")
    with pytest.raises(InputError, match="diversity is a number from 0 to 1"):
        parsed("--diverse", "40")


def test_a_list_shows_what_lies_under_its_hits():
    pages = tuple(hit(1, "/a/b.pdf", page=page, snippet=f"of {page}") for page in (2, 5))
    hits = [
        hit(1, "/a/b.pdf", page=3, snippet="of 3", under=pages, under_total=9, group="/a"),
        hit(2, "/a/c.png", under=(hit(2, "/b/c small.png"),), under_total=1, group="/a"),
        hit(3, "/d/e.png", payload={"paths": ["/d/e.png", "/f/e.png"]}, group="/d", reasons=(WORDS, MEANING)),
    ]
    assert list(list_lines(hits)) == [
        "-- /a",
        "  1   93%  /a/b.pdf, page 3",
        "           of 3",
        "           also on page 2: of 2",
        "           also on page 5: of 5",
        "           and 7 more passages",
        "  2   93%  /a/c.png",
        "           like it: /b/c small.png",
        "-- /d",
        "  3   93%  /d/e.png",
        "           says “cat” (70%); close in meaning (30%)",
        "           the same file: /f/e.png",
    ]
    assert hits[0].to_dict()["under"][1]["page"] == 5
    assert (hits[1].to_dict()["under_why"], hits[2].to_dict()["under_why"]) == ("copies", None)
    assert hits[2].to_dict()["paths"] == ["/d/e.png", "/f/e.png"]
