"""Ctrl-C that waits for the end of a step, so that what is saved then is whole."""

import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Stopping"]

_SIGNALS = (signal.SIGINT, signal.SIGTERM)  # a machine that shuts down asks with the second


class Stopping:
    """Inside `with`, the first Ctrl-C or SIGTERM is only noted; a second one stops at once."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` tells a person that the first one was heard: a step may take a while."""
        self.asked = False
        self._say = say
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Stopping":
        if threading.current_thread() is threading.main_thread():  # elsewhere signals cannot be taken
            self._before = {one: signal.signal(one, self._note) for one in _SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for one, before in self._before.items():
            signal.signal(one, before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        with suppress(RuntimeError):  # a line that was being written when the signal came: then there is no second one
            self._say("stopping after this step; Ctrl-C once more stops at once")
