"""The list: facets beside it, stacks, groups, reasons, and what is shown where nothing fits."""

import re

import pytest
from PIL import Image
from test_streamlit_search import bodies, button, cards, listed, names, press

from app.narrowing import name_filters
from app.why import marked, reason_bar, reason_line
from search import Hit, Reason


def facets(test, name):
    """Value -> what its button says, with the count behind it."""
    shown = "".join(listed(test, "facets-side"))
    told = re.findall(f'data-act="{name}" data-value="([^"]*)">(.*?) <small>(.*?)</small>', shown)
    return {value: f"{label} {count}" for value, label, count in told}


def drop_chips(test):
    return [one.label.replace("\\", "") for one in test.button if one.key and one.key.startswith("drop-")]


def hit(relevance=0.5, reasons=(), snippet=None, marks=()):
    return Hit("id", 1, "/a/b.md", "document", 2, 0.4, relevance, tuple(reasons), snippet, {"paths": ["/a/b.md"]}, marks)


@pytest.fixture
def copies(files):
    """Two more sizes of one picture that has some texture, so that its hash says something."""
    picture = Image.linear_gradient("L").resize((400, 300)).convert("RGB")
    picture.paste((255, 0, 0), (60, 40, 220, 200))
    picture.save(files / "pictures" / "big.png")
    picture.resize((200, 150)).save(files / "pictures" / "half.png")
    return files


@pytest.fixture
def stacked(copies, indexed):
    return indexed


def test_a_facet_counts_narrows_and_its_chip_takes_it_back(indexed, page):
    test = page(q="red")
    everything = names(test)
    kinds = facets(test, "kind")
    assert kinds["image"].startswith("pictures ") and kinds["document"].startswith("documents ")
    press(test, "kind", "document", "facets-side")
    assert test.query_params["kind"] in ("document", ["document"])
    assert drop_chips(test) == ["documents only"]
    assert set(names(test)) < set(everything) and "red.png" not in names(test)
    assert facets(test, "kind") == {}
    button(test, "drop-kind").click().run()
    assert "kind" not in test.query_params and names(test) == everything


def test_what_a_facet_counts_is_what_it_leaves(indexed, page):
    test = page(q="red")
    told = {value: int(label.split()[-1]) for value, label in facets(test, "extension").items()}
    assert told
    extension, count = next(iter(told.items()))
    press(test, "extension", extension, "facets-side")
    assert test.query_params["extension"] in (extension, [extension])
    assert f"of {count} fit" in "".join(bodies(test))


def test_filters_in_words_go_into_the_address_and_back(indexed, page):
    test = page(q="red")
    test.text_input(key="filter_not_word").set_value("red").run()
    assert test.query_params["not_word"] in ("red", ["red"])
    assert "red.png" not in names(test) and names(test)
    assert drop_chips(test) == ["without the word red"]
    test.text_input(key="filter_not_word").set_value("").run()
    assert "not_word" not in test.query_params and names(test)[0] == "red.png"


@pytest.mark.parametrize(
    "parameters",
    [
        {"dates": "someday"},
        {"kind": "image", "not_kind": "image"},
        {"near": "Nowhereville"},
        {"min_bytes": "10", "max_bytes": "5"},
        {"camera": "<b>"},
    ],
)
def test_filters_that_make_no_sense_are_one_sentence_with_a_way_out(indexed, page, parameters):
    test = page(q="red", **parameters)
    assert len(test.error) == 1 and not test.exception
    button(test, "widen").click().run()
    assert not test.error and names(test)[0] == "red.png"


def test_wrong_numbers_and_orders_in_the_address_are_passed_over(indexed, page):
    test = page(q="red", min_bytes="many", radius="far", sort="random", group="mood", diverse="9", stack="yes")
    assert not test.error and names(test) == names(page(q="red"))


def test_filters_are_named_once_each():
    said = name_filters(
        "image", "/a/b", None, None, {"min_bytes": 100_001, "max_bytes": 1_000_000, "near": "Lisbon", "radius": 5.0}
    )
    assert sorted(said.values()) == ["100 kB to 1 MB", "in b", "pictures only", "within 5 km of Lisbon"]
    assert name_filters(None, None, None, None, {"max_bytes": 100_000}) == {"max_bytes": "up to 100 kB"}


def test_copies_lie_in_a_stack_that_opens(stacked, page):
    test = page(q="red", kind="image")
    shown = names(test)
    assert ("big.png" in shown) != ("half.png" in shown)
    (under,) = {"big.png", "half.png"} - set(shown)
    assert any(under in body and "sb-under" in body for body in bodies(test))
    press(test, "open", re.search(f'data-value="([^"]*)" title="Open [^"]*{under}"', "".join(cards(test)))[1])
    assert any(code.value.endswith(under) for code in test.code)
    one_by_one = page(q="red", kind="image", stack="no")
    assert {"big.png", "half.png"} <= set(names(one_by_one))


def test_groups_have_headings(indexed, page):
    test = page(q="red", group="folder")
    headings = [body for body in bodies(test) if "sb-group" in body and "<style" not in body]
    assert len(headings) >= 2
    assert test.button_group(key="arrange_group").value == "folder"
    test.button_group(key="arrange_group").set_value("").run()
    assert "group" not in test.query_params
    assert not [body for body in bodies(test) if "sb-group" in body and "<style" not in body]


def test_nothing_fits_is_said_with_the_nearest(indexed, page, monkeypatch):
    import search.engine as engine

    monkeypatch.setattr(engine, "FITS", 2.0)  # nothing can be that relevant
    test = page(q="red")
    assert test.subheader[0].value == "No good match"
    assert any("What comes closest is" in one.value for one in test.markdown)
    assert any("The nearest there is" in body for body in bodies(test))
    assert 0 < len(names(test)) <= 8


def test_marks_are_escaped_text_between_our_own_tags():
    text = "<b>cats</b> & \u202ecats"
    first, second = text.index("cats"), text.rindex("cats")
    assert marked(text, [(first, first + 4), (second, second + 4)]) == (
        "&lt;b&gt;<mark>cats</mark>&lt;/b&gt; &amp; <mark>cats</mark>"
    )


def test_the_reasons_share_the_bar_and_the_line():
    both = hit(0.5, [Reason("words", 0.75, 'says "<x>"'), Reason("meaning", 0.25, "close")])
    assert re.findall(r"width:([\d.]+)%", reason_bar(both)) == ["37.5", "12.5"]
    assert "words 75%" in reason_line(both) and "<x>" not in reason_line(both)
    assert "by meaning alone" in reason_line(hit(0.5, [Reason("meaning", 1.0, "close")]))
