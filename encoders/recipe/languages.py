"""The same things said in many languages: CLDR's names of emoji, and the descriptions of Tux Paint's stamps."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from encoders.recipe.drawings import Drawing, full_caption
from encoders.recipe.emoji import emoji_names

__all__ = ["LANGUAGES", "Stamp", "in_languages", "names_in", "read_stamps", "same_things"]

LANGUAGES = ("de", "fr", "es", "zh", "ja", "ar", "ru")
"""Besides English: those that the multilingual model is trained and measured on."""

_CODES = {"zh_CN": "zh"}  # as Tux Paint writes them


def in_languages(emoji: Sequence[Drawing], folder: Path) -> list[Drawing]:
    """The same drawings, with captions in all languages beside the English ones."""
    names = _names(folder)
    return [replace(one, more=(*one.more, *(said[one.key] for said in names.values() if one.key in said))) for one in emoji]


def names_in(language: str, keys: Sequence[str], folder: Path) -> list[str]:
    """What CLDR calls each of these emoji in one language. Raises KeyError for one without a name there."""
    names = emoji_names(folder, language)
    return [names[key][0] for key in keys]


def same_things(emoji: Sequence[Drawing], held_out: Collection[str], folder: Path) -> list[dict[str, tuple[str, ...]]]:
    """For each emoji that is not held out, by language: its name; in English its name with keywords, too."""
    names = _names(folder)
    english = {one.key: (one.name, full_caption(one)) for one in emoji if one.key not in held_out}
    return [
        {"en": ways, **{language: (said[key],) for language, said in names.items() if key in said}}
        for key, ways in english.items()
    ]


def _names(folder: Path) -> dict[str, dict[str, str]]:
    """By language and emoji: its name."""
    return {language: {key: name for key, (name, _) in emoji_names(folder, language).items()} for language in LANGUAGES}


@dataclass(frozen=True)
class Stamp:
    """A picture of Tux Paint with its description in several languages. Nothing is trained on these."""

    picture: Path
    descriptions: Mapping[str, str]  # by language, English always among them


def read_stamps(folder: Path) -> list[Stamp]:
    """Every stamp below a folder that is said in all languages: a PNG, and beside it a text file.

    Its first line is English; then come lines like `de.utf8=Ein Frosch.`
    """
    stamps = []
    for path in sorted(folder.rglob("*.txt")):
        english, *others = path.read_text(encoding="utf-8", errors="replace").split("\n")
        said = {"en": english.strip()}
        for line in others:
            code, _, text = line.partition(".utf8=")
            said[_CODES.get(code, code)] = text.strip()
        picture = path.with_suffix(".png")
        if picture.is_file() and all(said.get(language) for language in ("en", *LANGUAGES)):
            stamps.append(Stamp(picture, {language: said[language] for language in ("en", *LANGUAGES)}))
    return stamps
