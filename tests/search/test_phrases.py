import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.words import word_rows
from search import Query, Term
from search.phrases import PHRASE_FIELDS, find_phrases, held_phrases, unquoted


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ('"black cat"', ("black cat",)),
        ("a “black  cat” and „rote Katze“ and «chat noir» and »schwarz« and 「黒い猫」",
         ("black cat", "rote Katze", "chat noir", "schwarz", "黒い猫")),
        ("„so” or ”so”", ("so",)),
        ('"one" "one" "two"', ("one", "two")),
        ('an open "quote', ()),
        ('24" and 27" screens', ()),
        ('"" and " . "', ()),
        ("it's 'single'", ()),
        (" ".join(f'"w{n}"' for n in range(20)), tuple(f"w{n}" for n in range(8))),
    ],
)  # fmt: skip
def test_what_stands_in_quotes(text, phrases):
    assert find_phrases(text) == phrases


@pytest.mark.parametrize(
    ("phrase", "payload", "held"),
    [
        ("black cat", {"text": "A Black\nCat sleeps"}, True),
        ("black cat", {"text": "a cat, black"}, False),
        ("black cat", {"text": "black", "title": "cat"}, False),
        ("black cat", {"keywords": ["dog", "black cat"]}, True),
        ("black cat", {"keywords": ["black", "cat"]}, False),
        ("black cat", {"ocr": "THE BLACK CAT"}, True),
        ("black cat", {"paths": ["/black cat/x.png"]}, False),
        ("cafe", {"title": "Café"}, True),
        ("invoice 2024-117", {"names": ["Invoice_2024-117.pdf"]}, True),
        ("invoice 2024-11", {"names": ["Invoice_2024-117.pdf"]}, False),
        ("IMG_2041", {"names": ["img2041.jpg"]}, True),
        ("IMG2041", {"names": ["IMG_2041.jpg"]}, True),
        ("IMG_204", {"names": ["IMG_2041.jpg"]}, False),
        ("word file", {"text": "a Word™ file"}, True),
        ("1½ cups", {"text": "take 1½ – cups"}, True),
        ("no table", {"text": "a notable one"}, False),
        ("to be or not to be", {"text": "To be, or not to be: that"}, True),
        ("猫", {"text": "この黒い猫が"}, True),
        ("黒猫", {"text": "この黒い猫が"}, False),
    ],
)
def test_an_item_holds_a_phrase_word_for_word(phrase, payload, held):
    assert held_phrases(payload, (phrase, "zebra")) == ((phrase,) if held else ())


WORDS = st.lists(st.text("abcXY 12é-_猫犬.™½ßİ", min_size=1, max_size=6), min_size=1, max_size=6)


@given(WORDS, WORDS, WORDS, st.sampled_from(PHRASE_FIELDS))
def test_a_phrase_is_held_wherever_it_is_put(before, phrase, after, field):
    said = " ".join(phrase)
    text = f"{' '.join(before)} {said} {' '.join(after)}"
    assert held_phrases({field: text}, (said,)) == ((said,) if any(word_rows(said)) else ())


@given(st.text(max_size=60))
def test_every_text_can_be_looked_at(text):
    assert all(any(word_rows(phrase)) for phrase in find_phrases(text))
    assert len(unquoted(text)) <= len(text)


def test_a_query_knows_the_phrases_of_what_is_wanted():
    query = Query((Term(text='"black cat" asleep'), Term(text='"red"', weight=-1), Term(text="“black cat”")))
    assert query.phrases == ("black cat",)
    assert unquoted(query.terms[0].text) == "black cat asleep"
