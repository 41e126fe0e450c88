"""Which collections of a server are ours."""

from indexer.store.link import Link
from indexer.store.server import BESIDE, KEY, SIDE

__all__ = ["server_collections"]


def server_collections(url: str, api_key: str | None = None) -> list[str]:
    """Names of the collections that carry our manifest, sorted. Raises StoreUnavailable."""
    link = Link(url, api_key)
    try:
        names = {each.name for each in link.call("get_collections").collections}
        ours = []
        for name in names:
            if name.endswith(SIDE) or BESIDE in name:
                continue
            state = link.call("get_collection", name)
            if KEY in (state.config.metadata or {}) or name + SIDE in names:
                ours.append(name)
        return sorted(ours)
    finally:
        link.close()
