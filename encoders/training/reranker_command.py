"""`python -m encoders train-reranker`: from a file of settings to the folder of an interaction layer, for `search --rerank`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoders.errors import InputError, SkybridgeError

if TYPE_CHECKING:
    from encoders.training.config import TrainConfig
    from encoders.training.pairs import Content, PairSet
    from encoders.training.precision import Precision
    from encoders.training.progress import Progress
    from encoders.training.reranker import Encoded, Fitted
    from encoders.training.trainer import Trainable
    from encoders.vectors import Vectors

__all__ = ["add_reranker_command", "train_reranker"]


def add_reranker_command(commands: Any) -> None:
    """Add `train-reranker` to the commands of a parser. Loads nothing heavy."""
    parser = commands.add_parser(
        "train-reranker",
        help="train a small layer that looks at the best hits a second time",
        description="Train an interaction layer over the vectors of a model's towers, which stay as they are. The folder that"
        " comes out is what `python -m search --rerank FOLDER` takes.",
    )
    parser.add_argument("config", metavar="CONFIG", type=Path, help="settings as `train --example` prints them; see [rerank]")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="where the reranker goes, in place of [run] out")
    parser.add_argument("--cache", metavar="DIR", type=Path, help="where networks are kept")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> None:
    from encoders.training.command import TerminalProgress
    from encoders.training.config_file import read_config

    config = read_config(chosen.config)
    config = replace(config, run=replace(config.run, out=str(Path(chosen.out or config.run.out).expanduser())))
    progress = TerminalProgress()
    try:
        fitted = train_reranker(config, chosen.cache, progress)
    finally:
        progress.close()
    if chosen.json:
        sys.stdout.write(json.dumps({"reranker": config.run.out, **_result(fitted)}, indent=2) + "\n")
    else:
        sys.stdout.write(_as_text(config, fitted))


def train_reranker(config: "TrainConfig", cache: Path | None = None, progress: "Progress | None" = None) -> "Fitted":
    """Read the pairs, encode both sides once, train, and leave the layer in `config.run.out`.

    Raises InputError, FileError, ModelError and TrainingError, each with what to do.
    """
    from encoders.interaction import INTERACTION, save_interaction
    from encoders.training.command import describe_run, read_run_pairs
    from encoders.training.progress import Quiet
    from encoders.training.run_folder import RunFolder

    progress, out = progress or Quiet(), Path(config.run.out).expanduser()
    if not isinstance(config.model.spec, str):
        raise InputError("a reranker is trained for one model that answers: leave [model] text and image empty")
    if (out / INTERACTION).exists():
        raise InputError(f"{out} holds a reranker already; choose another folder with --out FOLDER")
    folder = RunFolder(out)
    folder.check(resume=False)
    pairs, held_out = read_run_pairs(config, progress)
    from encoders.loading import default_cache
    from encoders.training.model import open_trainable
    from encoders.training.precision import choose_device, choose_precision  # torch, not before the data are seen to be good
    from encoders.training.reranker import fit_interaction

    precision = choose_precision("auto", choose_device(), networks_learn=False)
    encoder = open_trainable(config.model.spec, cache or default_cache(), train="query", shared=False, device=precision.device)
    begun = False
    try:
        with folder.held():
            begun = True
            folder.begin(config, describe_run(pairs, held_out, precision))
            encode = _Encoding(config, encoder, folder, precision, progress)
            both = encode.table(pairs), encode.table(held_out)
            fitted = fit_interaction(config, *both, encode.fingerprints(pairs), precision, progress, folder.log)
            save_interaction(fitted.layer, out / INTERACTION)
            folder.finish({"result": _result(fitted), "skipped": encode.skipped})
    except (SkybridgeError, KeyboardInterrupt):
        if begun:  # minutes of work, which begin anew; what another process does there is not ours to take away
            folder.abandon()
        raise
    return fitted


class _Encoding:
    """Towers that stay as they are, and what they say of pairs."""

    def __init__(
        self,
        config: "TrainConfig",
        encoder: "Trainable",
        folder: Any,
        precision: "Precision",
        progress: "Progress",
    ) -> None:
        from encoders.training.frozen import FrozenAnswers

        self._encoder, self._precision, self._progress = encoder, precision, progress
        self._micro_batch = config.optimiser.micro_batch
        kept = Path(config.run.features).expanduser() if config.run.features else folder.frozen
        self._answers = FrozenAnswers(kept, encoder.spec, precision, progress)
        self.skipped: dict[str, str] = {}  # content that could not be read -> why

    def fingerprints(self, pairs: "PairSet") -> tuple[dict[str, str], dict[str, str]]:
        """Modality -> fingerprint of the query and of the candidate towers that these pairs need."""
        from encoders.training.sides import modality_of

        towers: Any = self._encoder.towers  # those of open_trainable, which have plans
        asked = sorted({modality_of(pair.query) for pair in pairs.pairs})
        offered = sorted({modality_of(item) for item in pairs.items.values()})
        query = {modality: towers["query", modality].plan.fingerprint for modality in asked}
        return query, {modality: towers["candidate", modality].plan.fingerprint for modality in offered}

    def table(self, pairs: "PairSet") -> "Encoded":
        """Number the pairs and encode each query and item once; pairs that cannot be read are left out and noted."""
        from encoders.training.batches import tabulate
        from encoders.training.reranker import Encoded

        whole = tabulate(pairs)
        sides = [self._encode("query", whole.queries), self._encode("candidate", whole.items)]
        if any(len(found) < len(contents) for (found, _), contents in zip(sides, (whole.queries, whole.items), strict=True)):
            good = [{contents[number] for number in found} for (found, _), contents in
                    zip(sides, (whole.queries, whole.items), strict=True)]  # fmt: skip
            kept = tuple(pair for pair in pairs.pairs if pair.query in good[0] and pair.item in good[1])
            others = tuple((name, content) for name, content in pairs.others if content in good[1])
            if not kept:
                raise InputError(f"no pair of {pairs.name} can be read. The first: {next(iter(self.skipped.values()))}")
            return self.table(replace(pairs, pairs=kept, others=others))
        return Encoded(whole, sides[0][1], sides[1][1])

    def _encode(self, side: str, contents: "tuple[Content, ...]") -> "tuple[Sequence[int], Vectors]":
        import numpy as np

        from encoders.training.sides import Side
        from encoders.training.trainer import reached_towers

        towers = reached_towers(self._encoder, side, contents)
        for tower in towers.values():
            tower.module.requires_grad_(False)
        made = Side(contents, towers, self._answers, self._precision, self._micro_batch)
        what = {"query": "queries", "candidate": "items"}[side]
        numbers, vectors, problems = made.encode(np.arange(len(contents)), what, self._progress)
        self.skipped.update({str(contents[number]): why for number, why in problems.items()})
        order = np.argsort(numbers)
        return numbers[order].tolist(), np.ascontiguousarray(vectors[order])


def _result(fitted: "Fitted") -> dict[str, Any]:
    return {
        "steps": fitted.steps,
        "before": asdict(fitted.before),
        "best": asdict(fitted.best),
        "seconds": fitted.seconds,
        "parameters": fitted.parameters,
    }


def _as_text(config: "TrainConfig", fitted: "Fitted") -> str:
    before, best = fitted.before, fitted.best
    lines = [f"{fitted.steps} steps in {fitted.seconds:.0f} s, {fitted.parameters:,} numbers learned."]
    lines.append(f"On {best.queries} held-out queries, {best.items} items:    before  after")
    lines += [
        f"  {name:<5} {value:>32.3f}  {best.record()[name]:.3f}" for name, value in before.record().items() if name != "step"
    ]
    if best.step == before.step:
        lines.append("No moment of training was better than none: the layer in the folder changes nothing. Search without it.")
    else:
        lines.append(f"Search with it: python -m search TEXT --rerank {config.run.out}")
    return "\n".join(lines) + "\n"
