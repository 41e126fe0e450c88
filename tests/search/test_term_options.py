import argparse

import pytest

from encoders.errors import InputError, LibraryError
from search import Term
from search.term_options import add_term_options, terms_of, weighted

ITEM = "0b1c2d3e-0000-5000-8000-000000000001"


def terms(*arguments):
    parser = argparse.ArgumentParser()
    add_term_options(parser)
    return terms_of(parser.parse_args(arguments))


def test_every_kind_of_term_may_be_wanted_or_not_with_a_weight():
    assert terms(
        "a beach", "--image", "dusk.jpg^0.5", "--also", "sunset^2", "--not", "people", "--not-image", "crowd.jpg^3"
    ) == (
        Term(text="a beach"),
        Term(image="dusk.jpg", weight=0.5),
        Term(text="sunset", weight=2.0),
        Term(text="people", weight=-1.0),
        Term(image="crowd.jpg", weight=-3.0),
    )
    assert terms("--like", f"{ITEM}^2") == (Term(item=ITEM, weight=2.0),)
    assert terms("2^10 is a number") == (Term(text="2^10 is a number"),)
    assert terms("  ") == ()


@pytest.mark.parametrize("given", ["cat^0", "cat^11", "cat^10.5"])
def test_weights_that_weigh_nothing_or_too_much_are_refused(given):
    with pytest.raises(InputError, match="above 0 and at most 10"):
        weighted(given)


def test_a_file_whose_name_looks_like_a_weight_is_that_file(tmp_path):
    (tmp_path / "x^2").touch()
    assert weighted(str(tmp_path / "x^2")) == (str(tmp_path / "x^2"), 1.0)
    assert weighted(str(tmp_path / "y^2")) == (str(tmp_path / "y"), 2.0)
    assert weighted("n\0^2") == ("n\0", 2.0)


def test_a_hit_that_is_none_is_refused():
    with pytest.raises(LibraryError, match="not the id"):
        terms("--like", "first one")
