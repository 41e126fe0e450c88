"""Names as macOS writes them, accents as marks behind their letters (Unicode NFD), are the names that people type."""

import unicodedata

import pytest

from indexer.words import distinct_words, item_words, query_words, split_words, word_rows
from search import Filters
from search.phrases import held_phrases

NAMES = ("Café Müller", "Übergrößenträger", "Việt Nam", "Ёлка и йога", "ガラスの器", "한글 문서", "naïve-résumé.pdf")


@pytest.mark.parametrize("name", NAMES)
def test_words_are_the_same_in_both_forms(name):
    composed, apart = (unicodedata.normalize(form, name) for form in ("NFC", "NFD"))
    assert composed != apart
    assert query_words(apart) == query_words(composed)
    assert item_words({"names": [apart]}) == item_words({"names": [composed]})
    assert word_rows(apart) == word_rows(composed)
    assert distinct_words(apart) == {word for word, _, _ in split_words(composed)}
    assert [word for word, _, _ in split_words(apart)] == [word for word, _, _ in split_words(composed)]


@pytest.mark.parametrize("name", NAMES)
def test_places_are_those_of_the_text_as_it_is(name):
    text = unicodedata.normalize("NFD", f"say {name}!")
    for _, begin, end in split_words(text):
        assert unicodedata.combining(text[begin]) == 0
        assert not unicodedata.combining(text[end])


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
def test_a_phrase_is_held_in_both_forms(forms):
    asked, named = (unicodedata.normalize(form, "Café Müller") for form in forms)
    assert held_phrases({"names": [f"im {named} heute.jpg"]}, (asked,)) == (asked,)
    assert held_phrases({"names": ["im Cafe Mull ler.jpg"]}, (asked,)) == ()


def test_the_file_is_found_by_its_name_and_its_path_stays(open_main, tmp_path, write_picture):
    folder = tmp_path / unicodedata.normalize("NFD", "Übung")
    apart = unicodedata.normalize("NFD", "Müßiggang Höfe.png")
    write_picture(folder / apart, "red")
    for number in range(4):
        write_picture(tmp_path / "other" / f"mu {number} ller hofe.png", "red")
    library = open_main()
    assert library.add([tmp_path / "other", folder], workers=1).failed == 0
    for asked in ("Müßiggang", unicodedata.normalize("NFD", "Höfe Müßiggang"), '"müßiggang höfe"', "Übung"):
        hit = library.search(asked)[0]
        assert hit.path == (folder / apart).as_posix(), asked
        assert hit.payload["names"] == [unicodedata.normalize("NFC", apart)]
    for word in ("höfe", unicodedata.normalize("NFD", "höfe")):
        paths = {hit.path for hit in library.search("red", filters=Filters(without_words=word))}
        assert len(paths) == 4
        assert (folder / apart).as_posix() not in paths
