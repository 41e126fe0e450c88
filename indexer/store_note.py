"""How the store stood when it was last changed, noted in the ledger: to know it nobody need open a large collection."""

import json
from dataclasses import asdict, dataclass

from indexer.ledger import Ledger
from indexer.spaces import Space

__all__ = ["StoreNote", "note_store", "noted_store"]

_FACT = "store"


@dataclass(frozen=True)
class StoreNote:
    """What of it is noted."""

    model: str  # card id
    engine: str
    exact: bool  # every item is compared; else there is a graph
    indexed_vectors: int  # in the graph
    items: int = 0  # notes of earlier versions do not say


def note_store(ledger: Ledger, space: Space) -> None:
    """Look at the store and note how it stands. Raises StoreError if it cannot be opened."""
    if space.manifest is not None:
        info = space.store.info()
        note = StoreNote(space.manifest.card, info.engine, info.exact, info.indexed_vectors, info.items)
        ledger.set_fact(_FACT, json.dumps(asdict(note)))


def noted_store(ledger: Ledger) -> StoreNote | None:
    """What was noted last; None before the first run."""
    fact = ledger.fact(_FACT)
    return None if fact is None else StoreNote(**json.loads(fact))
