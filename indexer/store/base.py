"""The store protocol: what the rest of the project may ask of Qdrant, in words that know no Qdrant.

Two engines keep it: `edge.EdgeStore` (in the process, in the library folder) and `server.ServerStore` (a Qdrant server or
cluster). `open_store` in `indexer.store` picks one. Every test of the store runs over both.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from encoders.vectors import Vectors
from indexer.items import Payload

__all__ = [
    "FORMAT",
    "FusedItem",
    "GeoRadius",
    "HasId",
    "Leg",
    "Manifest",
    "Match",
    "Plan",
    "Range",
    "ScoredItem",
    "Store",
    "StoreInfo",
    "StoredItem",
    "Where",
    "Words",
]

FORMAT = 2
"""Version of how a collection is laid out. 1: dense vectors only; 2: words beside them."""


@dataclass(frozen=True)
class Match:
    """The field holds one of these values (for a list field: any element does)."""

    key: str
    any_of: tuple[str | int | bool, ...]


@dataclass(frozen=True)
class Range:
    """gte <= field <= lte; None leaves a side open. RFC 3339 strings on datetime fields, numbers elsewhere."""

    key: str
    gte: float | str | None = None
    lte: float | str | None = None


@dataclass(frozen=True)
class GeoRadius:
    """The field lies within `metres` of a point."""

    key: str
    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True)
class HasId:
    """The item is one of these."""

    any_of: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """The text field holds all of these words, whole, in any order and case."""

    key: str
    text: str


Condition = Match | Range | GeoRadius | Words | HasId


@dataclass(frozen=True)
class Where:
    """A filter that runs inside the engine's search. Empty means everything."""

    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()

    def of_modality(self, modality: str) -> "Where":
        """What passes it and was made by this candidate tower."""
        return Where((Match("modality", (modality,)), *self.must), self.must_not)


@dataclass(frozen=True)
class Manifest:
    """What a collection remembers about the model that filled it."""

    card: str  # id of the model card, as `--model` takes it
    space: str  # name of the vector space inside the collection
    dimension: int
    query_fingerprints: Mapping[str, str]  # modality -> fingerprint of the query tower
    candidate_fingerprints: Mapping[str, str]  # modality -> fingerprint of the candidate tower
    version: int = FORMAT
    answered_by: str = ""  # name of the space beside this one that answers instead; "": this one does

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Manifest":
        """Inverse of to_dict; unknown keys of newer versions are ignored."""
        return cls(**{key: data[key] for key in cls.__dataclass_fields__ if key in data})


@dataclass(frozen=True)
class StoredItem:
    """One point as the store holds it."""

    id: str
    payload: Payload
    vector: Vectors | None = None  # (d,) float32, only where it was asked for


@dataclass(frozen=True)
class ScoredItem:
    """One answer of a search: cosine similarity in [-1, 1], higher is nearer."""

    id: str
    score: float
    payload: Payload


@dataclass(frozen=True)
class Leg:
    """Items of one modality in a plan, and what a cosine says of them: evidence = offset + slope * cosine."""

    modality: str
    where: Where  # which of them
    slope: float
    offset: float

    @property
    def condition(self) -> Where:
        """What its items pass, their modality included."""
        return self.where.of_modality(self.modality)

    @property
    def narrowed(self) -> bool:
        """By more than the modality: a graph then has to be searched more widely."""
        return bool(self.where.must or self.where.must_not)


@dataclass(frozen=True)
class Plan:
    """One query over several signals, answered inside the engine: the evidence of all of them is added up."""

    vector: Vectors  # (d,) float32, unit length
    legs: tuple[Leg, ...]  # of different modalities
    words: tuple[str, ...] = ()  # as indexer.words.query_words gives them
    words_slope: float = 0.0  # evidence of one unit of BM25
    depth: int = 128  # candidates a leg and signal: what none of them brings is no answer
    exact: bool = False


@dataclass(frozen=True)
class FusedItem:
    """One answer of a plan."""

    id: str
    score: float  # evidence, the more the better
    payload: Payload
    cosine: float  # to the plan's vector, [-1, 1]
    words: float  # BM25 of the plan's words, 0 and more


