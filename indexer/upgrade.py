"""Another model for a collection: a query tower alone, on the spot; candidate towers, in a second space beside the first.

How the spaces are kept, and why nothing is lost when this is killed: docs/upgrade.md.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from encoders.dual import DualEncoder
from encoders.errors import LibraryError, SpaceMismatch
from indexer.ledger import Failure
from indexer.library import Library
from indexer.limits import Limits
from indexer.manifests import check_fingerprints, manifest_of, same_candidates
from indexer.refill import Refill
from indexer.runs import OpenRun, Progress, open_run
from indexer.space_log import SpaceLog, SpaceNote
from indexer.spaces import OpenSpace, Space
from indexer.store.base import Manifest
from indexer.telling import Stopped, Teller
from indexer.workers import cores

__all__ = ["Compare", "Comparison", "Upgrade", "UpgradeReport", "use_query_tower"]

_PULSE_SECONDS = 0.5
_COMMAND = "python -m indexer upgrade"


class Comparison(Protocol):
    """What comparing two spaces gave."""

    def table(self) -> str:
        """For people."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""


Compare = Callable[[Library, OpenSpace, OpenSpace], Comparison]
"""How the old space and the new one answer the library's own queries."""


@dataclass
class UpgradeReport:
    """What building or switching did."""

    card: str  # the model of the space that was worked on
    state: str = "ready"  # or "stopped", "switched", "back"
    contents: int = 0  # files brought to the space, each content once; deleted and renamed ones count, too
    items: int = 0  # pictures and passages encoded
    failures: list[Failure] = field(default_factory=list)  # files that the space lacks, with the reason
    cut: int = 0  # passages whose end the model's text tower does not read
    seconds: float = 0.0
    comparison: Comparison | None = None
    notes: list[str] = field(default_factory=list)  # sentences for people

    def to_dict(self) -> dict[str, Any]:
        """What `--json` prints."""
        comparison = None if self.comparison is None else self.comparison.to_dict()
        failures = [{"path": str(failure.path), "reason": failure.reason} for failure in self.failures]
        return {**vars(self), "failures": failures, "missing": len(failures), "comparison": comparison}


def use_query_tower(library: Library, model: str) -> Manifest:
    """Let every search ask with the query towers of another card from now on; no stored vector is touched.

    Returns the manifest as it was before. Raises SpaceMismatch, naming both models' candidate towers and the command that
    builds a space for the other one, when those differ.
    """
    library.require_existing()
    with library.changing():
        space, manifest = _answering(library)
        encoder = library.load(model)
        wanted = manifest_of(encoder)
        if not same_candidates(manifest, wanted):
            raise SpaceMismatch(
                f"the vectors of the collection {library.collection!r} came from the candidate towers of {manifest.card} "
                f"({_prints(manifest)}), and {model} has others ({_prints(wanted)}), so more than the query tower differs. "
                f"Build a space for it beside the one there is: {_COMMAND} --model {model}"
            )
        space.store.create(wanted)
        SpaceLog(library.ledger).change(space.name, manifest=wanted)
        library.encoder = encoder
        library.note_store()
    return manifest


