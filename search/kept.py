"""What was found out lately, so that asking again costs nothing."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Kept"]

_Taken = TypeVar("_Taken")


class Kept(Generic[_Taken]):
    """So many answers by key; the one that was not asked for longest gives way. Threads may take the same at once.

    >>> kept = Kept[int](most=1)
    >>> [kept.get("a", lambda: 1), kept.get("a", lambda: 2), kept.get("b", lambda: 3), kept.get("a", lambda: 4)]
    [1, 1, 3, 4]
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[Hashable, _Taken] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, take: Callable[[], _Taken]) -> _Taken:
        """What is kept under this key, else what `take` gives."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        taken = take()
        with self._lock:
            self._kept[key] = taken
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return taken
