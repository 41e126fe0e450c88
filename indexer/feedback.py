"""What people said of hits while they searched: an append-only record in the collection's folder, and pairs made of it.

`feedback.jsonl` holds a line for each judgement, and is itself training data that `read_pairs` takes:
`time`, `query` or `query_image` (or both), `id`, `content`, `part` and `path` of the item, `image` (its file) or `item` (its
text), and `judgement`: 1 fits, -1 does not, 0 takes back what was said before. The last line on a query and an item counts.
Where the search said how likely the item was, `log_odds` holds it, and `model` by which towers.
"""

import hashlib
import json
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from filelock import FileLock

from encoders.errors import InputError, LibraryError
from encoders.training.judgements import judged_pairs, judgement_of
from encoders.training.pair_files import PairGatherer
from encoders.training.pair_rows import Drawn
from encoders.training.pairs import Content, Pair, PairSet, Refused
from encoders.training.rows import Row, read_rows
from indexer.items import Payload
from indexer.library import Library
from indexer.metadata import rfc3339
from indexer.pairs import item_content
from indexer.paths import to_path, to_text

__all__ = ["Asked", "FeedbackLog", "Judgement", "feedback_pairs", "standing"]

_COLUMNS = ("time", "query", "query_image", "id", "content", "part", "path", "image", "item", "judgement")
_SAID = ("log_odds", "model")


@dataclass(frozen=True)
class Asked:
    """A query as it can be recorded: words, a picture file, or both."""

    text: str | None = None
    picture: Path | None = None

    def __post_init__(self) -> None:
        if not (self.text and self.text.strip()) and self.picture is None:
            raise InputError("there is no query to judge a hit by")


@dataclass(frozen=True)
class Judgement:
    """One line of the record."""

    time: str  # RFC 3339, UTC
    asked: Asked
    item: str  # id in the store
    content: str  # hex SHA-256 of the file's bytes: finds the item again in another library
    part: str  # of the file
    path: str  # where the file lay then, as text
    verdict: int  # 1 fits, -1 does not, 0: what was said before is taken back
    log_odds: float | None = None  # of fitting, as the search had it before anybody judged
    model: str = ""  # the towers by which it had


