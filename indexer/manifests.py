"""What a collection remembers of the model that filled it, and whether a model in hand is the same."""

from encoders.dual import DualEncoder
from encoders.errors import SpaceMismatch
from indexer.store.base import Manifest

__all__ = ["check_fingerprints", "manifest_of", "same_candidates", "same_towers"]


def manifest_of(encoder: DualEncoder) -> Manifest:
    """The manifest of a collection that this model fills."""
    return Manifest(
        card=encoder.card.id,
        space="dense",
        dimension=encoder.dimension,
        query_fingerprints=dict(encoder.query_fingerprints),
        candidate_fingerprints=dict(encoder.candidate_fingerprints),
    )


def same_candidates(one: Manifest, other: Manifest) -> bool:
    """Vectors of one may stand beside vectors of the other."""
    return dict(one.candidate_fingerprints) == dict(other.candidate_fingerprints) and one.dimension == other.dimension


def same_towers(one: Manifest, other: Manifest) -> bool:
    """The same model, query towers included."""
    same_queries = dict(one.query_fingerprints) == dict(other.query_fingerprints)
    return one.card == other.card and same_queries and same_candidates(one, other)


def check_fingerprints(manifest: Manifest, encoder: DualEncoder, collection: str) -> None:
    """Raise SpaceMismatch if the stored vectors came from other candidate towers than the encoder's.

    The query towers may differ: one that was retrained alone searches the stored vectors as they are.
    """
    stored, now = dict(manifest.candidate_fingerprints), dict(encoder.candidate_fingerprints)
    if stored != now:
        raise SpaceMismatch(
            f"the vectors of the collection {collection!r} came from {manifest.card} with candidate towers {stored}, but the "
            f"model {encoder.card.id} now has {now}. Install the model as it was, or build a space for this one beside the old "
            f"one: python -m indexer upgrade --model {encoder.card.id}"
        )
