"""Passages about everyday things: WordNet's definitions of nouns, as timm's data files have them; the noun is the query."""

import csv
import random
from collections.abc import Collection

from benchmarks.absence import content_words
from benchmarks.man_pages import Article
from encoders.packaged import package_folder
from encoders.recipe.classes import class_synsets

__all__ = ["DEFINITIONS", "read_definitions"]

DEFINITIONS = "definitions"
"""Their topic."""

_LEAST_WORDS = 8


def read_definitions(names: Collection[str]) -> list[Article]:
    """Each noun with its definition, shuffled.

    Left out are the classes of the picture network, whose names the starter knows, nouns whose words are all in one of
    `names` (of pictures, which would fit as well), and definitions that hold a word of their noun.
    """
    folder = package_folder("timm", "timm", "the mixed corpus") / "data" / "_info"

    def table(name: str) -> dict[str, str]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return {row[0]: row[1] for row in csv.reader(file, delimiter="\t")}

    lemmas, definitions = table("imagenet_synset_to_lemma.txt"), table("imagenet_synset_to_definition.txt")
    taken = [content_words(name) for name in names]
    known = set(class_synsets())
    articles: dict[str, Article] = {}
    for synset in sorted(set(definitions) - known):
        noun, text = lemmas[synset].partition(",")[0].strip(), definitions[synset]
        words = content_words(noun)
        if words and len(text.split()) >= _LEAST_WORDS and not words & content_words(text):
            articles.setdefault(noun.casefold(), Article(synset, DEFINITIONS, noun, text))
    kept = [one for one in articles.values() if not any(content_words(one.query) <= name for name in taken)]
    random.Random(4).shuffle(kept)
    return kept
