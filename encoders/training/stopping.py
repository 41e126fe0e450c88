"""Ctrl-C that waits for the end of a step, so that what is saved then is whole."""

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Stopping"]


class Stopping:
    """Inside `with`, the first Ctrl-C is only noted; a second one does what Ctrl-C always does."""

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> "Stopping":
        if threading.current_thread() is threading.main_thread():  # elsewhere signals cannot be taken
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
