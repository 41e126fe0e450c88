"""The trainer: from pairs and towers to the model trained:FOLDER, in steps that can be taken up again where they stopped."""

import math
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from encoders.errors import InputError, TrainingError
from encoders.training.batches import Batch, Batches, Numbers, Table, tabulate
from encoders.training.checkpoints import Checkpoints
from encoders.training.columns import Columns, Guide
from encoders.training.conditions import drawn_from, out_of_memory_explained
from encoders.training.config import TrainConfig
from encoders.training.curve import draw_curve
from encoders.training.frozen import FrozenAnswers
from encoders.training.gradient_cache import backward
from encoders.training.held_out import HeldOut, Look
from encoders.training.learner import Learner
from encoders.training.mining import mine_hard_negatives
from encoders.training.model import TrainableTower
from encoders.training.objective import Objective
from encoders.training.pairs import Content, PairSet
from encoders.training.precision import Precision
from encoders.training.progress import Progress, Quiet
from encoders.training.run_folder import RunFolder
from encoders.training.schedule import fitting_batch_size, rate_factor, steps_of
from encoders.training.sides import Prepared, Side, modality_of
from encoders.training.stopping import Stopping

__all__ = ["Outcome", "Trainable", "reached_towers", "train"]


class Trainable(Protocol):
    """The towers of a model, and how they are saved: what `encoders.training.model.open_trainable` returns."""

    @property
    def spec(self) -> str | Mapping[str, str]:
        """The card, or the cards, that the towers come from."""

    @property
    def towers(self) -> Mapping[tuple[str, str], TrainableTower]:
        """(side, modality) -> tower; one object on both sides where one tower stands on both."""

    def save(self, folder: Path, about: Mapping[str, Any]) -> None:
        """Write the model's files into the folder."""


@dataclass(frozen=True)
class Outcome:
    """How a run went."""

    steps: int  # taken
    before: Look  # at the held-out pairs, before the first step
    best: Look  # at the moment that was kept
    seconds: float  # of all sittings
    parameters: int  # numbers that learned
    skipped: Mapping[str, str]  # picture that could not be read -> why


