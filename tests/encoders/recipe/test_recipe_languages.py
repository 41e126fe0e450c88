import json

import pytest

from encoders.recipe import emoji
from encoders.recipe.drawings import Drawing, captions_of
from encoders.recipe.languages import LANGUAGES, in_languages, names_in, read_stamps, same_things

FOX, CAT = "1f98a", "1f408"
EMOJI = [Drawing("set", FOX, "fox", ("face",), "<svg/>"), Drawing("set", CAT, "cat", ("pet",), "<svg/>")]


@pytest.fixture
def cldr(tmp_path, monkeypatch):
    """Annotations of two emoji in every language; the cat has no Russian name."""
    for language in LANGUAGES:
        said = {"🦊": {"default": ["x"], "tts": [f"fox-{language}"]}, "🐈": {"default": [], "tts": [f"cat-{language}"]}}
        if language == "ru":
            del said["🐈"]
        path = tmp_path / "package" / "annotations" / language / "annotations.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"annotations": {"annotations": said}}), encoding="utf-8")
    monkeypatch.setattr(emoji, "fetch", lambda name, folder: tmp_path)
    return tmp_path


def test_emoji_get_captions_in_every_language_behind_the_english_ones(cldr):
    fox, cat = in_languages(EMOJI, cldr)
    assert captions_of(fox)[:3] == ("fox", "face", "fox: face")
    assert {f"fox-{language}" for language in LANGUAGES} <= set(captions_of(fox))
    assert "cat-ru" not in captions_of(cat)


def test_what_is_held_out_is_no_training_pair_in_any_language(cldr):
    (thing,) = same_things(EMOJI, {CAT}, cldr)
    assert thing["en"] == ("fox", "fox: face")
    assert thing["ja"] == ("fox-ja",)
    assert "cat" not in str(thing)


def test_names_come_in_the_order_of_the_keys(cldr):
    assert names_in("de", [CAT, FOX, CAT], cldr) == ["cat-de", "fox-de", "cat-de"]
    with pytest.raises(KeyError):
        names_in("ru", [CAT], cldr)


def test_stamps_are_read_with_all_their_languages_or_not_at_all(tmp_path):
    codes = {"zh": "zh_CN"}
    lines = [f"{codes.get(language, language)}.utf8=frog-{language}" for language in LANGUAGES]
    for name, text in (("frog", ["A frog.", *lines]), ("half", ["Half.", *lines[1:]]), ("nothing", ["", *lines])):
        (tmp_path / f"{name}.txt").write_text("\n".join(text), encoding="utf-8")
        (tmp_path / f"{name}.png").write_bytes(b"")
    (tmp_path / "lonely.txt").write_text("\n".join(["No picture.", *lines]), encoding="utf-8")
    (stamp,) = read_stamps(tmp_path)
    assert stamp.picture.name == "frog.png"
    assert stamp.descriptions == {"en": "A frog.", **{language: f"frog-{language}" for language in LANGUAGES}}
