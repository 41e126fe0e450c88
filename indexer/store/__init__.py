"""Where vectors live: Qdrant Edge in the process, or a Qdrant server. Only this package knows Qdrant."""

from collections.abc import Callable
from pathlib import Path

from indexer.store.base import Store

__all__ = ["list_collections", "open_store"]


def open_store(
    folder: Path,
    collection: str,
    url: str | None = None,
    api_key: str | None = None,
    *,
    wait: float = 30.0,
    on_wait: Callable[[str], None] | None = None,
) -> Store:
    """Return the store of one collection: in `folder` without a url, on the Qdrant server at `url` with one.

    Nothing is opened or asked before the first call of a method. `wait`: seconds that a call may wait for
    another process that holds the collection in `folder`; `on_wait` gets one sentence when that wait becomes
    noticeable, or when a server has to be asked again. Without `api_key` the environment variable
    SKYBRIDGE_QDRANT_API_KEY is used.
    """
    if url is None:
        from indexer.store.edge import EdgeStore

        return EdgeStore(folder, collection, wait=wait, on_wait=on_wait)
    from indexer.store.server import ServerStore

    return ServerStore(collection, url, api_key, on_wait=on_wait)


def list_collections(url: str, api_key: str | None = None) -> list[str]:
    """List the names of the collections that Skybridge made on a server, sorted. Raises StoreUnavailable."""
    from indexer.store.catalogue import server_collections

    return server_collections(url, api_key)