def train(
    config: TrainConfig,
    encoder: Trainable,
    pairs: PairSet,
    held_out: PairSet,
    folder: RunFolder,
    *,
    precision: Precision,
    guide: Trainable | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Train the towers, keep the best moment in the folder, and return how it went. The folder is `held` by the caller.

    Where the folder has a checkpoint, goes on from there, to exactly the result of a run that was never stopped. What
    torch draws at random elsewhere is not touched. Raises InputError for settings, pairs and towers that do not fit
    together, TrainingError when the run has to stop, KeyboardInterrupt with a message when a person stops it: what is on
    disk then is whole, and can be gone on with.
    """
    batch_size = config.optimiser.batch_size or fitting_batch_size(len(pairs.pairs))
    config = replace(config, optimiser=replace(config.optimiser, batch_size=batch_size))
    with drawn_from(config.run.seed, precision), out_of_memory_explained(config.optimiser):
        run = _Run(config, encoder, (tabulate(pairs), tabulate(held_out)), folder, precision, progress or Quiet())
        if guide is not None:
            run.ask(guide)
        return run.go()


class _Run:
    """One sitting of a run."""

    def __init__(
        self,
        config: TrainConfig,
        encoder: Trainable,
        tables: tuple[Table, Table],
        folder: RunFolder,
        precision: Precision,
        progress: Progress,
    ) -> None:
        self.config, self.encoder, self.folder, self.progress = config, encoder, folder, progress
        self.precision = precision
        self.table, judged = tables
        towers = {
            "query": reached_towers(encoder, "query", (*self.table.queries, *judged.queries)),
            "candidate": reached_towers(encoder, "candidate", (*self.table.items, *judged.items)),
        }
        unique = {id(tower): tower for side in towers.values() for tower in side.values()}
        negatives, optimiser = config.negatives, config.optimiser
        columns = optimiser.batch_size * (1 + negatives.hard) + negatives.extra + negatives.queue
        self.objective = Objective(config.loss, columns, negatives.online).to(precision.device)
        self.learner = Learner(list(unique.values()), self.objective, config, precision)
        self.dimension = next(iter(unique.values())).dimension
        if (longest := max(config.loss.matryoshka, default=0)) > self.dimension:
            raise InputError(
                f"[loss] matryoshka = {list(config.loss.matryoshka)}: {longest} is more than {self.dimension}, all there is"
            )
        answers = self._answers(encoder)

        def side(name: str, contents: tuple[Content, ...], augment: bool) -> Side:
            return Side(contents, towers[name], answers, precision, optimiser.micro_batch, augment)

        self.queries = side("query", self.table.queries, config.data.augment)
        self.items = side("candidate", self.table.items, config.data.augment)
        self.held_out = HeldOut(judged, side("query", judged.queries, False), side("candidate", judged.items, False))
        self.skipped: dict[str, str] = {}
        readable = self._readable(self.queries), self._readable(self.items)
        self.batches = Batches(self.table, self.table.keep(*readable), negatives, optimiser.batch_size, config.run.seed)
        self.steps, self.an_epoch = steps_of(len(self.batches.rows), optimiser.batch_size, optimiser.epochs, optimiser.steps)
        self.columns = Columns(config, self.batches, self.dimension, precision.device)
        self.checkpoints = Checkpoints(folder.checkpoints)
        self.mined: Numbers | None = None
        self.step = 0  # steps taken
        self.before: Look | None = None
        self.best: Look | None = None
        self.ranges: dict[str, tuple[float, float]] = {}
        self.waited = 0  # looks without a better one
        self.seconds = 0.0  # of earlier sittings
        self._began = time.monotonic()

    def ask(self, guide: Trainable) -> None:
        """Let a better model say what is no negative: its vectors are computed once."""
        sides = {"query": self.table.queries, "candidate": self.table.items}
        vectors = {}
        for name, contents in sides.items():
            towers = reached_towers(guide, name, contents)
            for tower in towers.values():
                tower.module.requires_grad_(False)
            side = Side(contents, towers, self._answers(guide), self.precision, self.config.optimiser.micro_batch)
            numbers, found, _ = side.encode(np.arange(len(contents)), f"{name} vectors of the guide", self.progress)
            vectors[name] = np.zeros((len(contents), found.shape[1]), np.float32)
            vectors[name][numbers] = found
        own = Guide(vectors["query"], vectors["candidate"])
        self.columns = Columns(self.config, self.batches, self.dimension, self.precision.device, own)

    def _answers(self, encoder: Trainable) -> FrozenAnswers:
        """Where frozen towers of this model leave what they answer."""
        asked = self.config.run.features
        kept = Path(asked).expanduser() if asked else self.folder.frozen
        return FrozenAnswers(kept, encoder.spec, self.precision, self.progress)

    def go(self) -> Outcome:
        """All steps, or those that are left."""
        with Stopping(self.progress.say) as stopping, ThreadPoolExecutor(1, "batches") as reader:
            self._take_up()
            saved = time.monotonic()
            waiting: dict[int, Future[tuple[Batch, Prepared, Prepared]]] = {}
            self.learner.switch(training=True)
            while self.step < self.steps and not self._tired():
                if self.step % self.an_epoch == 0:
                    self._mine()
                ready = waiting.pop(self.step, None) or reader.submit(self._read, self.step)
                following = self.step + 1
                batch = ready.result()
                if following < self.steps and following % self.an_epoch:  # an epoch may begin with other hard negatives
                    waiting[following] = reader.submit(self._read, following)
                self._take_step(*batch)
                if self.step % (self.config.run.evaluate_every or self.an_epoch) == 0 or self.step == self.steps:
                    self._look()
                late = time.monotonic() - saved >= 60 * self.config.run.checkpoint_minutes
                if late or stopping.asked:
                    self._checkpoint()
                    self._draw()
                    saved = time.monotonic()
                if stopping.asked:
                    raise KeyboardInterrupt(
                        f"stopped after step {self.step} of {self.steps}, as asked. Nothing is lost: "
                        "the same command with --resume goes on from here"
                    )
            self._checkpoint()
        return self._finish()

    def _take_up(self) -> None:
        """Go on from the checkpoint, or look at what there is before the first step."""
        state = self.checkpoints.load()
        if state is None:
            self.folder.forget_after(-1)
            self._look()
            return
        self.learner.load_state_dict(state["learner"])
        self.columns.load_state_dict(state["columns"])
        self.step, self.waited, self.seconds = state["step"], state["waited"], state["seconds"]
        self.mined = None if state["mined"] is None else state["mined"].numpy()
        self.before, self.best = Look(**state["before"]), Look(**state["best"])
        self.ranges, self.skipped = dict(state["ranges"]), dict(state["skipped"])
        self.folder.forget_after(self.step)
        self.progress.say(f"going on after step {self.step} of {self.steps}")

    def _checkpoint(self) -> None:
        assert self.before and self.best
        self.checkpoints.save(
            {
                "learner": self.learner.state_dict(),
                "columns": self.columns.state_dict(),
                "step": self.step,
                "waited": self.waited,
                "seconds": self._seconds(),
                "mined": None if self.mined is None else torch.from_numpy(self.mined),
                "before": asdict(self.before),
                "best": asdict(self.best),
                "ranges": self.ranges,
                "skipped": self.skipped,
            }
        )

    def _read(self, step: int) -> tuple[Batch, Prepared, Prepared]:
        """Everything of a batch that needs no network; runs beside the step before."""
        batch = self.batches.batch(step, self.mined)
        seed = (self.config.run.seed, 2, step)
        queries = self.queries.prepare(np.unique(batch.queries), (*seed, 0))
        return batch, queries, self.items.prepare(np.unique(batch.items), (*seed, 1))

    def _take_step(self, batch: Batch, queries: Prepared, items: Prepared) -> None:
        self._skip(self.queries, queries.problems)
        self._skip(self.items, items.problems)
        batch = batch.without(queries.problems, items.problems)
        if not len(batch.rows):
            raise TrainingError(
                f"no pair of a whole batch can be read. One of them: {next(iter(self.skipped.values()))}. "
                "When the files are back, --resume goes on"
            )
        beside = self.columns.beside(batch)
        places = [torch.from_numpy(side.places(wanted)) for side, wanted in ((queries, batch.queries), (items, batch.items))]
        own: list[Tensor] = []

        def loss_of(vectors: list[Tensor]) -> Tensor:
            rows = torch.cat(vectors[: len(queries.parts)])[places[0].to(self.precision.device)]
            columns = torch.cat(vectors[len(queries.parts) :])[places[1].to(self.precision.device)]
            own[:] = [columns[: len(batch.rows)].detach()]
            if len(beside.queued):
                columns = torch.cat([columns, beside.queued])
            loss: Tensor = self.objective(rows, columns, beside.mask, beside.log_q, beside.weights)
            return loss

        factor = rate_factor(self.step, self.steps, self.config.optimiser.warm_up)
        in_parts = max(queries.pieces, items.pieces) > 1
        loss = float(backward([*queries.parts, *items.parts], loss_of, in_parts, self.learner.scale))
        norm = self.learner.update(factor) if math.isfinite(loss) else math.nan
        self._check_finite(loss, norm)
        self.columns.push(batch, own[0], beside)
        self.step += 1
        if self.step % max(1, self.steps // 1000) == 0:
            self.folder.log({"step": self.step, "loss": round(loss, 6), "rate": factor, "gradient": round(norm, 6)})
        best = f", R@1 {self.best.recall:.3f}" if self.best else ""
        self.progress.step("training", self.step, self.steps, f"loss {loss:.3f}{best}")

    def _check_finite(self, loss: float, norm: float) -> None:
        if math.isfinite(loss) and math.isfinite(norm):
            return
        rates = ", ".join(f"{rate:.3g}" for rate in self.learner.rates)
        exact = "" if self.precision.kind == "f32" else ', precision = "f32"'
        raise TrainingError(
            f"training went wrong at step {self.step + 1}: the {'gradient' if math.isfinite(loss) else 'loss'} is not finite. "
            f"The learning rate was {rates}. Set [optimiser] learning_rate to a tenth of it, or a longer warm_up{exact}, "
            "and begin another run with --out FOLDER"
        )

    def _look(self) -> None:
        """Look at the held-out pairs, and keep this moment if it is the best."""
        look = self.held_out.look(self.step, self.progress)
        self.skipped.update(self.held_out.problems)
        self.folder.log(look.record())
        self.before = self.before or look
        self.waited += 1
        if look.better_than(self.best):
            self.best, self.waited = look, 0
            self.ranges = dict(self.held_out.score_ranges)
            self.checkpoints.save_best(self.step, self.learner.tensors())
        self.learner.switch(training=True)
        self.progress.say(f"step {self.step}: R@1 {look.recall:.3f}, R@10 {look.recall_10:.3f}, MRR {look.mrr:.3f}")

    def _tired(self) -> bool:
        patience = self.config.optimiser.patience
        return bool(patience) and self.waited >= patience

    def _mine(self) -> None:
        """Find, at the start of some epochs, what the model itself takes for right answers."""
        settings, epoch = self.config.negatives, self.step // self.an_epoch
        if not settings.hard or epoch % settings.hard_every:
            return
        numbers, vectors, _ = self.queries.encode(
            np.unique(self.table.query_of[self.batches.rows]), "queries, for hard negatives", self.progress
        )
        items, item_vectors, _ = self.items.encode(np.arange(len(self.table.items)), "items, for hard negatives", self.progress)
        column = {int(number): place for place, number in enumerate(items)}
        right = [[column[item] for item in self.table.right[number] if item in column] for number in numbers.tolist()]
        asked = [place for place, own in enumerate(right) if own]
        rows = mine_hard_negatives(
            vectors[asked], item_vectors, [right[place] for place in asked], settings.hard, settings.hard_margin
        )
        self.mined = np.full((len(self.table.queries), settings.hard), -1, np.int64)
        for place, row in zip(asked, rows, strict=True):
            self.mined[numbers[place], : len(row)] = items[row]
        self.learner.switch(training=True)

    def _finish(self) -> Outcome:
        """Make the best moment the model of the folder."""
        assert self.before and self.best
        if self.step < self.steps:
            why = f"no better R@1 in the last {self.waited} looks"
            self.progress.say(f"stopping early, {why}: the moment after step {self.best.step} is kept")
        self.learner.load_tensors(self.checkpoints.load_best(self.best.step))
        self.learner.switch(training=False)
        judged = f"{self.best.queries} held-out queries, {self.best.items} items"
        quality = {
            f"R@1, {judged}": round(self.best.recall, 4),
            f"R@10, {judged}": round(self.best.recall_10, 4),
            f"MRR, {judged}": round(self.best.mrr, 4),
            "source": "the pairs that were kept apart in training and chose the best moment: see run.json",
        }
        self.encoder.save(self.folder.path, {"quality": quality, "score_ranges": self.ranges})
        seconds = round(self._seconds(), 1)
        outcome = Outcome(self.step, self.before, self.best, seconds, self.learner.parameters, self.skipped)
        self._draw()
        self.folder.finish({"result": asdict(outcome)})
        return outcome

    def _draw(self) -> None:
        draw_curve(self.folder.records(), self.folder.curve, self.folder.path.name)

    def _seconds(self) -> float:
        return self.seconds + time.monotonic() - self._began

    def _readable(self, side: Side) -> set[int]:
        self._skip(side, side.problems)
        return set(range(len(side.contents))) - set(side.problems)

    def _skip(self, side: Side, problems: Mapping[int, str]) -> None:
        self.skipped.update({str(side.contents[number]): why for number, why in problems.items()})


def reached_towers(encoder: Trainable, side: str, contents: tuple[Content, ...]) -> dict[str, TrainableTower]:
    """Modality -> tower for what the data hold; networks that no data reach are never loaded."""
    found = {}
    for modality in sorted({modality_of(content) for content in contents}):
        if (side, modality) not in encoder.towers:
            kind = {"text": "texts", "image": "pictures"}[modality]
            there = ", ".join(".".join(place) for place in encoder.towers)
            raise InputError(f"the data hold {kind} on the {side} side, and {encoder.spec} has no tower for that, only {there}")
        found[modality] = encoder.towers[side, modality]
        _ = found[modality].module  # loaded here, so that first weights are drawn in a fixed order
    return found
