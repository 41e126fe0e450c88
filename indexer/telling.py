"""How a long piece of work tells how far it is, and hears that it should pause or stop."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from indexer.runs import Progress, Request

__all__ = ["Rate", "Stopped", "Teller"]

_PAUSE_POLL_SECONDS = 0.2
_RATE_MARKS = 30


class Stopped(Exception):  # noqa: N818 - a signal between the work and who began it, not an error
    """Somebody asked the run to stop."""


class Rate:
    """Pieces a second over the last marks, so that time left follows what the run does now."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=_RATE_MARKS)

    def add(self, done: int) -> None:
        """So many are done now."""
        self._marks.append((time.monotonic(), done))

    def per_second(self) -> float:
        """0.0 before there is anything to tell."""
        (begun, first), (ended, last) = self._marks[0], self._marks[-1]
        return (last - first) / (ended - begun) if ended > begun else 0.0


class Teller:
    """Keeps the progress of one run and passes it on, not oftener than every `every` seconds."""

    def __init__(self, pulse: Callable[[Progress], Request | None], every: float) -> None:
        self.progress = Progress()
        self._pulse, self._every = pulse, every
        self._last = 0.0
        self._asked: Request | None = None
        self._rate = Rate()

    @property
    def paused(self) -> bool:
        """Somebody asked for a pause; whoever can wait now calls `pause`."""
        return self._asked == "pause"

    def tell(self, *, force: bool = False, **changes: object) -> None:
        """Change the progress and tell it if it is time. Raises Stopped when somebody asked for that."""
        self.progress = replace(self.progress, **changes)  # type: ignore[arg-type]  # names are checked by replace
        now = time.monotonic()
        if not force and now - self._last < self._every:
            return
        self._last = now
        self._asked = self._pulse(self.progress) or self._asked
        if self._asked == "stop":
            raise Stopped

    def did(self, **changes: object) -> None:
        """Take in what is done (`done`, `failed`, `items`), without telling it yet; rate and time left follow from it."""
        now = replace(self.progress, **changes)  # type: ignore[arg-type]  # names are checked by replace
        self._rate.add(now.done)
        rate, left = self._rate.per_second(), (now.total or 0) - now.done
        self.progress = replace(now, rate=round(rate, 2), eta_seconds=round(left / rate, 1) if rate else None)

    def pause(self) -> None:
        """Wait until somebody says go on. What others need meanwhile is to be released before."""
        before = self.progress
        self.tell(state="paused", message="Paused", force=True)
        while self.paused:
            time.sleep(_PAUSE_POLL_SECONDS)
            self.tell(force=True)
        self._rate = Rate()
        self.tell(state=before.state, message=before.message, force=True)