class FeedbackLog:
    """The record of one collection. Any number of processes may write to it."""

    def __init__(self, library: Library) -> None:
        self._folder = library.home.folder(library.collection, library.url)
        self.path = self._folder / "feedback.jsonl"

    def record(
        self,
        asked: Asked,
        item: str,
        payload: Payload,
        verdict: int,
        *,
        log_odds: float | None = None,
        model: str = "",
    ) -> Judgement:
        """Add a line, on disk before this returns. `log_odds` and `model`: as in Judgement.

        Raises InputError for a verdict that is none, LibraryError when it cannot be written.
        """
        if verdict not in (-1, 0, 1):
            raise InputError(f"a verdict is 1, -1 or 0, not {verdict!r}")
        path = next(iter(payload.get("paths") or ()), "")
        told = Judgement(
            rfc3339(datetime.now(UTC).timestamp()),
            asked,
            item,
            payload.get("content", ""),
            payload.get("part", ""),
            path,
            verdict,
            log_odds,
            model,
        )
        fields: dict[str, Any] = {"time": told.time}
        if asked.text:
            fields["query"] = asked.text
        if asked.picture is not None:
            fields["query_image"] = to_text(asked.picture)
        fields |= {"id": item, "content": told.content, "part": told.part, "path": path}
        fields |= {"image": path} if payload.get("modality") == "image" else {"item": payload.get("text", "")}
        if log_odds is not None:
            fields |= {"log_odds": round(log_odds, 4), "model": model}
        self._append(json.dumps({**fields, "judgement": verdict}))  # ASCII: no half a character where a write was cut
        return told

    def picture_file(self, name: str, data: bytes) -> Path:
        """Where `keep_picture` keeps a picture of these bytes; whether it is there already or not."""
        extension = PurePath(name).suffix.lower()
        extension = extension if re.fullmatch(r"\.[a-z0-9]{1,5}", extension) else ""
        return self._folder / "asked" / (hashlib.sha256(data).hexdigest() + extension)

    def keep_picture(self, name: str, data: bytes) -> Path:
        """Keep a picture that was asked with, since it may be nowhere else; returns its file. The same bytes are kept once."""
        path = self.picture_file(name, data)
        if path.is_file():
            return path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
            fresh.write_bytes(data)
            fresh.replace(path)
        except OSError as error:
            raise LibraryError(f"the picture cannot be kept in {path.parent}: {error.strerror}") from error
        return path

    def read(self) -> tuple[list[Judgement], list[Refused]]:
        """Every judgement in the order it was given, and lines that cannot be read: a write that was cut short costs itself."""
        told: list[Judgement] = []
        refused: list[Refused] = []
        for row in read_rows(self.path, (*_COLUMNS, *_SAID)) if self.path.is_file() else ():
            try:
                told.append(_judgement(row.fields)) if isinstance(row, Row) else refused.append(row)
            except InputError as error:
                refused.append(Refused(row.where, str(error)))
        return told, refused

    def verdicts(self, asked: Asked) -> dict[str, int]:
        """Item id -> 1 or -1: what was last said about this query, and not taken back."""
        return {told.item: told.verdict for told in standing(self.read()[0]) if told.asked == asked}

    def _append(self, line: str) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock")), self.path.open("ab+") as file:
                end = file.seek(0, os.SEEK_END)
                file.seek(max(0, end - 1))
                if end and file.read(1) != b"\n":
                    line = "\n" + line  # a write before was cut short: what it left must not swallow this one
                file.write(line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise LibraryError(f"the judgement cannot be recorded in {self.path}: {error.strerror}") from error


def standing(told: Iterable[Judgement]) -> list[Judgement]:
    """What counts of a record: the last judgement of each query and item, unless it took back what was said before."""
    last = {(each.asked, each.item): each for each in told}
    return [each for each in last.values() if each.verdict]


def feedback_pairs(library: Library) -> PairSet:
    """Judgements of a collection as pairs: what fits is an answer, and what does not fit the same query its wrong answers.

    Items are looked up in the collection, so a file that was moved since is found at its new place. Judgements that cannot
    be learnt from are named in `refused`. Raises LibraryError without such a collection.
    """
    library.require_existing()
    told, refused = FeedbackLog(library).read()
    ids = list(dict.fromkeys(each.item for each in told))
    payloads = {item.id: item.payload for item in library.store.retrieve(ids)} if library.store.manifest() else {}
    gatherer = PairGatherer()
    for entry in (*refused, *_pairs(told, payloads)):
        gatherer.add(entry)
    return gatherer.pair_set(f"feedback of {library.collection}")


def _pairs(told: list[Judgement], payloads: Mapping[str, Payload]) -> Iterator[Drawn | Refused]:
    judged = []
    for each in told:
        where = f"the judgement of {each.time} on {each.path}"
        query = _query(each.asked)
        item = item_content(payloads[each.item]) if each.item in payloads else None
        if isinstance(query, Refused):
            yield Refused(where, query.why)
        elif item is None:
            yield Refused(where, "the item is not in the collection any more")
        elif isinstance(item, Refused):
            yield Refused(where, item.why)
        else:
            judged.append((each.verdict, Drawn(where, Pair(query, item, each.item))))
    yield from judged_pairs(judged)


def _query(asked: Asked) -> Content | Refused:
    if asked.text and asked.picture is not None:
        return Refused("", "it was asked with words and a picture at once, which no single tower takes")
    if asked.picture is not None and not asked.picture.is_file():
        return Refused("", f"the picture that was asked with, {asked.picture}, is not there any more")
    return asked.picture or asked.text or Refused("", "there is no query")


def _judgement(fields: Mapping[str, Any]) -> Judgement:
    """A line as it was recorded. Raises InputError for one that holds something else."""
    text = {name: fields.get(name, "") for name in ("time", "query", "query_image", "id", "content", "part", "path")}
    odd = next((name for name, value in text.items() if not isinstance(value, str)), None)
    if odd or not text["id"]:
        raise InputError(f"its {odd or 'id'} is not text")
    asked = Asked(text["query"] or None, to_path(text["query_image"]) if text["query_image"] else None)
    verdict = judgement_of(fields.get("judgement"))
    said, model = fields.get("log_odds"), fields.get("model")
    log_odds = float(said) if isinstance(said, int | float) and math.isfinite(said) else None
    place = text["content"], text["part"], text["path"]
    return Judgement(text["time"], asked, text["id"], *place, verdict, log_odds, model if isinstance(model, str) else "")
