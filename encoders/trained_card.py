"""The card.json of a trained folder: which cards its towers come from, and which of them were changed.

A folder holds, beside what its run wrote down, only the tensors that differ from the base. Their files are named by
their content and the card is replaced last, in one step: who reads while it is saved anew gets the old or the new.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from encoders.errors import ModelError

__all__ = [
    "CARD_FILE",
    "TrainedCard",
    "TrainedTower",
    "portable_spec",
    "read_trained_card",
    "resolved_spec",
    "trained_folders",
    "whole_spec",
]

CARD_FILE = "card.json"
_FORMAT = 1
_TRAINED = "trained:"
_PATH = re.compile(r"(trained:|sbert:|openclip:[^/]+/)(.+)")  # what may be a path comes last


@dataclass(frozen=True)
class TrainedTower:
    """One tower of a trained folder."""

    base: str  # card it comes from; a path in it is relative to the folder or absolute
    base_fingerprint: str  # of the base's tower: the tensors below mean nothing on any other
    dimension: int
    weights: str | None = None  # file in the folder; None: this tower is its base's, unchanged
    sha256: str | None = None  # of that file
    head: Mapping[str, Any] | None = None  # fields of a HeadConfig; None: no head was added


@dataclass(frozen=True)
class TrainedCard:
    """What a trained folder says of itself."""

    title: str
    about: str
    networks: Mapping[str, str]  # modality -> network, for people
    dimension: int
    languages: tuple[str, ...]
    licence: str
    size_mb: int
    quality: Mapping[str, Any]
    score_ranges: Mapping[str, tuple[float, float]]  # "text to image" -> unrelated, clear match
    towers: Mapping[str, TrainedTower]  # "query.text", "candidate.image" ...

    def to_json(self) -> str:
        """Return what `read_trained_card` reads."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=2, ensure_ascii=False) + "\n"


def read_trained_card(folder: Path) -> TrainedCard:
    """Read a trained folder's card. Raises ModelError when there is none, or none that this release can read."""
    path = folder / CARD_FILE
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        written = said.pop("format")
        if isinstance(written, int) and written > _FORMAT:
            raise ModelError(
                f"the trained model {folder} has format {written}; this release reads up to {_FORMAT}. Update Skybridge"
            )
        towers = {name: TrainedTower(**tower) for name, tower in said.pop("towers").items()}
        ranges = {name: (float(low), float(high)) for name, (low, high) in said.pop("score_ranges").items()}
        card = TrainedCard(towers=towers, score_ranges=ranges, languages=tuple(said.pop("languages")), **said)
    except FileNotFoundError:
        raise ModelError(
            f"there is no trained model in {folder}: it has no {CARD_FILE}. Make one with: python -m encoders train CONFIG"
        ) from None
    except OSError as error:
        raise ModelError(f"the card {path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is not a trained model's card, or it is damaged: {error!r}") from error
    _check(card, path)
    return card


def portable_spec(spec: str, folder: Path) -> str:
    """Write a card id for a card file in `folder`: a path that is relative to here becomes relative to there.

    >>> portable_spec("starter", Path("models/mine"))
    'starter'
    """
    found = _PATH.fullmatch(spec)
    if not found or Path(found[2]).expanduser().is_absolute() or not Path(found[2]).exists():
        return spec
    return found[1] + Path(os.path.relpath(found[2], folder)).as_posix()


def resolved_spec(spec: str, folder: Path) -> str:
    """Undo `portable_spec`: a path that is there, seen from `folder`, is returned whole; anything else as it is."""
    found = _PATH.fullmatch(spec)
    if not found or Path(found[2]).expanduser().is_absolute():
        return spec
    path = folder / found[2]
    return f"{found[1]}{path}" if found[1] == _TRAINED or path.exists() else spec


def whole_spec(spec: str) -> str:
    """Write a card id for anywhere: a path that is there becomes absolute, so that the id means the same from other folders.

    >>> whole_spec("starter")
    'starter'
    """
    found = _PATH.fullmatch(spec)
    if not found or not Path(found[2]).expanduser().exists():
        return spec
    return found[1] + Path(found[2]).expanduser().resolve().as_posix()


def trained_folders(spec: str) -> set[Path]:
    """Every trained folder that a card stands on: its own and its bases', as far as their cards can be read.

    Raises ModelError when one is, by way of others, its own base.

    >>> trained_folders("starter")
    set()
    """
    return set(_below(spec, ()))


def _below(spec: str, above: tuple[Path, ...]) -> Iterator[Path]:
    if not spec.startswith(_TRAINED):
        return
    folder = Path(spec.removeprefix(_TRAINED)).expanduser().resolve()
    if folder in above:
        raise ModelError(f"the trained model {folder} is, by way of others, its own base; train it again from another one")
    yield folder
    try:
        card = read_trained_card(folder)
    except ModelError:
        return  # said by whoever needs it
    for base in {tower.base for tower in card.towers.values()}:
        yield from _below(resolved_spec(base, folder), (*above, folder))


def _check(card: TrainedCard, path: Path) -> None:
    for place, tower in card.towers.items():
        side, _, modality = place.partition(".")
        if side not in ("query", "candidate") or modality not in ("text", "image"):
            raise ModelError(f"{path} names a tower {place!r}; towers are query or candidate, dot, text or image")
        if tower.weights and (Path(tower.weights).name != tower.weights or not tower.sha256):
            raise ModelError(f"{path} names the weights {tower.weights!r} for {place}; a file in its own folder, with SHA-256")
    if not card.towers:
        raise ModelError(f"{path} names no towers")
