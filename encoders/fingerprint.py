"""What a tower is, as a few hex digits: the same on every machine and for every runtime.

Two towers with equal fingerprints put the same thing at the same place. So everything that moves a vector goes in:
the weights, the preprocessing, the dimension, the prompt, and the version of the recipe in our own code. Nothing else
does: not the device, not the precision, not the version of a library.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from encoders.errors import ModelError

__all__ = ["check_file", "file_sha256", "fingerprint"]

_DIGITS = 16


def fingerprint(**parts: Any) -> str:
    """Named plain JSON values -> 16 hex digits; the order of the names does not matter.

    >>> fingerprint(weights="ab", dimension=384) == fingerprint(dimension=384, weights="ab")
    True
    """
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_file(path: Path, expected: str, repair: str) -> None:
    """Return only if the file's SHA-256 is `expected`.

    Raises ModelError, naming path, expected and found, with `repair` as what to do.
    """
    try:
        found = file_sha256(path)
    except OSError as error:
        raise ModelError(f"the weights {path} cannot be read ({error.strerror}). {repair}") from error
    if found != expected:
        raise ModelError(f"the weights {path} are damaged: expected SHA-256 {expected}, found {found}. {repair}")
