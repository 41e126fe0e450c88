"""A collection of the library: add folders, ask how it stands, remove, drop.

Nothing is opened before it is needed: asking for the status of a library loads no model, and opening it touches no disk.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import Self

from encoders import find_card, load_encoder
from encoders.dual import DualEncoder
from encoders.errors import LibraryError, SpaceMismatch
from encoders.trained_card import whole_spec
from indexer.complete import complete_items
from indexer.home import DEFAULT_COLLECTION, Home, server_url
from indexer.index_due import note_due
from indexer.ledger import Failure, Ledger
from indexer.limits import Limits
from indexer.manifests import check_fingerprints, manifest_of, same_towers
from indexer.ocr_log import OcrLog
from indexer.paths import absolute, to_text
from indexer.pipeline import Pipeline, Report
from indexer.refill import Refill
from indexer.runs import OpenRun, Progress, Request, Run, RunLog, one_run, open_run
from indexer.space_log import SpaceLog
from indexer.spaces import OpenSpace, Space, Spaces
from indexer.status import Folder, Status, read_status
from indexer.store import open_store
from indexer.store.base import Manifest, Store
from indexer.store_note import note_store, noted_store
from indexer.telling import Teller
from indexer.thumbnail_store import ThumbnailStore
from indexer.workers import cores
from indexer.writer import Writer

__all__ = ["DEFAULT_MODEL", "Folder", "Library", "Status"]

DEFAULT_MODEL = "starter"

_PATHS_A_REMOVAL = 500


class Library:
    """One collection, in a home folder or on a Qdrant server."""

    def __init__(
        self,
        home: Path | str | None = None,
        collection: str = DEFAULT_COLLECTION,
        url: str | None = None,
        *,
        encoder: DualEncoder | None = None,
        model: str | None = None,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        """`encoder`: a model in hand, or `model`: one by its card, to ask with instead of the collection's own.

        Its candidate towers must be the collection's. `on_wait` hears why a call has to wait.
        """
        self.home = Home(home)
        self.collection = collection
        self.url = server_url(url)
        self._folder = self.home.folder(collection, self.url)
        self._on_wait = on_wait
        self._given_encoder, self._given_model = encoder, whole_spec(model) if model else model
        self._encoder: DualEncoder | None = None  # the one loaded last
        self._loaded_for: Manifest | None = None  # what the manifest said then
        self._encoder_lock = Lock()

    # --- what it is made of, each opened when first asked for

    @property
    def ledger(self) -> Ledger:
        """What is known of every source."""
        self.renew()
        return self._ledger

    @cached_property
    def _ledger(self) -> Ledger:
        return Ledger(self._folder / "ledger.sqlite3")

    @cached_property
    def thumbnails(self) -> ThumbnailStore:
        """Small pictures by content hash."""
        return ThumbnailStore(self._folder / "thumbnails.sqlite3")

    @cached_property
    def spaces(self) -> Spaces:
        """The stores of the collection, and which of them answers."""
        # Under the name "store" lies a store in hand, where there is one, instead of one by its address.
        in_hand = self.__dict__.get("store")
        return Spaces(in_hand or open_store(self._folder, self.collection, self.url, on_wait=self._on_wait))

    @property
    def store(self) -> Store:
        """Vectors and payloads, in the space that answers now."""
        return self.spaces.answering().store

    @property
    def encoder(self) -> DualEncoder:
        """The model of the space that answers now, or the default one.

        Loaded when first asked for, and anew when another model has taken its place.
        """
        return self._encoder_for(self.spaces.answering().manifest)

    @encoder.setter
    def encoder(self, encoder: DualEncoder) -> None:
        with self._encoder_lock:
            self._encoder, self._loaded_for = encoder, self.spaces.answering().manifest

    @property
    def has_encoder(self) -> bool:
        """The model that the collection asks for now is loaded."""
        return self._fits(self.spaces.answering().manifest)

    def space(self) -> OpenSpace | None:
        """The space that answers now with its model, loaded; None where there is no collection."""
        space = self.spaces.answering()
        if space.manifest is None:
            return None
        return OpenSpace(space.store, space.manifest, self._encoder_for(space.manifest))

    @property
    def runs(self) -> RunLog:
        """What runs are doing."""
        return RunLog(self.ledger)

    def exists(self) -> bool:
        """Something was added to it at some time."""
        return (self._folder / "ledger.sqlite3").is_file()

    def renew(self) -> None:
        """Let go of what was opened of a collection that another process has dropped since."""
        if "_ledger" in self.__dict__ and not self._ledger.is_in_place():
            self.close()
            self._encoder = None  # the next one may be filled by another model

    def close(self) -> None:
        """Release everything; the library may be used again afterwards."""
        for name in ("_ledger", "thumbnails", "spaces"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()
        self.__dict__.pop("store", None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # --- adding

    def add(
        self,
        paths: Sequence[Path | str] = (),
        *,
        model: str | None = None,
        retry_failed: bool = False,
        limits: Limits | None = None,
        workers: int | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> Report:
        """Bring the index up to date with these folders and files; without any, with all that were added before.

        Raises LibraryError if a path does not exist or another run is at work, SpaceMismatch if the collection was filled
        by another model, StoreError if the store fails. What was reported before an error stays.
        """
        notes: list[str] = []
        roots = self._roots(paths, notes)
        if model is not None:
            self._require_model(model)
        with self.changing(), open_run(self.runs, "add", on_progress) as run:
            report = self._run(roots, run, model, retry_failed, limits or Limits(), workers or cores())
            report.notes[:0] = notes
            run.end(report.state, " ".join(report.notes), failed=report.failed, items=report.items)  # type: ignore[arg-type]  # states of Report are states of Progress
        return report

    def _run(
        self,
        roots: Sequence[Path],
        run: OpenRun,
        model: str | None,
        retry_failed: bool,
        limits: Limits,
        workers: int,
    ) -> Report:
        def encoder() -> DualEncoder:
            if model is not None and self._encoder is None:
                self.encoder = self._given_encoder or self.load(model)
            found = self.encoder
            self.store.create(manifest_of(found))
            return found

        writer = self.writer()
        writer.recover()
        note = self._forget_if_store_is_gone()
        pipeline = Pipeline(
            self.ledger,
            self.store,
            writer,
            encoder,
            limits=limits,
            workers=workers,
            pulse=run.pulse,
            before=partial(self._catch_up, limits, workers, note),
        )
        report = pipeline.run(roots, retry_failed)
        report.notes[:0] = note
        if report.items or report.removed or report.built or noted_store(self.ledger) is None:
            self.note_store()
        return report

    def _forget_if_store_is_gone(self) -> list[str]:
        """A collection that was deleted behind our back (on the server, say) must not look indexed."""
        if self.store.manifest() is not None or not self.ledger.counts().items:
            return []
        self.ledger.forget_everything()
        note_due(self.ledger)  # what was noted of the store is of the one that is gone
        return ["The vectors of this collection were gone from the store, so everything was indexed anew."]

    def _roots(self, paths: Sequence[Path | str], notes: list[str]) -> list[Path]:
        """Absolute paths that exist. A folder known from before that is away is a note, not a deletion."""
        if not paths:
            known = [root for root, _ in self.ledger.roots()] if self.exists() else []
            if not known:
                raise LibraryError("there is nothing to update yet. Name a folder: python -m indexer add FOLDER")
            away = [root for root in known if not root.exists()]
            notes += [
                f"{root} is not there (a drive that is not plugged in?), so nothing below it was changed. To take it out "
                f"of the index: python -m indexer remove {root}"
                for root in away
            ]
            return [root for root in known if root not in away]
        roots = [absolute(path) for path in paths]
        for root in roots:
            if not root.exists():
                raise LibraryError(
                    f"{root} does not exist. Check the path; to take deleted files out of the index, add the folder that "
                    "held them, or use: python -m indexer remove PATH"
                )
        return roots

    @contextmanager
    def changing(self) -> Iterator[None]:
        """The right to change the collection, whose ledger and store agree on which space answers.

        Raises LibraryError at once when another run has it.
        """
        with one_run(self._folder, self.collection, self.current_run):
            log = SpaceLog(self.ledger)
            noted = log.answering()
            if noted is not None and noted.name != (now := self.spaces.answering().name):
                log.let_answer(now)  # a switch was cut short between the two
            yield

    def _catch_up(self, limits: Limits, workers: int, notes: list[str], teller: Teller) -> None:
        """Before a run: what the space that answers lacks of earlier ones. Appends sentences for people."""
        self._fill_gaps(limits, workers, teller)
        if completed := complete_items(self.ledger, self.spaces.answering(), self.thumbnails, teller):
            notes.append(f"Completed {completed:,} items that an earlier version had indexed.")

    def _fill_gaps(self, limits: Limits, workers: int, teller: Teller) -> None:
        """What an upgrade could not bring to the space that answers now, because files were away, is tried again."""
        log = SpaceLog(self.ledger)
        answering, other = log.answering(), log.other()
        if answering is None or other is None or not log.count(answering.name):
            return
        note_due(self.ledger)
        source = Space(other.name, self.spaces.at(other.name), other.manifest)
        Refill(
            self.ledger,
            self.spaces.answering(),
            source,
            lambda: self.encoder,
            limits=limits,
            workers=workers,
            teller=teller,
        ).run()

    # --- the model

    def _encoder_for(self, manifest: Manifest | None) -> DualEncoder:
        with self._encoder_lock:
            if self._encoder is None or not self._fits(manifest):
                card = self._given_model or (manifest.card if manifest else DEFAULT_MODEL)
                # A collection that is there was filled by these networks: that they open needs no proof before the first query.
                encoder = self._given_encoder or self.load(card, late=manifest is not None)
                if manifest is not None:
                    check_fingerprints(manifest, encoder, self.collection)
                self._encoder, self._loaded_for = encoder, manifest
            return self._encoder

    def _fits(self, manifest: Manifest | None) -> bool:
        """The model in hand is the one that the manifest asks for, as far as it could be had."""
        if self._encoder is None:
            return False
        return manifest is None or manifest == self._loaded_for or same_towers(manifest, manifest_of(self._encoder))

    def load(self, model: str, *, late: bool = False) -> DualEncoder:
        """A model by its card, as this library keeps its networks; `late`: each is opened when it is first needed."""
        return load_encoder(whole_spec(model), cache=self.home.models, late=late)

    def _require_model(self, model: str) -> None:
        manifest = self.spaces.answering().manifest
        asked = find_card(model).id
        if manifest is not None and manifest.card != asked:
            raise SpaceMismatch(
                f"the collection {self.collection!r} was filled by the model {manifest.card}, not {asked}. Use another "
                f"collection (--collection NAME), or change the model of this one: python -m indexer use {asked} where only "
                f"the query tower is new, else python -m indexer upgrade --model {asked}"
            )

    # --- asking

    def status(self) -> Status:
        """How the collection stands. Opens no model and no store, so it never disturbs a run."""
        return read_status(self.ledger, self.collection) if self.exists() else Status(self.collection)

    def failures(self) -> list[Failure]:
        """Every source that could not be indexed, not be brought along by an upgrade, or not be read for words, and why."""
        if not self.exists():
            return []
        log = SpaceLog(self.ledger)
        answering = log.answering()
        missing = log.failures(answering.name) if answering else []
        unread = OcrLog(self.ledger).failures()
        return sorted([*self.ledger.failures(), *missing, *unread], key=lambda failure: failure.path)

    def folders(self) -> list[str]:
        """Folders that were added, as `under` takes them."""
        return [to_text(root) for root, _ in self.ledger.roots() if root.is_dir()] if self.exists() else []

    def current_run(self) -> Run | None:
        """The run at work, whichever process it is in, or None."""
        return self.runs.current() if self.exists() else None

    def request(self, request: Request) -> bool:
        """Ask the run at work to pause, resume or stop. False if there is none."""
        return self.exists() and self.runs.request(request)

    # --- removing

    def remove(self, paths: Sequence[Path | str]) -> int:
        """Take everything at or below these paths out of the index; files on disk are not touched.

        Returns the number of sources removed. Raises LibraryError for a path of which nothing is known.
        """
        self.require_existing()
        with self.changing():
            writer = self.writer()
            writer.recover()
            removed = 0
            for path in map(absolute, paths):
                known = self.ledger.below(path)
                if not known and path not in dict(self.ledger.roots()):
                    raise LibraryError(f"nothing at or below {path} is in the collection {self.collection!r}.")
                for start in range(0, len(known), _PATHS_A_REMOVAL):
                    writer.remove(known[start : start + _PATHS_A_REMOVAL])
                self.ledger.remove_roots(path)
                removed += len(known)
            self.note_store()
        return removed

    def drop(self) -> None:
        """Delete the whole collection: vectors, thumbnails, ledger. The files it was made from are not touched."""
        self.require_existing()
        with self.changing():
            noted = [note.name for note in SpaceLog(self.ledger).all()]
            self.spaces.drop([*noted, self.spaces.answering().name])
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def require_existing(self) -> None:
        """Raise LibraryError, with the collections there are, if nothing was ever added to this one."""
        if not self.exists():
            have = ", ".join(self.home.collections(self.url)) or "none yet"
            raise LibraryError(f"there is no collection {self.collection!r} in {self.home.path}. There are: {have}.")

    def writer(self) -> Writer:
        """What changes the space that answers now; for the holder of `changing`."""
        return Writer(self.ledger, self.store, self.thumbnails)

    def note_store(self) -> None:
        """Write down how the store stands, so that asking for the status need not open it."""
        note_store(self.ledger, self.spaces.answering())
