"""A collection of pictures and passages with queries that have one right answer of unknown kind, and queries that have none.

    python -m benchmarks.mixed_corpus --work DIR --recipe-work DIR

Pictures: Open Clip Art and emoji that the starter's training held out, the stamps of Tux Paint, photographs of
scikit-image; a query is what a picture is called, and nothing of it is in the file or its name. Documents: manual pages
and docstrings, where a query is the line that says what one is for, and definitions of nouns, where it is the noun; both
are left out of the file. A fifth of the picture
groups and all documents of some topics are left out of the collection: what they are called has no answer there.
Everything comes from packages; DIR/corpus/corpus.json says what is what.
"""

import argparse
import hashlib
import json
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from benchmarks.corpus_pictures import SOURCES, read_pictures
from benchmarks.definitions import DEFINITIONS, read_definitions
from benchmarks.docstrings import read_docstrings
from benchmarks.man_pages import MAN_PACKAGES, Article, read_man_pages, shortened
from encoders.recipe.drawings import Drawing, full_caption, render

__all__ = ["Asked", "Corpus", "Item", "build_corpus", "choose_documents", "half_of", "name_pictures", "read_corpus"]

_DOCUMENTS = 3000
_LETTERS = 800  # of a document: one or two passages
_DOCUMENT_QUERIES = 800
_DEFINITIONS, _DEFINITION_QUERIES = 1500, 400
_PACKAGE_QUERIES = 600
_NONSENSE = 60
_LEFT_OUT_TOPICS = ("tcl8.6-doc", "sympy", "requests")
_PACKAGE_SECTIONS = ("games", "hamradio", "science", "sound", "electronics", "education", "gnome", "net", "video", "fonts")
_DESCRIBED = frozenset({"clip art", "emoji"})  # these have keywords
_KEYWORDS = 4  # of a picture's, in the query that describes it


@dataclass(frozen=True)
class Item:
    """One file of the collection."""

    file: str  # below the corpus's folder; its name says nothing
    kind: str  # image or document
    source: str  # clip art, emoji, photographs, manual pages, docstrings
    group: str  # items of one group answer the same queries
    name: str  # what it is called
    keywords: tuple[str, ...] = ()
    text: str = ""  # of a document


@dataclass(frozen=True)
class Asked:
    """One query."""

    text: str
    set: str  # where it comes from
    group: str  # right answers are the items of this group; those of a query without an answer are in the collection nowhere
    kind: str  # of the right answer: image or document; "" for none

    @property
    def half(self) -> str:
        """Which half of the queries it belongs to: constants are fitted on one, numbers published of the other."""
        return half_of(self.group)


@dataclass(frozen=True)
class Corpus:
    """Files and queries."""

    folder: Path
    items: list[Item]
    queries: list[Asked]


def half_of(group: str) -> str:
    """The half that a group belongs to, "fit" or "test", by its name alone."""
    return ("fit", "test")[hashlib.sha256(group.encode()).digest()[0] & 1]


def is_left_out(group: str) -> bool:
    """A fifth of the picture groups, by name."""
    return hashlib.sha256(group.encode()).digest()[1] % 5 == 0


def build_corpus(work: Path, recipe: Path, clip_art: bool = True) -> Corpus:
    """Write the files and corpus.json into WORK/corpus, unless they are there: hours where the recipe never ran."""
    folder = work / "corpus"
    if not (folder / "corpus.json").is_file():
        pictures, more = name_pictures(read_pictures(work, recipe, _tell, clip_art))
        _write_pictures(folder, pictures)
        documents, queries = choose_documents(_articles(work))
        defined, asked = choose_definitions(read_definitions([query.text for query in more]))
        documents += defined
        queries = [*more, *queries, *_package_queries(), *_nonsense(), *asked]
        items = [*(item for item, _ in pictures), *documents]
        for item in documents:
            path = folder / item.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(item.text + "\n", encoding="utf-8")
        whole = {"items": [asdict(item) for item in items], "queries": [asdict(query) for query in queries]}
        (folder / "corpus.json").write_text(json.dumps(whole, indent=0, ensure_ascii=False), encoding="utf-8")
    return read_corpus(work)


def read_corpus(work: Path) -> Corpus:
    """What `build_corpus` wrote."""
    whole = json.loads((work / "corpus" / "corpus.json").read_text(encoding="utf-8"))
    items = [Item(**{**item, "keywords": tuple(item["keywords"])}) for item in whole["items"]]
    return Corpus(work / "corpus", items, [Asked(**query) for query in whole["queries"]])


def name_pictures(drawings: Sequence[tuple[Drawing, str]]) -> tuple[list[tuple[Item, Drawing]], list[Asked]]:
    """Drawings with their groups -> items with what to draw, and queries, those of a fifth of the groups without an item."""
    pictures: list[tuple[Item, Drawing]] = []
    queries = []
    for drawing, group in drawings:
        source = SOURCES.get(drawing.source, "emoji")
        out = is_left_out(group)
        short = drawing.name or full_caption(drawing, _KEYWORDS)
        long = full_caption(drawing, _KEYWORDS) if source in _DESCRIBED else short
        for text, form in ((short, source), (long, f"{source}, described")):
            if form == source or long != short:
                queries.append(Asked(text, f"left-out {form}" if out else form, group, "" if out else "image"))
        if not out:
            pictures.append((Item("", "image", source, group, drawing.name, drawing.keywords), drawing))
    random.Random(0).shuffle(pictures)
    named = [
        (replace(item, file=f"pictures/{place // 500:02}/picture-{place:05}.png"), drawing)
        for place, (item, drawing) in enumerate(pictures)
    ]
    return named, list(dict.fromkeys(queries))


