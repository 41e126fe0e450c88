"""A collection of the library: add folders, ask how it stands, remove, drop.

Nothing is opened before it is needed: asking for the status of a library loads no model, and opening it touches no disk.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Self

from filelock import FileLock, Timeout

from encoders import find_card, load_encoder
from encoders.dual import DualEncoder
from encoders.errors import LibraryError, SpaceMismatch
from indexer.home import DEFAULT_COLLECTION, Home, server_url
from indexer.ledger import Failure, Ledger
from indexer.limits import Limits
from indexer.manifests import check_fingerprints, manifest_of
from indexer.paths import absolute, to_text
from indexer.pipeline import Pipeline, Report
from indexer.runs import Progress, Request, Run, RunLog
from indexer.store import open_store
from indexer.store.base import Store
from indexer.thumbnail_store import ThumbnailStore
from indexer.workers import cores
from indexer.writer import Writer

__all__ = ["DEFAULT_MODEL", "Folder", "Library", "Status"]

DEFAULT_MODEL = "starter"

_PATHS_A_REMOVAL = 500


@dataclass(frozen=True)
class Folder:
    """A folder or file that was asked for."""

    path: str
    sources: int  # known at or below it


@dataclass(frozen=True)
class Status:
    """How a collection stands."""

    collection: str
    model: str | None  # card id; None before anything was added
    sources: int  # files in the index
    failed: int
    images: int
    documents: int
    items: int  # pictures and passages
    engine: str
    exact: bool
    search_note: str  # one sentence: scan or graph
    folders: tuple[Folder, ...]
    run: Run | None  # the newest


class Library:
    """One collection, in a home folder or on a Qdrant server."""

    def __init__(
        self,
        home: Path | str | None = None,
        collection: str = DEFAULT_COLLECTION,
        url: str | None = None,
        *,
        encoder: DualEncoder | None = None,
        on_wait: Callable[[str], None] | None = None,
    ) -> None:
        """`encoder`: a model in hand instead of one by its card; `on_wait` hears why a call has to wait."""
        self.home = Home(home)
        self.collection = collection
        self.url = server_url(url)
        self._folder = self.home.folder(collection, self.url)
        self._on_wait = on_wait
        self._given_encoder = encoder

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
    def store(self) -> Store:
        """Vectors and payloads."""
        return open_store(self._folder, self.collection, self.url, on_wait=self._on_wait)

    @cached_property
    def encoder(self) -> DualEncoder:
        """The model that filled this collection, or the default one; loaded once."""
        return self._load(None)

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
            self.__dict__.pop("encoder", None)  # the next one may be filled by another model

    def close(self) -> None:
        """Release everything; the library may be used again afterwards."""
        for name in ("_ledger", "thumbnails", "store"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

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
        with self._run_lock():
            number = self.runs.start()
            progress = Progress()

            def pulse(now: Progress) -> Request | None:
                nonlocal progress
                progress = now
                request = self.runs.pulse(number, now)
                if on_progress is not None:
                    on_progress(now)
                return request

            try:
                report = self._run(roots, pulse, model, retry_failed, limits or Limits(), workers)
            except BaseException as error:
                self._end(number, progress, "failed", str(error) or type(error).__name__)
                raise
            report.notes[:0] = notes
            self._end(number, progress, report.state, " ".join(report.notes), report)
        return report

    def _run(
        self,
        roots: Sequence[Path],
        pulse: Callable[[Progress], Request | None],
        model: str | None,
        retry_failed: bool,
        limits: Limits,
        workers: int | None,
    ) -> Report:
        def encoder() -> DualEncoder:
            if model is not None and "encoder" not in self.__dict__:
                self.__dict__["encoder"] = self._load(model)
            self.store.create(manifest_of(self.encoder))
            return self.encoder

        writer = self._writer()
        writer.recover()
        note = self._forget_if_store_is_gone()
        pipeline = Pipeline(
            self.ledger,
            self.store,
            writer,
            encoder,
            limits=limits,
            workers=workers or cores(),
            pulse=pulse,
        )
        report = pipeline.run(roots, retry_failed)
        report.notes[:0] = note
        self._note_store()
        return report

    def _forget_if_store_is_gone(self) -> list[str]:
        """A collection that was deleted behind our back (on the server, say) must not look indexed."""
        if self.store.manifest() is not None or not self.ledger.counts().items:
            return []
        self.ledger.forget_everything()
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

    def _end(self, number: int, progress: Progress, state: str, message: str, report: Report | None = None) -> None:
        done = {} if report is None else {"failed": report.failed, "items": report.items}
        self.runs.pulse(number, replace(progress, state=state, message=message, eta_seconds=None, **done))  # type: ignore[arg-type]  # states of Report are states of Progress

    @contextmanager
    def _run_lock(self) -> Iterator[None]:
        """One run a collection: two would read the same files twice and sweep each other's work."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self._folder / "run.lock")
            lock.acquire(timeout=0)
        except Timeout:
            run = self.runs.current()
            who = f" (process {run.pid})" if run else ""
            raise LibraryError(
                f"another run{who} is changing the collection {self.collection!r} right now. Wait until it is done, or stop "
                "it; searching works meanwhile."
            ) from None
        except OSError as error:
            raise LibraryError(
                f"the library folder {self.home.path} cannot be written: {error.strerror}. Choose another one with --home DIR."
            ) from error
        try:
            yield
        finally:
            lock.release()

    # --- the model

    def _load(self, model: str | None) -> DualEncoder:
        manifest = self.store.manifest()
        card = model or (manifest.card if manifest else DEFAULT_MODEL)
        encoder = self._given_encoder or load_encoder(card, cache=self.home.models)
        if manifest is not None:
            check_fingerprints(manifest, encoder, self.collection)
        return encoder

    def _require_model(self, model: str) -> None:
        manifest = self.store.manifest()
        asked = find_card(model).id
        if manifest is not None and manifest.card != asked:
            raise SpaceMismatch(
                f"the collection {self.collection!r} was filled by the model {manifest.card}, not {asked}. Use another "
                f"collection (--collection NAME), or start this one anew: python -m indexer drop {self.collection}"
            )

    # --- asking

    def status(self) -> Status:
        """How the collection stands. Opens no model and no store, so it never disturbs a run."""
        if not self.exists():
            return Status(self.collection, None, 0, 0, 0, 0, 0, "none yet", True, "Nothing is indexed yet.", (), None)
        counts = self.ledger.counts()
        facts = json.loads(self.ledger.fact("store") or "{}")
        exact = bool(facts.get("exact", True))
        graph = facts.get("indexed_vectors", 0)
        note = (
            "Searches scan every item: exact."
            if exact
            else f"Searches use an HNSW graph over {graph:,} of {counts.items:,} items and scan the rest."
        )
        folders = tuple(Folder(to_text(root), len(self.ledger.below(root))) for root, _ in self.ledger.roots())
        return Status(
            collection=self.collection,
            model=facts.get("model"),
            sources=counts.sources,
            failed=counts.failed,
            images=counts.images,
            documents=counts.documents,
            items=counts.items,
            engine=facts.get("engine", "none yet"),
            exact=exact,
            search_note=note,
            folders=folders,
            run=self.runs.latest(),
        )

    def failures(self) -> list[Failure]:
        """Every source that could not be indexed, and why."""
        return self.ledger.failures() if self.exists() else []

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
        with self._run_lock():
            writer = self._writer()
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
            self._note_store()
        return removed

    def drop(self) -> None:
        """Delete the whole collection: vectors, thumbnails, ledger. The files it was made from are not touched."""
        self.require_existing()
        with self._run_lock():
            self.store.drop()
        self.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def require_existing(self) -> None:
        """Raise LibraryError, with the collections there are, if nothing was ever added to this one."""
        if not self.exists():
            have = ", ".join(self.home.collections(self.url)) or "none yet"
            raise LibraryError(f"there is no collection {self.collection!r} in {self.home.path}. There are: {have}.")

    def _writer(self) -> Writer:
        return Writer(self.ledger, self.store, self.thumbnails)

    def _note_store(self) -> None:
        """Write down how the store stands, so that asking for the status need not open it."""
        manifest = self.store.manifest()
        if manifest is None:
            return
        info = self.store.info()
        facts = {
            "model": manifest.card,
            "engine": info.engine,
            "exact": info.exact,
            "indexed_vectors": info.indexed_vectors,
        }
        self.ledger.set_fact("store", json.dumps(facts))
