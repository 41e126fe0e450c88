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

__all__ = ["DEFAULT_COLLECTION", "Home"]

DEFAULT_COLLECTION = "main"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


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

    def collections(self) -> list[str]:
        """Names of the collections in this folder, in order."""
        parent = self.path / "collections"
        if not parent.is_dir():
            return []
        return sorted(entry.name for entry in parent.iterdir() if (entry / "ledger.sqlite3").is_file())