def choose_documents(articles: Sequence[Article]) -> tuple[list[Item], list[Asked]]:
    """Items and queries: every manual page and as many docstrings as are wanted, but for the topics that are left out."""
    dice = random.Random(1)
    manuals = {package.name for package in MAN_PACKAGES}
    shuffled = list(articles)
    dice.shuffle(shuffled)
    shuffled.sort(key=lambda article: article.topic not in manuals)  # all the pages: docstrings are more than enough
    kept = [article for article in shuffled if article.topic not in _LEFT_OUT_TOPICS][:_DOCUMENTS]
    dice.shuffle(kept)
    items = []
    by_query: dict[str, list[Article]] = defaultdict(list)
    for place, article in enumerate(kept):
        group = f"document {article.query.casefold()}"
        source = "manual pages" if article.topic in manuals else "docstrings"
        file = f"documents/{place // 500:02}/document-{place:05}.txt"
        items.append(Item(file, "document", source, group, article.name, (), shortened(article.body, _LETTERS)))
        by_query[group].append(article)
    asked: dict[str, list[Asked]] = defaultdict(list)
    for item in items:
        asked[item.source].append(Asked(by_query[item.group][0].query, item.source, item.group, "document"))
    queries = [query for each in asked.values() for query in list(dict.fromkeys(each))[: _DOCUMENT_QUERIES // len(asked)]]
    out = [article for article in shuffled if article.topic in _LEFT_OUT_TOPICS]
    dice.shuffle(out)
    out = out[: _DOCUMENT_QUERIES // 2]
    queries += [Asked(each.query, "left-out documents", f"document {each.query.casefold()}", "") for each in out]
    return items, list(dict.fromkeys(queries))


def choose_definitions(articles: Sequence[Article]) -> tuple[list[Item], list[Asked]]:
    """Items and queries from shuffled definitions: the first are in the collection, those behind them are asked for in vain."""
    items = [
        Item(f"documents/{DEFINITIONS}/{place:05}.txt", "document", DEFINITIONS, f"noun {one.query}", one.name, (), one.body)
        for place, one in enumerate(articles[:_DEFINITIONS])
    ]
    queries = [Asked(one.query, DEFINITIONS, f"noun {one.query}", "document") for one in articles[:_DEFINITION_QUERIES]]
    out = articles[_DEFINITIONS : _DEFINITIONS + _DEFINITION_QUERIES]
    return items, [*queries, *(Asked(one.query, f"left-out {DEFINITIONS}", f"noun {one.query}", "") for one in out)]


def _articles(work: Path) -> list[Article]:
    """Kept, since reading the source of whole packages takes a minute."""
    kept = work / "articles.json"
    if not kept.is_file():
        articles = [*read_man_pages(work / "packages"), *read_docstrings()]
        kept.write_text(json.dumps([asdict(article) for article in articles]), encoding="utf-8")
    return [Article(**article) for article in json.loads(kept.read_text(encoding="utf-8"))]


def _write_pictures(folder: Path, pictures: Iterable[tuple[Item, Drawing]]) -> None:
    for item, drawing in pictures:
        path = folder / item.file
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file():
            half = path.with_suffix(".half")
            render(drawing).save(half, format="png", compress_level=1)
            half.rename(path)


def _package_queries() -> list[Asked]:
    """One-line descriptions of Debian packages of some sections: what the software is for, and no document here is of it."""
    done = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True)
    lines = set()
    for paragraph in done.stdout.split("\n\n"):
        fields = dict(line.partition(": ")[::2] for line in paragraph.splitlines() if ": " in line)
        if fields.get("Section", "").rpartition("/")[2] in _PACKAGE_SECTIONS and "Description" in fields:
            lines.add(fields["Description"].partition(" (")[0])
    chosen = random.Random(2).sample(sorted(lines), _PACKAGE_QUERIES)
    return [Asked(line, "software packages", f"package {line}", "") for line in chosen]


def _nonsense() -> list[Asked]:
    dice = random.Random(3)
    words = ["".join(dice.choice("bcdfghjklmnpqrstvwxzaeiou") for _ in range(dice.randint(3, 8))) for _ in range(4 * _NONSENSE)]
    texts = [" ".join(words[4 * place : 4 * place + 1 + place % 4]) for place in range(_NONSENSE)]
    return [Asked(text, "nonsense", f"nonsense {text}", "") for text in texts]


def _tell(what: str, done: int, total: int) -> None:
    print(f"{what}: {done:,} of {total:,}", flush=True)


def main() -> int:
    """Build it and say what is in it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.mixed_corpus", description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="everything is kept here")
    parser.add_argument("--recipe-work", type=Path, required=True, help="the folder of python -m encoders.recipe --work")
    parser.add_argument("--without-clip-art", action="store_true", help="for a first look: held-out clip art takes an hour")
    options = parser.parse_args()
    corpus = build_corpus(options.work, options.recipe_work, not options.without_clip_art)
    for what, entries in (("files", corpus.items), ("queries", corpus.queries)):
        counts: dict[str, int] = defaultdict(int)
        for entry in entries:
            counts[entry.source if isinstance(entry, Item) else entry.set] += 1
        print(f"{len(entries):,} {what}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
