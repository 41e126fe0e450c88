"""`python -m encoders train`: from a file of settings to the model trained:FOLDER."""

import argparse
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoders.errors import InputError, SkybridgeError, TrainingError

if TYPE_CHECKING:
    from encoders.training.config import TrainConfig
    from encoders.training.pairs import PairSet
    from encoders.training.precision import Precision
    from encoders.training.progress import Progress
    from encoders.training.trainer import Outcome, Trainable

__all__ = ["TerminalProgress", "add_train_command", "describe_run", "read_run_pairs", "run_training"]

_SHOWN = 5  # refused rows and skipped pictures that are named; the others are counted
_QUIET_SECONDS = 30.0  # between lines where there is no terminal for a bar


def add_train_command(commands: Any) -> None:
    """Add `train` to the commands of a parser. Loads nothing heavy."""
    parser = commands.add_parser(
        "train",
        help="train towers on your own pictures and texts",
        description="Train towers on your own pictures and texts. The folder that comes out is the model trained:FOLDER.",
    )
    parser.add_argument("config", metavar="CONFIG", nargs="?", type=Path, help="a file of settings; --example prints one")
    parser.add_argument("--example", action="store_true", help="print a file of settings, each explained, and do nothing")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where the model goes, in place of [run] out")
    parser.add_argument("--cache", metavar="DIR", type=Path, help="where networks are kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> None:
    from encoders.training.config_file import example_config, read_config

    if chosen.example:
        sys.stdout.write(example_config())
        return
    if chosen.config is None:
        raise InputError(
            "say which settings to train with: python -m encoders train CONFIG; --example prints some to begin with"
        )
    config = read_config(chosen.config)
    config = replace(config, run=replace(config.run, out=str(Path(chosen.out or config.run.out).expanduser())))
    progress = TerminalProgress()
    try:
        outcome, about = run_training(config, chosen.cache, chosen.resume, progress)
    except KeyboardInterrupt as stop:
        if str(stop):
            raise
        raise KeyboardInterrupt(
            f"stopped. What had been saved in {config.run.out} is whole: the same command with --resume goes on from there"
            if Path(config.run.out, "run.json").exists()
            else "stopped before the training began; nothing was written."
        ) from None
    finally:
        progress.close()
    if chosen.json:
        sys.stdout.write(json.dumps(_as_json(config, outcome, about), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_as_text(config, outcome))


def run_training(
    config: "TrainConfig", cache: Path | None = None, resume: bool = False, progress: "Progress | None" = None
) -> tuple["Outcome", dict[str, Any]]:
    """Read the data, open the towers, train, and leave the model in `config.run.out`; how it went, and run.json's facts.

    Raises InputError, FileError, ModelError and TrainingError, each with what to do.
    """
    from encoders.training.progress import Quiet
    from encoders.training.run_folder import RunFolder

    progress = progress or Quiet()
    folder = RunFolder(Path(config.run.out).expanduser())
    folder.check(resume)
    pairs, held_out = read_run_pairs(config, progress)
    from encoders.training.precision import choose_device, choose_precision  # torch, not before the data are seen to be good
    from encoders.training.trainer import train

    precision = choose_precision(config.optimiser.precision, choose_device(), config.model.learn != "head")
    encoder, guide = _towers(config, cache, precision)
    about = describe_run(pairs, held_out, precision)
    progress.say(f"{len(pairs.pairs)} pairs to train on, {len(held_out.pairs)} held out; {precision}")
    try:
        with folder.held():
            if resume:
                folder.go_on(config, about["data"]["fingerprint"])
            else:
                folder.begin(config, about)
            outcome = train(config, encoder, pairs, held_out, folder, precision=precision, guide=guide, progress=progress)
    except TrainingError:  # what is there can be gone on with
        raise
    except SkybridgeError:
        if not resume and not folder.has_checkpoint:
            folder.abandon()
        raise
    return outcome, about


def describe_run(pairs: "PairSet", held_out: "PairSet", precision: "Precision") -> dict[str, Any]:
    """What run.json says of a run before it begins."""
    from encoders.training.provenance import code_version, machine, versions

    fingerprint = f"{pairs.fingerprint[:32]}{held_out.fingerprint[:32]}"
    return {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": code_version(),
        "data": {
            "fingerprint": fingerprint,
            "name": pairs.name,
            "pairs": len(pairs.pairs),
            "held_out": len(held_out.pairs),
            "refused": [str(one) for one in (*pairs.refused, *held_out.refused)],
        },
        "versions": versions(),
        "machine": machine(),
        "precision": str(precision),
    }


def read_run_pairs(config: "TrainConfig", progress: "Progress") -> tuple["PairSet", "PairSet"]:
    """Pairs to train on and pairs held out, as the settings say. Raises InputError and FileError."""
    from encoders.training.near_duplicates import group_near_duplicates
    from encoders.training.pair_files import read_pairs

    if not config.data.train:
        raise InputError('say what to train on, in the settings: [data] train = ["FOLDER-OR-FILE", ...]')
    read = read_pairs(config.data.train)
    if not config.data.held_out_from:
        progress.say(f"looking for near-duplicates among {len(read.pairs)} pairs, which must not be split")
        read = group_near_duplicates(read)
    _say_refused(read, progress)
    if not read.pairs:  # all of them pictures that only look like some
        raise InputError(f"there is nothing to train on in {read.name}: all {len(read.refused)} pictures were refused")
    if not config.data.held_out_from:
        train, held_out = read.split(config.data.held_out, config.data.seed)
        return replace(train, refused=read.refused), held_out
    held_out = read_pairs(config.data.held_out_from)
    _say_refused(held_out, progress)
    known = {(pair.query, pair.item) for pair in read.pairs}
    if both := sum((pair.query, pair.item) in known for pair in held_out.pairs):
        progress.say(f"{both} of the {len(held_out.pairs)} held-out pairs are trained on, too: they make the numbers too good")
    return read, held_out


def _towers(config: "TrainConfig", cache: Path | None, precision: "Precision") -> tuple["Trainable", "Trainable | None"]:
    """Open what trains, and the guide where one is asked for."""
    from encoders.loading import default_cache
    from encoders.training.heads import HeadConfig
    from encoders.training.lora import LoraConfig
    from encoders.training.model import open_trainable

    cache = cache or default_cache()
    kind = {"auto": "mlp" if config.model.learn == "head" else "none"}.get(config.head.kind, config.head.kind)
    head = None
    if kind != "none":
        head = HeadConfig(kind, config.head.dimension or None, config.head.width, config.head.dropout)  # type: ignore[arg-type]
    lora = LoraConfig(**asdict(config.lora)) if config.model.learn == "lora" else None
    encoder = open_trainable(
        config.model.spec,
        cache,
        train=config.model.train,
        shared=config.model.shared,
        head=head,
        lora=lora,
        device=precision.device,
    )
    if not config.loss.guide:
        return encoder, None
    return encoder, open_trainable(config.loss.guide, cache, train="query", shared=False, device=precision.device)


def _say_refused(pairs: "PairSet", progress: "Progress") -> None:
    for line in _named(f"refused in {pairs.name}", [str(one) for one in pairs.refused]):
        progress.say(line)


def _named(what: str, lines: list[str]) -> list[str]:
    """Count them, and name the first few."""
    if not lines:
        return []
    rest = [f"  and {len(lines) - _SHOWN} more; run.json names them all"] if len(lines) > _SHOWN else []
    return [f"{len(lines)} {what}:", *(f"  {line}" for line in lines[:_SHOWN]), *rest]


def _as_json(config: "TrainConfig", outcome: "Outcome", about: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model": f"trained:{config.run.out}",
        "steps": outcome.steps,
        "best_step": outcome.best.step,
        "before": outcome.before.record(),
        "best": outcome.best.record(),
        "seconds": outcome.seconds,
        "parameters": outcome.parameters,
        "pairs": about["data"]["pairs"],
        "held_out": about["data"]["held_out"],
        "refused": len(about["data"]["refused"]),
        "skipped": dict(outcome.skipped),
        "precision": about["precision"],
    }


def _as_text(config: "TrainConfig", outcome: "Outcome") -> str:
    before, best, model = outcome.before, outcome.best, f"trained:{config.run.out}"
    lines = _named("left out, because it could not be read", [f"{path}: {why}" for path, why in outcome.skipped.items()])
    lines.append(f"{outcome.steps} steps in {outcome.seconds:.0f} s, {outcome.parameters:,} numbers learned.")
    lines.append(f"On {best.queries} held-out queries, {best.items} items:    before  after")
    for name, value in best.record().items():
        if name != "step":
            lines.append(f"  {name:<5} {before.record()[name]:>32.3f}  {value:.3f}")
    if best.step == before.step:
        lines.append("No moment of training was better than the model was before: the folder holds it unchanged.")
        lines.append("More or better pairs may help, or another learning rate; see metrics.jsonl and curve.png.")
    lines.append(f"The model is {model}")
    if config.model.train == "query":
        lines.append(f"Stored vectors stay valid. Ask with it once: python -m search TEXT --model {model}")
        lines.append(f"From now on: python -m indexer use {model}")
    else:
        lines.append(f"Take a library to it: python -m indexer upgrade --model {model}")
    return "\n".join(lines) + "\n"


class TerminalProgress:
    """A bar on a terminal, and elsewhere a line every half minute; all on stderr."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._what = ""
        self._said = time.monotonic()

    def say(self, line: str) -> None:
        """One line, above the bar where there is one."""
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            sys.stderr.write(line + "\n")
            sys.stderr.flush()

    def step(self, what: str, done: int, total: int, detail: str = "") -> None:
        """Move the bar, or now and then say how far it is."""
        if not sys.stderr.isatty():
            if time.monotonic() - self._said >= _QUIET_SECONDS:
                self._said = time.monotonic()
                self.say(f"{what}: {done} of {total}{f', {detail}' if detail else ''}")
            return
        from tqdm import tqdm

        if what != self._what:
            self.close()
            self._bar, self._what = tqdm(total=total, desc=what, file=sys.stderr, leave=False), what
        self._bar.set_postfix_str(detail, refresh=False)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
        self._bar, self._what = None, ""
