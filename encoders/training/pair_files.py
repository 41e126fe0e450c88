"""Training data on disk -> pairs, and back: folders of captioned pictures, tables of pairs, judgements of the app."""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from encoders.errors import FileError, InputError
from encoders.training.judgements import judged_pairs, judgement_of
from encoders.training.pair_rows import COLUMNS, Drawn, draw_pair
from encoders.training.pairs import Content, Pair, PairSet, Refused, content_id
from encoders.training.picture_check import PictureCheck
from encoders.training.picture_folders import read_folder
from encoders.training.rows import ROW_FILES, Row, read_rows

__all__ = ["PairGatherer", "read_pairs", "write_pairs"]

_UNDERSTOOD = (
    "a folder of pictures with captions (a .txt beside each picture, or metadata.csv, .jsonl or .parquet with file_name and "
    "text), or a .csv, .jsonl or .parquet with the columns query and item (or image)"
)
_REASONS_TOLD = 5


def read_pairs(sources: Sequence[str | Path]) -> PairSet:
    """Pairs of all sources in their order, as one set; rows that are no pair are named in its `refused`.

    The columns are those of `encoders.training.pair_rows`, folders are read as `picture_folders` says, and a table with a
    `judgement` as `judgements` does. Every picture's header is looked at and its bytes are hashed. The same pair given twice
    counts once. Raises InputError for a source that is not there, of an unknown kind, or without a single pair.
    """
    if isinstance(sources, str | Path) or not sources:
        raise InputError(f"training data are a list of sources, got {sources!r}. Each is {_UNDERSTOOD}")
    gatherer = PairGatherer()
    pictures = PictureCheck()
    for source in sources:
        path = Path(source).expanduser()
        before, told = len(gatherer.pairs), len(gatherer.refused)
        for entry in _entries(path, pictures):
            gatherer.add(entry)
        if len(gatherer.pairs) == before:
            raise InputError(_nothing(path, gatherer.refused[told:]))
    return gatherer.pair_set(", ".join(Path(source).name or str(source) for source in sources))


def write_pairs(pairs: PairSet, path: Path) -> None:
    """Write a set as JSONL that `read_pairs` takes, whole or not at all. Paths of pictures are written absolute.

    Raises InputError when the file cannot be written.
    """
    rows = [_to_row(pair) for pair in pairs.pairs]
    rows += [{**_side(content, "item", "image"), "id": name} for name, content in pairs.others]
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except (OSError, UnicodeEncodeError) as error:
        fresh.unlink(missing_ok=True)
        raise InputError(f"the pairs cannot be written to {path}: {error}") from error


class PairGatherer:
    """Takes what sources give, one after the other, and sees that one id stays one item and one pair is given once."""

    def __init__(self) -> None:
        self.pairs: list[Pair] = []
        self.refused: list[Refused] = []
        self._items: dict[str, tuple[Content, str]] = {}  # id -> content, where it came from
        self._others: dict[str, Content] = {}
        self._given: dict[tuple[Content, str], str] = {}  # query, id -> where

    def add(self, entry: Drawn | Refused) -> None:
        """Take one; what contradicts an earlier one is refused, with both places."""
        if isinstance(entry, Refused):
            self.refused.append(entry)
            return
        try:
            others = {name: self._settle(name, content, entry.where) for name, content in entry.others}
            if entry.pair is not None:
                pair = replace(entry.pair, item=self._settle(entry.pair.item_id, entry.pair.item, entry.where))
                key = (pair.query, pair.item_id)
                if key in self._given:
                    raise InputError(f"the same pair is already given by {self._given[key]}")
                self._given[key] = entry.where
                self.pairs.append(pair)
            self._others.update(others)
        except (InputError, FileError) as error:
            self.refused.append(Refused(entry.where, str(error)))

    def pair_set(self, name: str) -> PairSet:
        """All that was taken."""
        asked = {pair.item_id for pair in self.pairs}
        others = tuple((each, content) for each, content in self._others.items() if each not in asked)
        return PairSet(name, tuple(self.pairs), tuple(self.refused), others)

    def _settle(self, name: str, content: Content, where: str) -> Content:
        """What stands for this id: the same bytes at two paths are one item, by its first path."""
        known, first = self._items.setdefault(name, (content, where))
        if known != content and content_id(known) != content_id(content):
            raise InputError(f"its id {name!r} already stands for another item, given by {first}")
        return known


def _entries(path: Path, pictures: PictureCheck) -> Iterator[Drawn | Refused]:
    if path.is_dir():
        return read_folder(path, pictures)
    if not path.exists():
        raise InputError(f"the training data {path} are not there. Name {_UNDERSTOOD}")
    if path.suffix.lower() not in ROW_FILES:
        raise InputError(f"{path} is no training data that can be read. Name {_UNDERSTOOD}")
    return _read_table(path, pictures)


def _read_table(path: Path, pictures: PictureCheck) -> Iterator[Drawn | Refused]:
    judged: list[tuple[int, Drawn]] = []
    for row in read_rows(path, COLUMNS):
        if isinstance(row, Refused):
            yield row
            continue
        try:
            drawn = draw_pair(row.where, row.fields, path.parent, pictures)
            if _is_judged(row):
                judged.append((judgement_of(row.fields["judgement"]), drawn))
            else:
                yield drawn
        except InputError as error:
            yield Refused(row.where, str(error))
    yield from judged_pairs(judged)


def _is_judged(row: Row) -> bool:
    return row.fields.get("judgement") not in (None, "")


def _nothing(path: Path, refused: Sequence[Refused]) -> str:
    reasons = "".join(f"\n  {each}" for each in refused[:_REASONS_TOLD])
    more = f"\n  and {len(refused) - _REASONS_TOLD:,} more" if len(refused) > _REASONS_TOLD else ""
    if not refused:
        return f"{path} holds no pair: it is empty. Name {_UNDERSTOOD}"
    return f"{path} holds no pair that can be used:{reasons}{more}\nName {_UNDERSTOOD}"


def _to_row(pair: Pair) -> dict[str, object]:
    row: dict[str, object] = {**_side(pair.query, "query", "query_image"), **_side(pair.item, "item", "image")}
    row["id"] = pair.item_id
    if pair.weight != 1:
        row["weight"] = pair.weight
    if pair.group:
        row["group"] = pair.group
    if pair.negatives:
        row["negatives"] = list(pair.negatives)
    return row


def _side(content: Content, text: str, image: str) -> dict[str, object]:
    return {text: content} if isinstance(content, str) else {image: str(content.absolute())}
