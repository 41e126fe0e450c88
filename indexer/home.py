"""The home folder of a library: where everything lies.

HOME/collections/NAME/{ledger.sqlite3, thumbnails.sqlite3, shard/, ...}    kept by Qdrant Edge, in the folder
HOME/servers/HOST-DIGEST/NAME/{ledger.sqlite3, thumbnails.sqlite3}         kept by a Qdrant server
HOME/models/                                                               exported networks
"""

import hashlib
import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from encoders.errors import LibraryError

__all__ = ["DEFAULT_COLLECTION", "Home", "server_url"]

DEFAULT_COLLECTION = "main"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def server_url(url: str | None = None) -> str | None:
    """The Qdrant server to use: the one named, else SKYBRIDGE_QDRANT_URL, else None for the library folder itself."""
    return url or os.environ.get("SKYBRIDGE_QDRANT_URL") or None


class Home:
    """Folders of one library. Making one creates nothing on disk."""

    def __init__(self, path: Path | str | None = None) -> None:
        chosen = path or os.environ.get("SKYBRIDGE_HOME") or Path.home() / ".skybridge"
        self.path = Path(chosen).expanduser().absolute()

    @property
    def models(self) -> Path:
        """Where exported networks are kept."""
        return self.path / "models"

    def folder(self, collection: str, url: str | None = None) -> Path:
        """Where a collection's ledger lies. Raises LibraryError for a name that is none."""
        if not _NAME.fullmatch(collection):
            raise LibraryError(
                f"{collection!r} cannot be the name of a collection. Use up to 64 letters, digits, '.', '_' and '-', "
                "beginning with a letter or digit."
            )
        if url is None:
            return self.path / "collections" / collection
        host = re.sub(r"[^A-Za-z0-9.-]", "-", urlsplit(url).netloc.rpartition("@")[2]) or "server"
        digest = hashlib.sha256(url.rstrip("/").encode()).hexdigest()[:8]
        return self.path / "servers" / f"{host}-{digest}" / collection

    def collections(self, url: str | None = None) -> list[str]:
        """Names of the collections that were made from here, in order: in this folder, or on the server at `url`."""
        parent = self.folder(DEFAULT_COLLECTION, url).parent
        if not parent.is_dir():
            return []
        return sorted(entry.name for entry in parent.iterdir() if (entry / "ledger.sqlite3").is_file())