@dataclass(frozen=True)
class StoreInfo:
    """The state of a collection in its engine."""

    items: int
    indexed_vectors: int  # how many of them are in the HNSW graph; the rest are scanned, which is exact
    exact: bool  # True: every search scans, so every answer is exact
    engine: str  # "Qdrant Edge 0.9.0", "Qdrant 1.16.2 at http://..."
    extra: Mapping[str, Any] = field(default_factory=dict)


class Store(Protocol):
    """One collection in one engine. Methods raise StoreError and its children only."""

    def create(self, manifest: Manifest) -> None:
        """Make the collection with its payload indexes, or do nothing if it is there with an equal manifest.

        Raises SpaceMismatch when it is there with other candidate fingerprints or another dimension.
        """

    def manifest(self) -> Manifest | None:
        """What `create` wrote, or None when there is no collection yet."""

    def upsert(self, ids: Sequence[str], vectors: Vectors, payloads: Sequence[Payload]) -> None:
        """Write or replace items: ids (n,), vectors (n, d) float32 unit rows, payloads (n,). Durable after `flush`.

        The words of an item are taken from its payload (`indexer.words`).
        """

    def set_payload(self, ids: Sequence[str], payload: Payload) -> None:
        """Merge these fields into the payload of every id; dense vectors are not touched. Unknown ids are ignored.

        Where a field that words are taken from is among them, the words are taken anew.
        """

    def delete(self, ids: Sequence[str]) -> None:
        """Remove items. Unknown ids are ignored."""

    def flush(self) -> None:
        """Return only once everything written so far survives `kill -9`."""

    def search(
        self, vector: Vectors, limit: int, where: Where | None = None, offset: int = 0, exact: bool = False
    ) -> list[ScoredItem]:
        """Nearest items to one query vector, shape (d,), best first; ties broken by id so that paging never repeats."""

    def fuse(self, plan: Plan, limit: int) -> list[FusedItem]:
        """Best items by the sum of all evidence, ties by id.

        Among those that the vector or the words bring, an engine may choose by what it has at hand: by codes in place of
        vectors, and by BM25 of those alone that are among the `depth` best by words. What it chose is judged and sorted by
        true cosines and by all words.
        """

    def word_peaks(self, words: Sequence[str]) -> list[float]:
        """For each word the BM25 of the item that it suits best, alone; 0 where no item holds it."""

    def retrieve(self, ids: Sequence[str], with_vectors: bool = False) -> list[StoredItem]:
        """Items in the order asked; unknown ids are left out."""

    def scan(self, where: Where | None = None, with_vectors: bool = False, page: int = 512) -> Iterator[StoredItem]:
        """Every item that passes the filter, by id, fetched `page` at a time; nothing is held between pages.

        What is written meanwhile may be in it or not; what was there all along is there exactly once.
        """

    def count(self, where: Where | None = None) -> int:
        """Exact number of items that pass the filter."""

    def facet(self, key: str, where: Where | None = None, limit: int = 50) -> list[tuple[str, int]]:
        """Values of an indexed keyword field with their exact counts, most frequent first, then by value."""

    def build_index(self) -> StoreInfo:
        """Build the HNSW graph over what is there and say how it stands. Blocks; searches go on meanwhile.

        Searches before it are exact. Writes during it are refused with StoreBusy where the engine would lose them.
        """

    def info(self) -> StoreInfo:
        """How the collection stands now."""

    def beside(self, name: str) -> "Store":
        """Another space of the same collection, with vectors and a manifest of its own, whether it is there yet or not."""

    def hand_over(self, name: str) -> None:
        """Note in the manifest that the space `name` beside this one answers from now on; "": this one. One atomic write."""

    def vacate(self) -> None:
        """Delete every item and keep the manifest, which others need to find the space that answers."""

    def drop(self) -> None:
        """Delete the collection. Dropping what is not there is no error."""

    def close(self) -> None:
        """Release whatever is held. Safe to call twice; the store may be used again afterwards."""
