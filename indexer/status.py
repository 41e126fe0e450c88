"""How a collection stands, read from its ledger alone: no model and no store is opened, so no run is disturbed."""

from dataclasses import dataclass

from indexer.ledger import Ledger
from indexer.ocr_log import OcrCounts, OcrLog
from indexer.paths import to_text
from indexer.runs import Run, RunLog
from indexer.space_log import SpaceLog, SpaceState
from indexer.store_note import noted_store

__all__ = ["Folder", "Status", "UpgradeStatus", "read_status"]


@dataclass(frozen=True)
class Folder:
    """A folder or file that was asked for."""

    path: str
    sources: int  # known at or below it


@dataclass(frozen=True)
class UpgradeStatus:
    """The second space of a collection: one being built, one ready to be switched to, or the old one after a switch."""

    card: str  # the model of the space that does not answer
    state: SpaceState
    old: bool  # True: it answered before, and one may go back to it
    done: float  # share of what it had to take when it was begun; 1.0 once it was complete
    behind: int  # contents that changed since, or that it could not take
    note: str  # one sentence: how it stands, and the commands that go on


@dataclass(frozen=True)
class Status:
    """How a collection stands."""

    collection: str
    model: str | None = None  # card id; None before anything was added
    sources: int = 0  # files in the index
    failed: int = 0
    images: int = 0
    documents: int = 0
    items: int = 0  # pictures and passages
    engine: str = "none yet"
    exact: bool = True
    search_note: str = "Nothing is indexed yet."  # one sentence: scan or graph
    folders: tuple[Folder, ...] = ()
    run: Run | None = None  # the newest
    missing: int = 0  # files that the space lacks since the collection was upgraded
    upgrade: UpgradeStatus | None = None  # the second space, if there is one
    ocr: OcrCounts | None = None  # reading the words in pictures, once it was ever begun


def read_status(ledger: Ledger, collection: str) -> Status:
    """How the collection of this ledger stands."""
    counts = ledger.counts()
    noted = noted_store(ledger)
    note = (
        "Searches scan every item: exact."
        if noted is None or noted.exact
        else f"Searches use an HNSW graph over {noted.indexed_vectors:,} of {counts.items:,} items and scan the rest."
    )
    log = SpaceLog(ledger)
    answering = log.answering()
    return Status(
        collection=collection,
        model=answering.manifest.card if answering else noted.model if noted else None,
        sources=counts.sources,
        failed=counts.failed,
        images=counts.images,
        documents=counts.documents,
        items=counts.items,
        engine=noted.engine if noted else "none yet",
        exact=noted is None or noted.exact,
        search_note=note,
        folders=tuple(Folder(to_text(root), len(ledger.below(root))) for root, _ in ledger.roots()),
        run=RunLog(ledger).latest(),
        missing=len(log.failures(answering.name)) if answering else 0,
        upgrade=_upgrade(log),
        ocr=OcrLog(ledger).counts(),
    )


def _upgrade(log: SpaceLog) -> UpgradeStatus | None:
    other, answering = log.other(), log.answering()
    if other is None or answering is None:
        return None
    behind = log.count(other.name)
    done = 1.0 - min(behind, other.total) / other.total if other.state == "building" and other.total else 1.0
    old = other.number < answering.number
    card = other.manifest.card
    return UpgradeStatus(card, other.state, old, round(done, 4), behind, _note(card, other.state, old, done, behind))


def _note(card: str, state: SpaceState, old: bool, done: float, behind: int) -> str:
    command = "python -m indexer upgrade"
    if state == "discarding":
        return f"The space of {card} is being deleted. To go on with it: {command} --discard"
    if state == "building":
        return f"The space of {card} is being built: {done:.0%}. To go on with it: {command} --model {card}"
    late = f" {behind:,} files changed since then or could not be read; the switch tries them." if behind else ""
    delete = f"to delete it: {command} --discard"
    if old:
        return f"The old space of {card} is kept.{late} To go back to it: {command} --back; {delete}"
    return f"The space of {card} is built and not in use yet.{late} To use it: {command} --switch; {delete}"
