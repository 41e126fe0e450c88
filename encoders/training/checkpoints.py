"""Checkpoints: all that a run needs to go on to exactly where it would have come, and the best towers so far."""

import io
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from encoders.errors import TrainingError
from encoders.training.run_folder import LAST_CHECKPOINT, write_whole

__all__ = ["Checkpoints"]

_FORMAT = 1


class Checkpoints:
    """The folder that holds `last.pt`, and `best-STEP.pt` with the tensors of the best moment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, state: dict[str, Any]) -> None:
        """Replace the last checkpoint; best moments that it does not name are deleted, once it is there."""
        self._write(LAST_CHECKPOINT, {"format": _FORMAT, **state})
        kept = {LAST_CHECKPOINT, _best_name(state["best"]["step"])}
        for path in self._folder.glob("*.pt"):
            if path.name not in kept:
                path.unlink(missing_ok=True)

    def load(self) -> dict[str, Any] | None:
        """Return the last checkpoint, on the CPU; None when there is none yet. Raises TrainingError when it is damaged."""
        if not (self._folder / LAST_CHECKPOINT).exists():
            return None
        state = self._read(LAST_CHECKPOINT)
        if state.get("format") != _FORMAT:
            raise TrainingError(f"the checkpoint in {self._folder} was made by another release; begin another run with --out")
        return state

    def save_best(self, step: int, tensors: dict[str, Tensor]) -> None:
        """Keep the tensors of one moment; named by its step, so that the last checkpoint always has its own."""
        self._write(_best_name(step), tensors)

    def load_best(self, step: int) -> dict[str, Tensor]:
        """Return the tensors of that moment, on the CPU."""
        return self._read(_best_name(step))

    def _write(self, name: str, state: dict[str, Any]) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise TrainingError(f"{self._folder} cannot be written to: {error.strerror}") from error
        buffer = io.BytesIO()
        torch.save(state, buffer)
        write_whole(self._folder / name, buffer.getvalue())

    def _read(self, name: str) -> dict[str, Any]:
        path = self._folder / name
        try:
            # weights_only: a checkpoint is numbers; it must not be able to run code
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises many kinds for damaged files
            raise TrainingError(
                f"the checkpoint {path} cannot be read: {error}. Begin another run with --out FOLDER"
            ) from error
        return state


def _best_name(step: int) -> str:
    return f"best-{step:08d}.pt"
