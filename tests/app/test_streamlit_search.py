import json
import re

from streamlit.components.v2.bidi_component.main import _make_trigger_id


def names(test):
    """File names of the hits, in the order of the page."""
    return [name for one in cards(test) for name in re.findall(r'class="sb-name"><span>(.*?)</span>', one)]


def bodies(test):
    """All HTML of the page."""
    return [block.value if hasattr(block, "value") else block.proto.body for block in test.get("html")] + cards(test)


def cards(test):
    """HTML of the hits and of the headings between them."""
    return listed(test, "hits")


def listed(test, key):
    """The elements of a list of our own, none where there is no such list."""
    return [markup for one in _lists(test, key) for markup in json.loads(one.json)["markup"]]


def press(test, act, value, key="hits"):
    """Press the button of a list that does this with this value."""
    (pressed,) = _lists(test, key)
    assert f'data-act="{act}" data-value="{value}"' in "".join(listed(test, key))
    sent = [{"event": "pressed", "value": {"act": act, "value": value}}]
    states = test._tree.get_widget_states()  # AppTest has no hands for a component of one's own
    states.widgets.add(id=_make_trigger_id(pressed.id, "events"), json_trigger_value=json.dumps(sent))
    return test._run(states)


def ids(test):
    """Ids of the hits, in the order of the page."""
    return re.findall(r'<article [^>]*data-value="([^"]*)"', "".join(cards(test)))


def _lists(test, key):
    return [one.proto for one in test.get("bidi_component") if one.proto.id.endswith(f"-{key}")]


def button(test, prefix):
    return next(one for one in test.button if one.key and one.key.startswith(prefix))


def test_typing_finds_the_picture_and_the_passage_in_one_list(indexed, page):
    test = page()
    test.text_input(key="q").set_value("red").run()
    assert names(test)[0] == "red.png"
    assert "harbour.txt" in names(test)
    test.text_input(key="q").set_value("pancakes with milk").run()
    assert names(test)[0] == "recipe.md"
    assert not test.error


def test_an_address_reproduces_the_view(indexed, page, files):
    test = page(q="red", kind="image", under=str(files / "pictures" / "deep"))
    assert test.text_input(key="q").value == "red"
    assert names(test) == ["yellow.jpg"]
    assert names(page(q="red", kind="document")) == names(page(q="red", kind="document"))
    assert {"red.png", "green.png"}.isdisjoint(names(page(q="red", kind="document")))


def test_date_filters_and_no_results_offer_a_way_out(indexed, page):
    test = page(q="red", until="1999-12-31")
    assert names(test) == []
    assert test.subheader[0].value == "No results"
    button(test, "widen").click().run()
    assert names(test)[0] == "red.png"
    assert "until" not in test.query_params


def test_find_similar_leaves_out_the_hit_and_says_what_it_is_like(indexed, page):
    test = page(q="red")
    press(test, "similar", ids(test)[0])
    assert "like" in test.query_params
    assert test.text_input(key="q").value == ""
    assert "red.png" not in names(test)
    assert "Similar to" in " ".join(one.value for one in test.markdown)
    again = page(like=test.query_params["like"])
    assert names(again) == names(test)
    button(test, "no-like").click().run()
    assert names(test) == []


def test_a_hit_opens_with_its_facts_and_path(indexed, page, files):
    test = page(q="red")
    press(test, "open", ids(test)[0])
    assert str(files / "pictures" / "red.png") in [code.value for code in test.code]
    assert any("40 × 30 pixels" in body for body in bodies(test))
    assert not test.error


def test_find_similar_from_the_open_hit(indexed, page):
    test = page(q="red")
    press(test, "open", ids(test)[0])
    button(test, "detail-similar").click().run()
    assert "like" in test.query_params
    assert names(test)
    assert "red.png" not in names(test)


def test_more_hits_are_shown_a_page_at_a_time(indexed, page, monkeypatch):
    import app.views.search as view
    from app import address

    monkeypatch.setattr(address, "PAGE_SIZE", 2)
    monkeypatch.setattr(view, "PAGE_SIZE", 2)
    test = page(q="red")
    first = names(test)
    assert len(first) == 2
    button(test, "more").click().run()
    assert names(test)[:2] == first
    assert len(names(test)) == 4
    assert names(page(q="red", page="2")) == names(test)
    test.text_input(key="q").set_value("blue").run()
    assert len(names(test)) == 2


def test_nonsense_in_the_address_is_no_error(indexed, page):
    for parameters in (
        {"like": "/etc/passwd"},
        {"page": "-7"},
        {"page": "9" * 40},
        {"kind": "../../etc/passwd"},
        {"under": "/etc"},
        {"since": "yesterdayish"},
        {"collection": "../../etc"},
    ):
        test = page(q="red", **parameters)
        assert not test.error
        assert names(test)


def test_an_unknown_hit_in_the_address_is_one_sentence(indexed, page):
    test = page(like="6f2e7a52-3d0c-5d5c-9b39-6a1f0b6c7d11")
    assert len(test.error) == 1
    assert "no longer" in test.error[0].value.replace("\u2060", "")
    assert names(test) == []


def test_a_query_that_cannot_be_answered_is_one_sentence(indexed, page):
    test = page()
    test.session_state["picture"] = ("broken.jpg", b"this is no picture")
    test.run()
    assert len(test.error) == 1
    assert not test.exception


def test_a_picture_asks_for_its_like(indexed, page, files):
    test = page()
    test.session_state["picture"] = ("mine.png", (files / "pictures" / "blue.png").read_bytes())
    test.run()
    assert names(test)[0] == "blue.png"
    button(test, "no-picture").click().run()
    assert names(test) == []


def test_names_and_passages_are_shown_and_never_rendered(shelf, home, tmp_path, write_picture, page):
    from indexer.library import Library

    from tiny import tiny_encoder

    folder = tmp_path / "odd"
    picture = write_picture(folder / "[x](javascript:alert(1)) $$a$$ <img src=x onerror=alert(1)> :cat:.png", "red")
    (folder / "# <script>alert(2)<b>.md").write_text("# <script>alert(3)</script>\n\nred [click](javascript:alert(4))\n")
    with Library(home, encoder=tiny_encoder()) as library:
        library.add([folder], workers=1)
    test = page(q="red")
    shown = "".join(body for body in bodies(test) if "sb-card" in body)
    assert "<script" not in shown
    assert "<img src=x" not in shown
    assert "&lt;img src=x onerror=alert(1)&gt;" in shown
    assert "&lt;script&gt;alert(3)" in shown
    for one in test.button:
        assert re.search(r"(?<!\\)[\[\]<>$(]", one.label) is None
    press(test, "open", ids(test)[0])
    assert picture.name in test.code[0].value or test.code[0].value.endswith(".md")


def test_an_empty_library_offers_a_start(shelf, home, page):
    from app.work import refuse_samples

    refuse_samples()
    test = page()
    assert test.subheader[0].value == "There is nothing to search yet"
    assert any("sample" in one.label for one in test.button)
