"""When the search index is built anew: what has changed since it was built, and whether that is worth it.

Building takes the longer the more a collection holds, however little has changed, and copies the collection first. A few items
that are not in the graph are compared one by one instead, which is exact and takes no time. So the ledger counts what changes,
and a run that changed little leaves the index to a later one.
"""

from collections.abc import Callable

from indexer.ledger import Ledger
from indexer.store.base import Store, StoreInfo
from indexer.store.graph import SMALL_BYTES
from indexer.store_note import noted_store

__all__ = ["build_if_worth", "changed_items", "is_due", "note_changed", "note_due", "set_due"]

_FACT = "index_due"
_YES, _NO = "yes", "no"  # or a number of items: so many have changed
_SHARE = 0.01  # of a collection: copying a million items takes longer than comparing ten thousand a thousand times


def note_due(ledger: Ledger) -> None:
    """The next run shall build, however little has changed."""
    ledger.set_fact(_FACT, _YES)


def set_due(ledger: Ledger, due: bool) -> None:
    """Another space answers now, whose index is due or not."""
    ledger.set_fact(_FACT, _YES if due else _NO)


def note_changed(ledger: Ledger, items: int) -> None:
    """So many more items are written, moved or gone. Before it happens: a run may be killed."""
    if ledger.fact(_FACT) != _YES:
        ledger.set_fact(_FACT, str(changed_items(ledger) + items))


def changed_items(ledger: Ledger) -> int:
    """How many items have changed since the index was built, where they were counted."""
    fact = ledger.fact(_FACT)
    return 0 if fact in (None, _YES, _NO) else int(fact)


def is_due(ledger: Ledger) -> bool:
    """Whether anything has changed since the index was built."""
    return ledger.fact(_FACT) not in (None, _NO)


def build_if_worth(ledger: Ledger, store: Store, on_begin: Callable[[], None]) -> StoreInfo | None:
    """Build the index of the space that answers; None where nothing has changed, or too little.

    Raises StoreError like `Store.build_index`; then it stays due.
    """
    if not is_due(ledger) or _is_too_little(ledger, store):
        return None
    on_begin()
    info = store.build_index()
    ledger.set_fact(_FACT, _NO)
    return info


def _is_too_little(ledger: Ledger, store: Store) -> bool:
    """Whether there is a graph, and what has changed is little beside it or less than what an engine would build one for.

    By what was noted: a run that finds nothing new need not open a large collection for this.
    """
    changed, manifest, noted = changed_items(ledger), store.manifest(), noted_store(ledger)
    if not changed or manifest is None or noted is None:
        return False
    small = changed * manifest.dimension * 4 < SMALL_BYTES
    return not noted.exact and (small or changed < _SHARE * noted.items)
