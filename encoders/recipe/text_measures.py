"""How near the same thing in two languages is, before the text head and after it, on emoji that training held out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from encoders.recipe.material import Texts
from encoders.vectors import Vectors, unit_rows

__all__ = ["find_text_range", "measure_meeting"]


def measure_meeting(
    before: Texts, after: Texts, english: Sequence[str], others: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, float]]:
    """Name of a test -> R@1 of finding the English name of the same emoji among all of them, in two spaces.

    `others`: by language, as many names as `english` has, in its order.
    """
    result: dict[str, Any] = {}
    for language, names in others.items():
        result[f"held-out emoji, {language} name to English name"] = {
            "emoji": len(names),
            "R@1": _first(after.of(names), after.of(english)),
            "R@1 without the head": _first(before.of(names), before.of(english)),
        }
    return result


def find_text_range(texts: Texts, pairs: Sequence[tuple[str, str]]) -> tuple[float, float]:
    """Median cosine of unrelated texts, and what a quarter of the pairs, which belong together, reach."""
    left, right = (texts.of([pair[side] for pair in pairs]) for side in (0, 1))
    unrelated, related = ((left * others).sum(1) for others in (np.roll(right, len(right) // 3, axis=0), right))
    return round(float(np.median(unrelated)), 3), round(float(np.percentile(related, 75)), 3)


def _first(queries: Vectors, items: Vectors) -> float:
    """Ties count as a miss: vectors that are all the same find nothing.

    >>> _first(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)[[0, 0]])
    0.0
    """
    scores = unit_rows(queries) @ unit_rows(items).T
    own = np.diag(scores)[:, None]
    return round(float(((scores >= own).sum(1) == 1).mean()), 3)
