"""Weights from a model hub: from its local cache where they are there, else by network, else one clear message soon.

The hub's own client retries for minutes when there is no network, so the network is tried first with a deadline.
"""

import os
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from encoders.errors import ModelError

__all__ = ["from_hub", "is_reachable"]

T = TypeVar("T")

_DEADLINE_S = 5.0
_OFFLINE_CHOICES = "What works offline: starter (bundled), openclip:ARCH/FILE with a local checkpoint, sbert:FOLDER"


def from_hub(fetch: Callable[[], T], what: str, url: str | None = None, offline: str = _OFFLINE_CHOICES) -> T:
    """Return what `fetch` does: first from the local cache alone, then with the network. `offline`: what works without.

    Raises ModelError when `what` is neither in the cache nor to be had; within seconds when there is no network.
    """
    address = url or os.environ.get("HF_ENDPOINT", "https://huggingface.co")
    if url is None:  # a plain address has no cache that could be asked
        try:
            with _offline():
                return fetch()
        except Exception as error:  # noqa: BLE001 - the clients raise many kinds for "not in the cache"
            missing: Exception = error
    else:
        missing = OSError(f"not tried: {url}")
    if _told_to_stay_offline():
        raise ModelError(f"{what} is not on this machine, and HF_HUB_OFFLINE forbids a download. {offline}.") from missing
    if not is_reachable(address):
        raise ModelError(
            f"{what} is not on this machine, and {address} cannot be reached within {_DEADLINE_S:.0f} s. {offline}."
        ) from missing
    try:
        return fetch()
    except Exception as error:  # a gated, renamed or deleted repository, a broken connection, a full disk
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise ModelError(f"{what} could not be downloaded: {reason} {offline}.") from error


def is_reachable(address: str, deadline_s: float = _DEADLINE_S) -> bool:
    """Whether anything answers at this address, by way of the proxies in the environment, before the deadline."""
    answered: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=deadline_s):
                answered.append(True)
        except urllib.error.HTTPError as error:
            # 407 and 5xx are a proxy's or gateway's own words: nobody is behind it
            answered.append(error.code < 500 and error.code != 407)
        except (OSError, ValueError):
            answered.append(False)

    # In a thread of its own: looking up a name has no time limit that one could set.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(deadline_s)
    return bool(answered and answered[0])


def _told_to_stay_offline() -> bool:
    from huggingface_hub import constants

    return bool(constants.HF_HUB_OFFLINE)


@contextmanager
def _offline() -> Iterator[None]:
    """Let the hub's clients look at their cache only."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
