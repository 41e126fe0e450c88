"""One side of the pairs, its contents by number, and how each becomes a vector: by whichever tower it needs, the short way.

A tower that does not learn has its vectors computed once. One whose network is frozen has the network's answers computed
once, and only its head is run again. All others run whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from encoders.errors import InputError
from encoders.training.batches import Numbers, draw_seed
from encoders.training.frozen import FrozenAnswers, FrozenRows, Inputs, read_inputs
from encoders.training.gradient_cache import Part
from encoders.training.model import TrainableTower
from encoders.training.pairs import Content
from encoders.training.precision import Precision
from encoders.training.progress import Progress

__all__ = ["Prepared", "Side", "learning_names", "modality_of"]

Kept = Literal["features", "vectors"]  # what of a tower's work is computed once

_A_CALL = 256  # contents that are encoded at a time where no gradient is wanted


@dataclass(frozen=True)
class Prepared:
    """Contents that are read and wait to become vectors."""

    numbers: Numbers  # (k,) in the order of the parts' vectors
    parts: tuple[Part, ...]
    pieces: int  # parts into which the largest tower that runs whole was cut
    problems: Mapping[int, str]  # number of a content that could not be read -> why

    def places(self, numbers: Numbers) -> Numbers:
        """Where these numbers' vectors stand among the parts' vectors."""
        order = np.argsort(self.numbers)
        return order[np.searchsorted(self.numbers, numbers, sorter=order)]


class Side:
    """Queries or items of a table, by number."""

    def __init__(
        self,
        contents: Sequence[Content],
        towers: Mapping[str, TrainableTower],
        answers: FrozenAnswers,
        precision: Precision,
        micro_batch: int,
        augment: bool = False,
    ) -> None:
        """`towers`: one for each modality among the contents. What frozen towers answer is computed here."""
        self.contents = contents
        self._precision = precision
        self._micro_batch = micro_batch
        self._augment = augment
        self._towers = towers
        self._kept: dict[str, tuple[Kept, FrozenRows, Numbers]] = {}  # modality -> what is kept, rows, number -> row
        self._modalities = np.array([modality_of(content) for content in contents])
        for modality, tower in towers.items():
            numbers = np.flatnonzero(self._modalities == modality)
            what = self._what_to_keep(tower)
            if what and len(numbers):
                rows = answers.rows(tower, [contents[number] for number in numbers.tolist()], what)
                place = np.full(len(contents), -1, np.int64)
                place[numbers] = np.arange(len(numbers))
                self._kept[modality] = (what, rows, place)

    def _what_to_keep(self, tower: TrainableTower) -> Kept | None:
        learns = learning_names(tower)
        if not learns:
            return "vectors"
        changed = self._augment and tower.modality == "image"
        return None if changed or any(name.startswith("trunk.") for name in learns) else "features"

    @property
    def problems(self) -> dict[int, str]:
        """Number -> why, of contents that are known not to be readable."""
        found = {}
        for _, rows, place in self._kept.values():
            number_of = {int(row): number for number, row in enumerate(place) if row >= 0}
            found.update({number_of[row]: why for row, why in rows.problems.items()})
        return found

    def prepare(self, numbers: Numbers, seed: Sequence[int] = (), training: bool = True) -> Prepared:
        """Read different contents (k,) for their vectors. From `seed` comes all that is drawn: augmentation, dropout."""
        found: list[Numbers] = []
        parts: list[Part] = []
        problems: dict[int, str] = {}
        pieces = 1
        for modality, tower in self._towers.items():
            mine = numbers[self._modalities[numbers] == modality]
            if not len(mine):
                continue
            if modality in self._kept:
                good, part = self._kept_part(modality, tower, mine, (*seed, len(parts)))
                bad = self._kept[modality][1].problems
                problems.update(
                    {int(number): bad[int(self._kept[modality][2][number])] for number in mine if number not in good}
                )
                found.append(good)
                parts.append(part)
                continue
            cut = [mine[at : at + self._micro_batch] for at in range(0, len(mine), self._micro_batch)]
            pieces = max(pieces, len(cut))
            for piece in cut:
                drawn = (*seed, len(parts))
                augmented = drawn if training and self._augment and tower.modality == "image" else None
                places, inputs, bad_places = read_inputs(tower, [self.contents[number] for number in piece], augmented)
                problems.update({int(piece[place]): why for place, why in bad_places.items()})
                if places:
                    found.append(piece[places])
                    parts.append(Part(partial(self._run_whole, tower, inputs, draw_seed(*drawn))))
        return Prepared(np.concatenate([*found, np.empty(0, np.int64)]), tuple(parts), pieces, problems)

    def encode(self, numbers: Numbers, what: str, progress: Progress) -> tuple[Numbers, NDArray[np.float32], dict[int, str]]:
        """(numbers that could be read, their vectors (k, d), number -> why for the others); towers in evaluation mode."""
        for tower in self._towers.values():
            tower.module.eval()
        found: list[Numbers] = []
        vectors: list[NDArray[np.float32]] = []
        problems: dict[int, str] = {}
        for start in range(0, len(numbers), _A_CALL):
            chunk = self.prepare(numbers[start : start + _A_CALL], training=False)
            with torch.no_grad():
                vectors += [part.run().float().cpu().numpy() for part in chunk.parts]
            found.append(chunk.numbers)
            problems.update(chunk.problems)
            progress.step(what, min(start + _A_CALL, len(numbers)), len(numbers))
        if not vectors:
            why = next(iter(problems.values()), "there are none")
            raise InputError(f"no vector can be made of the {what}: {why}")
        return np.concatenate(found), np.concatenate(vectors), problems

    def _kept_part(self, modality: str, tower: TrainableTower, numbers: Numbers, seed: Sequence[int]) -> tuple[Numbers, Part]:
        what, kept, place = self._kept[modality]
        good = np.array([number for number in numbers if int(place[number]) not in kept.problems], np.int64)
        rows = torch.from_numpy(np.array(kept.rows[place[good]]))
        if what == "vectors":
            return good, Part(partial(self._hand_over, rows), learns=False)
        return good, Part(partial(self._run_head, tower, rows, draw_seed(*seed)))

    def _hand_over(self, rows: Tensor) -> Tensor:
        return rows.to(self._precision.device)

    def _run_head(self, tower: TrainableTower, rows: Tensor, seed: int) -> Tensor:
        torch.manual_seed(seed)  # dropout is the same when a part is run twice, and when a run goes on
        return tower.project(rows.to(self._precision.device))

    def _run_whole(self, tower: TrainableTower, inputs: Inputs, seed: int) -> Tensor:
        torch.manual_seed(seed)
        with self._precision.running():
            features = tower.features(*(one.to(self._precision.device) for one in inputs))
        half = features.dtype in (torch.bfloat16, torch.float16)
        return tower.project(features.float() if half else features)


def learning_names(tower: TrainableTower) -> list[str]:
    """Names of a tower's parameters that learn."""
    return [name for name, parameter in tower.module.named_parameters() if parameter.requires_grad]


def modality_of(content: Content) -> str:
    """Return what a content is: a path is a picture.

    >>> modality_of(Path("a.png")), modality_of("a.png")
    ('image', 'text')
    """
    return "image" if isinstance(content, Path) else "text"
