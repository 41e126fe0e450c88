"""Rows to pairs: what the columns of a table of pairs mean.

| column | what it holds |
|---|---|
| `query`, or `anchor` | the text that is asked |
| `query_image` | instead of it: a picture file that is asked with |
| `item`, or `positive` | the text that answers |
| `image` | instead of it: a picture file that answers |
| `id` | of the item; by default made of its content |
| `weight` | a number above 0; by default 1 |
| `group` | rows of one group stay on one side of a split |
| `negatives` | ids of wrong answers, hardest first: a list, or in CSV separated by blanks |
| `negative`, `negative_1`, `negative_2` ... | texts that are wrong answers, as sentence-transformers names them |

Relative paths of pictures begin at the table's own folder and stay below it; absolute ones are taken as they are.
A row without any query, but with an `id`, is an item that is there to be a wrong answer.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from encoders.errors import InputError
from encoders.training.pairs import Content, Pair, content_id
from encoders.training.picture_check import PictureCheck, below

__all__ = ["COLUMNS", "Drawn", "draw_pair", "draw_side", "group_of", "id_of", "text_of", "weight_of"]

_NEGATIVE = re.compile(r"negative(_\d+)?")
COLUMNS = frozenset(
    [
        "query",
        "anchor",
        "query_image",
        "item",
        "positive",
        "image",
        "id",
        "weight",
        "group",
        "negatives",
        "negative",
        "judgement",
    ]
    + [f"negative_{number}" for number in range(100)]
)
"""Every column that a table of pairs may have."""


@dataclass(frozen=True)
class Drawn:
    """What one row gave."""

    where: str
    pair: Pair | None
    others: tuple[tuple[str, Content], ...] = ()  # wrong answers that come with their content: (id, content)


def draw_pair(where: str, fields: Mapping[str, Any], folder: Path, pictures: PictureCheck) -> Drawn:
    """One row -> its pair. Raises InputError saying what is wrong with it."""
    item = draw_side(fields, ("item", "positive", "image"), folder, pictures)
    given = id_of(fields)
    if given and not any(name in fields for name in ("query", "anchor", "query_image")):
        return Drawn(where, None, ((given, item),))
    query = draw_side(fields, ("query", "anchor", "query_image"), folder, pictures)
    wrong = tuple(dict(_wrong_texts(fields)).items())
    ids = dict.fromkeys([*_wrong_ids(fields.get("negatives")), *(each for each, _ in wrong)])
    known = given or (pictures.id_of(item) if isinstance(item, Path) else content_id(item))
    ids.pop(known, None)
    return Drawn(where, Pair(query, item, known, weight_of(fields), group_of(fields), tuple(ids)), wrong)


def draw_side(fields: Mapping[str, Any], names: tuple[str, ...], folder: Path, pictures: PictureCheck) -> Content:
    """The one of these columns that is filled: a text, or for ..."image" a picture that was looked at."""
    filled = [name for name in names if fields.get(name) not in (None, "")]
    if not filled:
        has = any(name in fields for name in names)
        raise InputError(f"the {names[0]} is empty" if has else f"it has no column {' or '.join(names)}")
    if len(filled) > 1:
        raise InputError(f"it has {' and '.join(filled)}: one of them is wanted")
    name = filled[0]
    text = text_of(fields[name], name)
    if not name.endswith("image"):
        return text
    path = Path(text) if Path(text).is_absolute() else below(folder, text)
    pictures.id_of(path)
    return path


def text_of(value: Any, name: str) -> str:
    """The value as text without blanks around it. Raises InputError for what is no text, and for an empty one."""
    if not isinstance(value, str):
        raise InputError(f"the {name} must be text, not a {type(value).__name__}")
    if not value.strip():
        raise InputError(f"the {name} is empty")
    return value.strip()


def id_of(fields: Mapping[str, Any]) -> str:
    """The id that the row gives; "" where it gives none. Whole numbers are written out."""
    return _label(fields.get("id"), "id")


def group_of(fields: Mapping[str, Any]) -> str:
    """The group that the row gives, or ""."""
    return _label(fields.get("group"), "group")


def weight_of(fields: Mapping[str, Any]) -> float:
    """The weight that the row gives, or 1."""
    value = fields.get("weight")
    if value is None or value == "":
        return 1.0
    try:
        weight = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        weight = math.nan
    if not (math.isfinite(weight) and weight > 0):
        raise InputError(f"the weight {value!r} is not a number above 0")
    return weight


def _label(value: Any, name: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InputError(f"the {name} must be text or a whole number, not a {type(value).__name__}")
    return str(value).strip()


def _wrong_ids(value: Any) -> Iterator[str]:
    if value is None:
        return
    if not isinstance(value, str | list):
        raise InputError(f"the negatives must be a list of ids, not a {type(value).__name__}")
    for each in value.split() if isinstance(value, str) else value:
        if label := _label(each, "id in negatives"):
            yield label


def _wrong_texts(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in fields.items():
        if _NEGATIVE.fullmatch(name) and value not in (None, ""):
            text = text_of(value, name)
            yield content_id(text), text
