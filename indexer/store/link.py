"""The link to a Qdrant server: asks again while that can help, and says in our own words what went wrong.

Every call it repeats may be repeated: writes carry their ids, so a second one changes nothing.
"""

import os
import random
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from encoders.errors import SkybridgeError, StoreError, StoreUnavailable

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

__all__ = ["API_KEY_VARIABLE", "Link", "NotFound"]

API_KEY_VARIABLE = "SKYBRIDGE_QDRANT_API_KEY"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 4.0  # seconds between two tries


class NotFound(StoreError):  # noqa: N818 - stays inside this package
    """The server is fine, the collection is not there."""


class Link:
    """A client that is made when first needed. `patience`: seconds after which a failing call is given up.

    `on_wait` gets one sentence when a call has to be repeated.
    """

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        client: "QdrantClient | None" = None,
        timeout: float = 10.0,
        patience: float = 20.0,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        self.url = url
        self._on_wait = on_wait
        self._key = api_key if api_key is not None else os.environ.get(API_KEY_VARIABLE)
        self._own = client is None
        self._client = client
        self._lock = threading.Lock()
        self._timeout = timeout
        self._patience = patience

    @property
    def key_in_the_clear(self) -> bool:
        """Whether the key travels unencrypted."""
        return bool(self._key) and not self.url.startswith("https:")

    def call(self, method: str, *args: Any, **options: Any) -> Any:
        """Call a method of the client; again, with growing pauses, while the fault may pass."""
        deadline = time.monotonic() + self._patience
        pause = _FIRST_PAUSE
        told = False
        while True:
            try:
                return getattr(self._connected(), method)(*args, **options)
            except SkybridgeError:
                raise
            except Exception as error:  # every type that the client may raise is told apart in there
                fault = _Fault.of(error, self.url)
                left = deadline - time.monotonic()
                if not fault.may_pass or left <= 0:
                    raise fault.told() from error
                if self._on_wait is not None and not told:
                    told = True
                    self._on_wait(f"the Qdrant server at {self.url} does not answer; trying again for {left:.0f} s")
                # Jitter, or all clients that a restart cut off come back in the same instant.
                nap = max(pause * random.uniform(0.5, 1.5), fault.pause)
                time.sleep(min(nap, left))
                pause = min(pause * 2, _LONGEST_PAUSE)

    def close(self) -> None:
        """Close the connection; the next call makes a new one. A client that was handed in stays open."""
        with self._lock:
            if self._own and self._client is not None:
                client, self._client = self._client, None
                client.close()

    def _connected(self) -> "QdrantClient":
        with self._lock:
            if self._client is None:
                from qdrant_client import QdrantClient

                try:
                    self._client = QdrantClient(
                        url=self.url,
                        # As a header: given as `api_key` over plain http the client warns on stderr.
                        headers={"api-key": self._key} if self._key else None,
                        timeout=max(1, round(self._timeout)),
                        check_compatibility=False,  # would ask the server in a thread and warn
                    )
                except (ValueError, TypeError, AttributeError) as error:
                    raise StoreUnavailable(
                        f"{self.url!r} is no address of a Qdrant server ({error}); it looks like http://localhost:6333"
                    ) from error
            return self._client


class _Fault:
    """What an exception of the client means."""

    def __init__(self, error: StoreError, *, may_pass: bool = False, pause: float = 0.0) -> None:
        self._error = error
        self.may_pass = may_pass
        self.pause = pause

    def told(self) -> StoreError:
        return self._error

    @classmethod
    def of(cls, error: Exception, url: str) -> "_Fault":
        from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
        from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

        if isinstance(error, UnexpectedResponse):
            return cls._of_status(error.status_code or 0, _reason(error.content), url)
        if isinstance(error, ResourceExhaustedResponse):
            away = StoreUnavailable(f"the Qdrant server at {url} asks to slow down ({error}). Try again later.")
            return cls(away, may_pass=True, pause=float(error.retry_after_s))
        if isinstance(error, ResponseHandlingException):
            import httpx

            source = error.source
            if isinstance(source, httpx.TransportError):
                late = isinstance(source, httpx.TimeoutException)
                what = "answers too late" if late else f"cannot be reached ({source})"
                away = StoreUnavailable(
                    f"the Qdrant server at {url} {what}. Check that it runs and that the address is right;"
                    " nothing that was reported as stored is lost; the same command goes on where it stopped."
                )
                return cls(away, may_pass=True)
            return cls(_not_qdrant(url))
        foreign = isinstance(error, ValueError) and type(error).__module__.startswith(("json", "pydantic"))
        if foreign or isinstance(error, AssertionError):  # no JSON, or JSON without a result
            return cls(_not_qdrant(url))
        return cls(NotFound(str(error)) if "not found" in str(error) else StoreError(f"Qdrant refused: {error}"))

    @classmethod
    def _of_status(cls, status: int, reason: str | None, url: str) -> "_Fault":
        if status in (401, 403):
            return cls(
                StoreUnavailable(
                    f"the Qdrant server at {url} refuses the key ({status})."
                    f" Set {API_KEY_VARIABLE} to a key that may read and write."
                )
            )
        if status == 429 or status >= 500:
            why = f"{status}: {reason}" if reason else str(status)
            return cls(
                StoreUnavailable(f"the Qdrant server at {url} fails ({why}). Look into its log, then try again."),
                may_pass=True,
            )
        if reason is None:
            return cls(_not_qdrant(url))
        if status == 404:
            return cls(NotFound(reason))
        return cls(StoreError(f"the Qdrant server at {url} refused: {reason}"))


def _not_qdrant(url: str) -> StoreUnavailable:
    return StoreUnavailable(f"what answers at {url} is not a Qdrant server. Check the address and the port.")


def _reason(content: bytes) -> str | None:
    """Return Qdrant's own words out of an error's body; None when it is not one of Qdrant's."""
    import json

    try:
        body: Any = json.loads(content)
        return str(body["status"]["error"])
    except (ValueError, KeyError, TypeError):
        return None
