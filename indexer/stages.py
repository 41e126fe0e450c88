"""How busy each stage of a run was: reading, encoding and writing go on at once, and one of them holds up the others."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Stage", "StageClock", "limiting_stage", "tell_stages"]

_HARDLY = 0.05  # a run whose busiest stage is idle but for this waited for something else


@dataclass(frozen=True)
class Stage:
    """One stage of a run."""

    name: str  # "reading", "encoding", "writing"
    items: int  # files read, items encoded, items written
    busy_seconds: float  # of all who work on it, by the clock: waiting for a core counts
    busy: float  # share of the time that they had, 0 to 1
    per_second: float  # items a second, were it never idle


class StageClock:
    """Adds up what a stage did."""

    def __init__(self, name: str, workers: int = 1) -> None:
        self._name, self._workers = name, workers
        self._items, self._seconds = 0, 0.0
        self.last = 0.0  # seconds that the last piece of work took

    def add(self, items: int, seconds: float) -> None:
        """So many more, in so many seconds of one worker."""
        self._items += items
        self._seconds += seconds
        self.last = seconds

    def stage(self, elapsed: float) -> Stage:
        """What came of it in `elapsed` seconds.

        >>> clock = StageClock("reading", workers=2)
        >>> clock.add(8, 4.0)
        >>> clock.stage(4.0)
        Stage(name='reading', items=8, busy_seconds=4.0, busy=0.5, per_second=4.0)
        """
        per_second = self._items * self._workers / self._seconds if self._seconds else 0.0
        share = min(1.0, self._seconds / (self._workers * elapsed)) if elapsed else 0.0
        return Stage(self._name, self._items, round(self._seconds, 3), round(share, 3), round(per_second, 2))


def limiting_stage(stages: Sequence[Stage]) -> Stage | None:
    """The busiest stage: the run cannot be quicker than it. None where nothing was done."""
    busiest = max(stages, key=lambda stage: stage.busy, default=None)
    return busiest if busiest is not None and busiest.busy > _HARDLY else None


def tell_stages(stages: Sequence[Stage]) -> str | None:
    """One sentence for people; None where nothing was done.

    >>> tell_stages([Stage("reading", 90, 9.0, 0.45, 20.0), Stage("encoding", 90, 9.5, 0.95, 9.5)])
    'Encoding set the pace (busy 95% of the time; reading 45%).'
    """
    limit = limiting_stage(stages)
    if limit is None:
        return None
    others = ", ".join(f"{stage.name} {stage.busy:.0%}" for stage in stages if stage is not limit)
    return f"{limit.name.capitalize()} set the pace (busy {limit.busy:.0%} of the time; {others})."