class Upgrade:
    """Builds, switches to, goes back from and discards the second space of a collection."""

    def __init__(
        self,
        library: Library,
        *,
        limits: Limits | None = None,
        workers: int | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        compare: Compare | None = None,
    ) -> None:
        self._library = library
        self._limits, self._workers = limits or Limits(), workers or cores()
        self._on_progress, self._compare = on_progress, compare

    @property
    def _log(self) -> SpaceLog:
        return SpaceLog(self._library.ledger)

    # --- verbs

    def build(self, model: str) -> UpgradeReport:
        """Build the space of another model beside the one that answers, or go on with it; then compare the two.

        Raises LibraryError when there is another second space already or the model needs none, ModelError and StoreError as
        they come. What was done before an error stays, and the next call goes on from there.
        """
        library, report = self._library, UpgradeReport(model)
        with self._run(report) as teller:
            answering, manifest = _answering(library)
            teller.tell(message="Loading the model", force=True)
            encoder = library.load(model)
            target = self._begin(answering, manifest, manifest_of(encoder))
            self._bring(target, answering, lambda: encoder, teller)
            self._log.change(target.name, state="ready")
            self._count(report, target)
            if self._compare is not None:
                teller.tell(message="Comparing the two on the collection's own queries", force=True)
                new = OpenSpace(target.store, manifest_of(encoder), encoder)
                old = OpenSpace(answering.store, manifest, library.encoder)
                try:
                    report.comparison = self._compare(library, old, new)
                except LibraryError as error:  # its files say nothing of themselves; the space is built all the same
                    report.notes.append(f"The two were not compared: {error}")
        return report

    def switch(self) -> UpgradeReport:
        """Let the space that was built answer from now on; what changed since is brought there before."""
        return self._let_answer(self._built, "switched")

    def back(self) -> UpgradeReport:
        """Let the old space answer again; what changed since is brought there before."""
        return self._let_answer(self._kept, "back")

    def discard(self) -> str:
        """Delete the space that does not answer; returns the card that filled it.

        Files of which no vector is left then, because the space that answers lacks them, are tried by the next `add`.
        """
        library = self._library
        library.require_existing()
        with library.changing():
            other = self._log.other()
            answering = self._log.answering()
            if other is None or answering is None:
                raise LibraryError("there is no second space to discard.")
            self._log.change(other.name, state="discarding")  # nobody may switch to what is half deleted
            library.spaces.delete(other.name)
            library.thumbnails.delete(self._log.give_up(answering.name))
            self._log.forget()
        return other.manifest.card

    # --- steps

    @contextmanager
    def _run(self, report: UpgradeReport) -> Iterator[Teller]:
        """One run of the collection, told in the run log; being asked to stop ends the block, and is no error."""
        library, begun = self._library, time.monotonic()
        library.require_existing()
        with library.changing(), open_run(library.runs, "upgrade", self._on_progress) as run:
            library.writer().recover()
            teller = Teller(run.pulse, _PULSE_SECONDS)
            try:
                yield teller
            except (Stopped, KeyboardInterrupt):
                report.state = "stopped"
            report.contents, report.items = teller.progress.done - teller.progress.failed, teller.progress.items
            report.seconds = round(time.monotonic() - begun, 3)
            self._end(run, report)

    def _end(self, run: OpenRun, report: UpgradeReport) -> None:
        if report.state == "stopped":
            report.notes.append("What was done stays; the same command goes on from there.")
        if report.cut:
            report.notes.append(
                f"{report.cut:,} passages are longer than {report.card} reads at once, so their ends go unread. Dropping the "
                "collection and adding its folders again cuts them to fit."
            )
        if report.failures:
            lacks = "lacks" if report.state in ("switched", "back") else "could not take"
            count = len(report.failures)
            report.notes.append(f"The space of {report.card} {lacks} {count:,} files; the old one keeps them until discarded.")
        state = "stopped" if report.state == "stopped" else "done"
        run.end(state, " ".join(report.notes), failed=len(report.failures), items=report.items)  # type: ignore[arg-type]

    def _begin(self, answering: Space, manifest: Manifest, wanted: Manifest) -> Space:
        """The space to build: a new one, or the one that was begun for the same towers."""
        if same_candidates(manifest, wanted):
            raise LibraryError(
                f"{wanted.card} has the candidate towers that filled the collection {self._library.collection!r}, so there is "
                f"nothing to build. To ask with its query tower: python -m indexer use {wanted.card}"
            )
        other = self._log.other()
        if other is None:
            name = str(int(answering.name or 1) + 1)
            self._library.spaces.at(name).drop()  # of an attempt that this ledger knows nothing of
            self._log.begin(answering.name, manifest, name, wanted)
        else:
            name = other.name
            self._require_begun_for(other, wanted)
        store = self._library.spaces.at(name)
        store.create(wanted)
        self._log.change(name, manifest=wanted)  # its query towers may be newer
        return Space(name, store, wanted)

    def _require_begun_for(self, other: SpaceNote, wanted: Manifest) -> None:
        if self._is_old(other) or other.state == "discarding" or not same_candidates(other.manifest, wanted):
            go_back = f" or go back to it ({_COMMAND} --back)" if self._is_old(other) and other.state != "discarding" else ""
            raise LibraryError(
                f"a second space of {other.manifest.card} ({_prints(other.manifest)}) is there already, and this is "
                f"{wanted.card} ({_prints(wanted)}). Discard it first ({_COMMAND} --discard){go_back}."
            )

    def _bring(self, target: Space, source: Space, encoder: Callable[[], DualEncoder], teller: Teller) -> None:
        """Bring `target` to where the ledger is, and build its search index if it changed."""
        refill = Refill(
            self._library.ledger, target, source, encoder, limits=self._limits, workers=self._workers, teller=teller
        )
        refill.run()
        note = self._log.other()
        if note is not None and note.index_due:
            teller.tell(state="finishing", message="Building the search index", force=True)
            target.store.build_index()
            self._log.change(target.name, index_due=0)

    def _let_answer(self, choose: Callable[[], SpaceNote], state: str) -> UpgradeReport:
        library = self._library
        library.require_existing()
        report = UpgradeReport(choose().manifest.card)  # a mistake of the person is no run
        with self._run(report) as teller:
            other = choose()  # again: now nobody else changes anything
            answering, _ = _answering(library)
            store = library.spaces.at(other.name)
            target = Space(other.name, store, store.manifest())
            self._bring(target, answering, lambda: self._load(target), teller)
            teller.tell(force=True)  # the last moment to stop
            library.spaces.switch(other.name)
            self._log.let_answer(other.name)
            report.state = state
            self._count(report, target)
            library.note_store()
        return report

    def _load(self, target: Space) -> DualEncoder:
        """The model of a space that was built before."""
        if target.manifest is None:
            raise LibraryError(f"the second space is gone from the store. Begin anew: {_COMMAND} --discard, then --model CARD.")
        encoder = self._library.load(target.manifest.card)
        check_fingerprints(target.manifest, encoder, self._library.collection)
        return encoder

    def _count(self, report: UpgradeReport, target: Space) -> None:
        report.failures = self._log.failures(target.name)
        report.cut = next(note.cut for note in self._log.all() if note.name == target.name)

    def _built(self) -> SpaceNote:
        """The space to switch to. Raises LibraryError, saying what to do, when there is none."""
        other = self._finished()
        if other is None:
            raise LibraryError(f"there is nothing to switch to. Build a space first: {_COMMAND} --model CARD")
        if self._is_old(other):
            card = _answering(self._library)[1].card
            raise LibraryError(f"{card} answers already. To go back to {other.manifest.card}: {_COMMAND} --back")
        return other

    def _kept(self) -> SpaceNote:
        """The space to go back to. Raises LibraryError, saying what to do, when there is none."""
        other = self._finished()
        if other is None:
            raise LibraryError("there is no older space to go back to.")
        if not self._is_old(other):
            raise LibraryError(f"{other.manifest.card} is not in use, so there is nothing to go back from.")
        return other

    def _finished(self) -> SpaceNote | None:
        other = self._log.other()
        if other is not None and other.state == "discarding":
            raise LibraryError(f"the space of {other.manifest.card} is being deleted. Finish that: {_COMMAND} --discard")
        if other is not None and other.state == "building":
            raise LibraryError(
                f"the space of {other.manifest.card} is not built yet. Go on with it: {_COMMAND} --model {other.manifest.card}"
            )
        return other

    def _is_old(self, other: SpaceNote) -> bool:
        answering = self._log.answering()
        return answering is not None and other.number < answering.number


def _answering(library: Library) -> tuple[Space, Manifest]:
    space = library.spaces.answering()
    if space.manifest is None:
        raise LibraryError(f"nothing is indexed in the collection {library.collection!r} yet, so there is nothing to change.")
    return space, space.manifest


def _prints(manifest: Manifest) -> str:
    return ", ".join(f"{modality} {print_}" for modality, print_ in sorted(manifest.candidate_fingerprints.items()))
