"""How a run says how far it is, without knowing to whom."""

from typing import Protocol

__all__ = ["Progress", "Quiet"]


class Progress(Protocol):
    """Told by whoever works; shown, or not, by whoever asked for the work."""

    def say(self, line: str) -> None:
        """One thing worth knowing."""

    def step(self, what: str, done: int, total: int, detail: str = "") -> None:
        """So much of the work called `what` is done."""


class Quiet:
    """Shows nothing."""

    def say(self, line: str) -> None:
        """Say nothing."""

    def step(self, what: str, done: int, total: int, detail: str = "") -> None:
        """Say nothing."""
