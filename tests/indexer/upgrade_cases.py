"""What the tests of upgrades share: looking into spaces, and changing files as people do."""

import shutil

import numpy as np
from qdrant_client import QdrantClient

from indexer.items import item_id
from indexer.store.server import ServerStore
from indexer.upgrade import Upgrade
from search import open_library

from tiny import tiny_models

__all__ = ["assert_alike", "change_things", "first", "fresh", "held", "upgrade"]


def upgrade(library, **options):
    return Upgrade(library, workers=1, **options)


def first(hits):
    return hits[0].path.rpartition("/")[2]


def held(library, name=None):
    """Everything in a space: id -> (payload, bytes of the vector). Fails when it holds points that the ledger does not know."""
    store = library.store if name is None else library.spaces.at(name)
    contents = library.ledger.contents_in("indexed")
    items = store.retrieve([item_id(one.hash, part) for one in contents for part in one.parts], with_vectors=True)
    assert store.count() == len(items)
    return {item.id: ({**item.payload, "indexed_at": None}, item.vector.tobytes()) for item in items}


def fresh(tmp_path, files, card):
    """What the same files give when they are added with that model from the start (in memory: that is quickest)."""
    client = QdrantClient(":memory:")
    with open_library(tmp_path / f"fresh-{card}", url="http://localhost:6333", encoder=tiny_models()[card]) as library:
        library.__dict__["store"] = ServerStore("main", "http://localhost:6333", client=client)
        library.add([files], workers=1)
        found = held(library)
    client.close()
    return found


def plain(payload):
    """Without the time that the first file with these bytes had: a copy that stays when that is gone has another."""
    return {name: value for name, value in payload.items() if name not in ("modified", "date")}


def assert_alike(one, other):
    """The same items; vectors up to the last bit, which engines round differently."""
    assert {key: plain(item[0]) for key, item in one.items()} == {key: plain(item[0]) for key, item in other.items()}
    for key, (_, vector) in one.items():
        assert np.allclose(np.frombuffer(vector, np.float32), np.frombuffer(other[key][1], np.float32), atol=1e-6)


def change_things(files, write_picture, number):
    """What people do to their files between two runs."""
    pictures, notes = files / "pictures", files / "notes"
    write_picture(pictures / f"white-{number}.png", "white", seed=number)
    shutil.copy(pictures / "red.png", files / f"copy-{number}.png")
    next(pictures.glob("green*.png")).rename(pictures / f"green-{number}.png")
    (pictures / "blue.png").unlink(missing_ok=True)
    (notes / "harbour.txt").write_text(f"The harbour is loud at noon, {number} times a day.")
    (notes / f"new-{number}.txt").write_text(f"Letter {number} about the garden.")
