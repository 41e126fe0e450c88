import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.markup import button
from app.plain import as_html, as_label

ODD = [
    "[x](javascript:1)",
    "$$a$$",
    ":cat:",
    ":material/home:",
    ":red[hi]",
    "**b**",
    "`c`",
    "a -- b",
    "<b>",
    "![i](u)",
    "&amp;",
]


@pytest.mark.parametrize("text", ODD)
def test_every_sign_of_markdown_is_escaped_and_kept(text):
    label = as_label(text)
    assert label.replace("\u2060", "").replace("\\", "") == text
    assert re.search(r"(?<!\\)[$*`<:\[\]!&_~#|]", label) is None


@given(st.text())
def test_html_holds_no_tag_and_no_open_quote(text):
    assert not set("<>\"'") & set(as_html(text))


@given(
    st.text(
        alphabet=st.characters(
            exclude_categories=["Cc", "Cs"], exclude_characters="\u2060\\\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        )
    )
)
def test_a_label_says_what_the_text_says(text):
    assert as_label(text).replace("\u2060", "").replace("\\", "") == text


@pytest.mark.parametrize("text", ["http://a.b", "HTTPS://a.b", "www.a.b", "me@a.b", "a -> b", "a <-> b", "a >= b", ":cat:"])
def test_what_streamlit_reads_even_when_escaped_is_broken_up(text):
    assert "\u2060" in as_label(text)


def test_an_ordinary_name_can_be_found_and_copied():
    assert "\u2060" not in as_label("My holiday - 2023 (1).jpg")


def test_direction_marks_cannot_disguise_a_name():
    assert as_html("photo\u202egpj.exe") == "photogpj.exe"


class Buttons(HTMLParser):
    """The attributes of every tag."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
def test_the_value_of_a_button_comes_back_as_it_is(value):
    parser = Buttons()
    parser.feed(button("folder", value, as_html(value)))
    ((tag, attributes),) = parser.found
    assert (tag, attributes["data-act"], attributes["data-value"]) == ("button", "folder", value)
