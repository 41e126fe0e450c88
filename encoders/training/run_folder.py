"""The folder of a run: what it was told, how it went, and whether it is finished. In the end it is the model itself.

    config.toml    the settings
    run.json       config, code, data, versions, seconds, machine, results
    metrics.jsonl  a line a step that was written down, and one a look at the held-out pairs
    curve.png      the same as a picture
    checkpoint/    where an unfinished run goes on from; gone when it is finished
    frozen/        answers of frozen networks, unless the settings keep them elsewhere; likewise
    card.json, *.safetensors   the model trained:FOLDER

Every file is written beside its place and renamed into it.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from encoders.errors import InputError, TrainingError
from encoders.training.config import TrainConfig
from encoders.training.config_file import write_config

__all__ = ["LAST_CHECKPOINT", "RunFolder", "write_whole"]

LAST_CHECKPOINT = "last.pt"

_FORMAT = 1
_LOCK, _CONFIG, _FACTS, _METRICS = "run.lock", "config.toml", "run.json", "metrics.jsonl"
# settings that a run may go on with others of: what is learned does not hang on them (micro_batch: but for rounding, and for
# what dropout and augmentation draw, and without changing it a run that was out of memory could not go on at all)
_FREE = {("run", "out"), ("run", "checkpoint_minutes"), ("run", "features"), ("optimiser", "micro_batch")}


class RunFolder:
    """A run's folder, made by `begin` or taken up again by `go_on`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def frozen(self) -> Path:
        """Where answers of frozen networks are kept, unless the settings say otherwise."""
        return self.path / "frozen"

    @property
    def checkpoints(self) -> Path:
        """Where checkpoints are kept."""
        return self.path / "checkpoint"

    @property
    def has_checkpoint(self) -> bool:
        """Whether there is anything to go on from."""
        return (self.checkpoints / LAST_CHECKPOINT).exists()

    @property
    def curve(self) -> Path:
        """Where the curve is drawn."""
        return self.path / "curve.png"

    def check(self, resume: bool) -> None:
        """Refuse early: a folder that holds something else or a finished run; one to go on with, when not asked to.

        Raises InputError with what to do.
        """
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file; choose a folder with --out FOLDER")
        said = self.read()
        if said is None:
            if resume:
                raise InputError(f"there is no run in {self.path} to go on with; leave --resume out to begin one")
            if self.path.exists() and any(path.name != _LOCK for path in self.path.iterdir()):
                raise InputError(
                    f"{self.path} holds other files, and a run wants a folder of its own: choose one with --out FOLDER"
                )
        elif said.get("finished"):
            raise InputError(
                f"the run in {self.path} is finished: use it as trained:{self.path}, or choose another folder with --out FOLDER"
            )
        elif not resume and self.has_checkpoint:  # without one, nothing is lost by beginning anew
            raise InputError(
                f"there is an unfinished run in {self.path}: go on with --resume, or choose another folder with --out FOLDER"
            )

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out meanwhile. Raises TrainingError when one is at it already."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.path / _LOCK)
            lock.acquire(timeout=0)
        except Timeout:
            raise TrainingError(f"another process trains in {self.path} right now; choose another folder with --out") from None
        except OSError as error:
            raise TrainingError(f"the folder {self.path} cannot be written to: {error.strerror}") from error
        try:
            yield
        finally:
            with suppress(OSError):  # where a file that is open cannot be deleted, it stays
                (self.path / _LOCK).unlink()
            lock.release()

    def begin(self, config: TrainConfig, about: Mapping[str, Any]) -> None:
        """Write down what is known before the first step."""
        write_whole(self.path / _CONFIG, write_config(config).encode())
        self.write({"format": _FORMAT, "finished": False, "config": asdict(config), **about})

    def go_on(self, config: TrainConfig, data_fingerprint: str) -> None:
        """Take up an unfinished run. Raises InputError when the settings or the data are others than it began with."""
        said = self.read() or {}
        before, now = said.get("config", {}), json.loads(json.dumps(asdict(config)))
        for section, settings in now.items():
            for name, value in settings.items():
                then = before.get(section, {}).get(name)
                if then != value and (section, name) not in _FREE:
                    raise InputError(
                        f"the run in {self.path} began with [{section}] {name} = {then!r}, and now it is {value!r}: "
                        "put it back to go on, or begin another run with --out FOLDER"
                    )
        if (then := said.get("data", {}).get("fingerprint")) != data_fingerprint:
            raise InputError(
                f"the run in {self.path} began with other data (fingerprint {str(then)[:12]}, now {data_fingerprint[:12]}): "
                "begin another run with --out FOLDER"
            )

    def read(self) -> dict[str, Any] | None:
        """What run.json says; None when there is none. Raises InputError when it is damaged."""
        path = self.path / _FACTS
        if not path.is_file():
            return None
        try:
            said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read: {error}. Choose another folder with --out FOLDER") from error
        return said

    def write(self, said: Mapping[str, Any]) -> None:
        """Replace run.json."""
        write_whole(self.path / _FACTS, (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode())

    def log(self, record: Mapping[str, Any]) -> None:
        """Add a line to metrics.jsonl."""
        try:
            with (self.path / _METRICS).open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise TrainingError(f"{self.path / _METRICS} cannot be written: {error.strerror}") from error

    def records(self) -> list[dict[str, Any]]:
        """All lines of metrics.jsonl; one that was cut off by a crash is left out."""
        path = self.path / _METRICS
        found = []
        for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    def forget_after(self, step: int) -> None:
        """Drop lines of metrics.jsonl that were written after this many steps: a run that goes on writes them again."""
        kept = [record for record in self.records() if record["step"] <= step]
        write_whole(self.path / _METRICS, "".join(json.dumps(record) + "\n" for record in kept).encode())

    def finish(self, said: Mapping[str, Any]) -> None:
        """Write the last word into run.json, and drop what only an unfinished run needs."""
        self.write({**(self.read() or {}), **said, "finished": True})
        self._drop_working_files()

    def abandon(self) -> None:
        """Take away again a run that has learned nothing, its settings or data being wrong; it must not be `held` any more."""
        for name in (_FACTS, _CONFIG, _METRICS, _LOCK):
            (self.path / name).unlink(missing_ok=True)
        self._drop_working_files()
        with suppress(OSError):  # it was there before, or holds what is not ours
            self.path.rmdir()

    def _drop_working_files(self) -> None:
        for folder in (self.checkpoints, self.frozen):
            shutil.rmtree(folder, ignore_errors=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or, after a crash, as it was. Raises TrainingError when the disk takes nothing."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise TrainingError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)
