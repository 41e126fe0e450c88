"""From trained networks to a trained folder.

Weights are written beside their place and renamed into it under names that tell their content; the card comes last. A
reader, or whoever comes after a crash, finds the old card with its weights or the new one with its own.
"""

import math
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from encoders.cards import ModelCard, ScoreRange
from encoders.errors import InputError, ModelError
from encoders.fingerprint import file_sha256
from encoders.plans import Place, TowerPlan
from encoders.trained_card import CARD_FILE, TrainedCard, TrainedTower, portable_spec, trained_folders
from encoders.training.workpiece import Workpiece

__all__ = ["save_trained"]

_ABOUT = ("title", "about", "languages", "licence", "quality", "score_ranges")
_WEIGHTS = re.compile(r"((query|candidate)\.)?(text|image)-[0-9a-f]{16}\.safetensors")
_SAVING = ".saving-"
_TRAINED = ", trained"


def save_trained(
    folder: Path,
    about: Mapping[str, Any],
    towers: Mapping[Place, tuple[TowerPlan, Workpiece]],
    bases: Mapping[Place, ModelCard],
) -> None:
    """Write the tensors that training changed, and a card that names them; the folder may hold other files.

    `about` may hold title, about, languages, licence, quality and score_ranges; by default they are the bases'. What
    was there of an earlier save is replaced. Raises InputError for anything else in it and for a folder that is a base
    of what is saved, ModelError when the disk takes nothing.
    """
    if unknown := sorted(set(about) - set(_ABOUT)):
        raise InputError(f"a trained card says nothing of {', '.join(unknown)}, only of {', '.join(_ABOUT)}")
    for card in bases.values():
        if folder.resolve() in trained_folders(card.id):
            raise InputError(f"{folder} cannot be replaced by what was trained from it ({card.id}); save to another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        saved = _save_weights(folder, towers)
        entries = {
            ".".join(place): replace(
                saved.get(id(workpiece), TrainedTower("", "", plan.dimension)),
                base=portable_spec(bases[place].id, folder),
                base_fingerprint=plan.fingerprint,
            )
            for place, (plan, workpiece) in towers.items()
        }
        card = _card(folder, about, entries, bases)
        with _beside(folder / CARD_FILE) as temporary:
            temporary.write_text(card.to_json(), encoding="utf-8")
        _sweep(folder, {entry.weights for entry in entries.values()})
    except OSError as error:
        raise ModelError(f"the trained model cannot be saved in {folder}: {error.strerror or error}") from error


def _save_weights(folder: Path, towers: Mapping[Place, tuple[TowerPlan, Workpiece]]) -> dict[int, TrainedTower]:
    """Save each changed network once: id of its workpiece -> what the card says of it."""
    saved: dict[int, TrainedTower] = {}
    names: dict[int, list[str]] = {}
    pieces = {id(workpiece): workpiece for _, workpiece in towers.values()}
    for place, (_, workpiece) in towers.items():
        names.setdefault(id(workpiece), []).append(".".join(place))
    for key, workpiece in pieces.items():
        changed = workpiece.changed()
        if not changed:
            continue
        name = names[key][0] if len(names[key]) == 1 else names[key][0].partition(".")[2]
        file, sha256 = _save_tensors(folder, name, changed)
        head = asdict(replace(workpiece.head, dimension=workpiece.dimension)) if workpiece.head else None
        saved[key] = TrainedTower("", "", workpiece.dimension, file, sha256, head)
    return saved


def _save_tensors(folder: Path, name: str, tensors: Mapping[str, Tensor]) -> tuple[str, str]:
    """Name and SHA-256 of the file."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    if bad := next((one for one, tensor in tensors.items() if not tensor.isfinite().all()), None):
        raise ModelError(f"{bad} of the {name} tower is not finite: training went wrong, and nothing was saved")
    with tempfile.TemporaryDirectory(prefix=_SAVING, dir=folder) as temporary:
        written = Path(temporary) / "weights"
        try:
            save_file(dict(tensors), written)
        except SafetensorError as error:  # its word for a full disk
            raise OSError(None, str(error)) from error
        sha256 = file_sha256(written)
        file = f"{name}-{sha256[:16]}.safetensors"
        written.replace(folder / file)
    return file, sha256


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """Give a file to write; it takes the place of `path` in one step when all went well."""
    with tempfile.TemporaryDirectory(prefix=_SAVING, dir=path.parent) as temporary:
        written = Path(temporary) / path.name
        yield written
        written.replace(path)


def _sweep(folder: Path, named: set[str | None]) -> None:
    """Remove weights of earlier saves, and what a killed process left half written; no other file."""
    for path in folder.iterdir():
        if _WEIGHTS.fullmatch(path.name) and path.name not in named:
            path.unlink(missing_ok=True)
        elif path.name.startswith(_SAVING):
            shutil.rmtree(path, ignore_errors=True)


def _card(
    folder: Path, about: Mapping[str, Any], entries: Mapping[str, TrainedTower], bases: Mapping[Place, ModelCard]
) -> TrainedCard:
    cards = list({card.id: card for card in bases.values()}.values())
    titles, licences = (
        " and ".join(card.title.removesuffix(_TRAINED) for card in cards),
        dict.fromkeys(card.licence for card in cards),
    )
    trained = [name for name, entry in entries.items() if entry.weights]
    said = {
        "title": f"{titles}{_TRAINED}",
        "about": f"Trained from {titles}: {', '.join(trained) or 'no tower'}.",
        "languages": list(dict.fromkeys(language for card in cards for language in card.languages)),
        "licence": ", ".join(licences),
        "quality": {},
        "score_ranges": {},
        **about,
    }
    ranges = {pair: span for card in cards for pair, span in card.score_ranges.items()} | said["score_ranges"]
    bytes_here = sum((folder / file).stat().st_size for file in {entry.weights for entry in entries.values()} if file)
    return TrainedCard(
        title=said["title"],
        about=said["about"],
        networks={place[1]: card.towers[place[1]] for place, card in bases.items() if place[1] in card.towers},
        dimension=next(iter(entries.values())).dimension,
        languages=tuple(said["languages"]),
        licence=said["licence"],
        size_mb=math.ceil(bytes_here / 1e6) + sum(card.size_mb or 0 for card in cards),
        quality=dict(said["quality"]),
        score_ranges=_by_name(ranges, {place[1] for place in bases}),
        towers=entries,
    )


def _by_name(ranges: Mapping[Any, ScoreRange], modalities: set[str]) -> dict[str, ScoreRange]:
    """Pairs of modalities, or what is written "text to image" already -> the latter."""
    named = {pair if isinstance(pair, str) else " to ".join(pair): span for pair, span in ranges.items()}
    return {name: span for name, span in named.items() if set(name.split(" to ")) <= modalities}
