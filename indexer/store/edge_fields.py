"""Which fields of the payload the local engine indexes, and where it keeps these indexes.

By default the engine reads all of them into memory when it opens a shard: .7 s for 100,000 items, ten for a million, before the
first answer, and before a run that adds a single file. Left on disk they are mapped, so the system keeps of them what is used.
Only the modality is in memory, since every question looks at it at every step through the graph: mapped, that took about twice
as long for a million items.
"""

from typing import TYPE_CHECKING, Any

from indexer.schema import FIELDS, Field

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard

__all__ = ["INDEXED", "index_fields", "renew_field_indexes"]

INDEXED = frozenset(field.name for field in FIELDS if field.indexed)
_IN_MEMORY = frozenset({"modality"})


def index_fields(shard: "EdgeShard", known: set[str]) -> None:
    """Index every field that the schema wants and that is not known yet."""
    from qdrant_edge import UpdateOperation

    for field in FIELDS:
        if field.indexed and field.name not in known:
            shard.update(UpdateOperation.create_field_index(field.name, _params(field)))


def renew_field_indexes(shard: "EdgeShard") -> None:
    """Make those anew that an earlier version left elsewhere: twenty seconds for 100,000 items, once."""
    from qdrant_edge import UpdateOperation

    made = shard.info().payload_schema
    placed = {name: getattr(index.params, "memory", None) for name, index in made.items()}
    old = {name for name in INDEXED if name in made and placed[name] != _memory(name)}
    for name in old:
        shard.update(UpdateOperation.delete_field_index(name))
    index_fields(shard, set(INDEXED - old))


def _params(field: Field) -> Any:
    import qdrant_edge

    kind = getattr(qdrant_edge, f"{field.type.capitalize()}IndexParams")
    return kind(memory=_memory(field.name))


def _memory(name: str) -> Any:
    from qdrant_edge import Memory

    return Memory.Pinned if name in _IN_MEMORY else Memory.Cold
