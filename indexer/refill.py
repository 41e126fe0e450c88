"""Bring one space of a collection to where the ledger is: the list of what it is behind with is worked off.

Deleted contents leave the space, moved ones get their paths, passages are encoded from the text that the other space keeps,
pictures from their files. In this order, so that files are read only for what nothing else tells. Points are flushed before
their contents leave the list; every step may be repeated.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from encoders.dual import DualEncoder
from encoders.errors import InputError
from encoders.vectors import Vectors
from indexer.batches import encode_sources
from indexer.items import LoadedSource, Payload, Source, item_id
from indexer.ledger import Content, Ledger
from indexer.limits import Limits
from indexer.ocr_log import OcrLog
from indexer.passages import PASSAGE_SHARE, estimate_tokens, title_line, titled
from indexer.reading_pool import ReadingPool
from indexer.space_log import Behind, SpaceLog
from indexer.spaces import Space
from indexer.store.base import Store, StoredItem
from indexer.telling import Teller
from indexer.workers import Failed, Outcome, ReadJob, read_ahead
from indexer.writer import item_payloads, path_fields

__all__ = ["Refill"]

_PAGE = 64  # contents taken from the list together
_PARTS = 2048  # items looked at together
_PASSAGES = 128  # encoded together
_PICTURES = 32
_READ_AHEAD = 16  # files a worker


@dataclass
class _Task:
    """One content that the space has to take."""

    content: Content
    paths: list[Path]  # where the ledger says it lies
    parts: set[str]  # of it that the space may hold
    here: dict[str, StoredItem] = field(default_factory=dict)  # part -> item as this space has it
    given: dict[str, StoredItem] = field(default_factory=dict)  # part -> item as the other space has it
    places: list[Path] = field(default_factory=list)  # paths still to be read from

    @property
    def agrees(self) -> bool:
        """The space holds every item, made of the same text; only its paths may have moved."""
        return set(self.here) == set(self.content.parts) and all(
            part not in self.given or item.payload.get("text") == self.given[part].payload.get("text")
            for part, item in self.here.items()
        )

    @property
    def from_text(self) -> bool:
        """The other space keeps the text of every item."""
        return set(self.given) == set(self.content.parts) and all(
            item.payload["modality"] == "text" and "text" in item.payload for item in self.given.values()
        )


class Refill:
    """Works off what the space `target` is behind with; `source` is the other space, which knows the payloads."""

    def __init__(
        self,
        ledger: Ledger,
        target: Space,
        source: Space,
        encoder: Callable[[], DualEncoder],
        *,
        limits: Limits,
        workers: int,
        teller: Teller,
    ) -> None:
        self._ledger, self._log = ledger, SpaceLog(ledger)
        self._name, self._store, self._source = target.name, target.store, source.store
        self._encoder, self._limits, self._workers, self._teller = encoder, limits, workers, teller

    def run(self) -> None:
        """Until nothing is left but what fails, with its reason. Raises Stopped when somebody asks for it."""
        self._log.try_again(self._name)
        count = self._log.count(self._name)
        if not count:
            return
        self._log.change(self._name, index_due=1)
        self._teller.tell(state="indexing", done=0, total=count, message="Encoding what is stored", force=True)
        for page in self._pages():
            for tasks in _by_size(self._taken(page)):
                self._look_up(tasks)
                self._from_store(tasks)
                self._breathe()
        if self._log.behind(self._name, limit=1):
            self._teller.tell(message="Loading the model", force=True)
            self._from_files(self._encoder())

    def _pages(self) -> Iterator[list[Behind]]:
        after = ""
        while page := self._log.behind(self._name, after, _PAGE):
            yield page
            after = page[-1].content

    # --- what needs no file

    def _taken(self, page: Sequence[Behind]) -> list[_Task]:
        """The contents of a page that are still in the ledger; those that are not leave the space."""
        tasks: list[_Task] = []
        gone: list[Behind] = []
        for one in page:
            content = self._ledger.content(one.content)
            if content is None:
                gone.append(one)
            else:
                tasks.append(_Task(content, self._ledger.paths_of(content.hash), set(one.parts)))
        self._store.delete([item_id(one.content, part) for one in gone for part in one.parts])
        self._store.flush()
        self._settle([one.content for one in gone])
        return tasks

    def _look_up(self, tasks: Sequence[_Task]) -> None:
        """What both spaces hold of these contents."""
        for task, here, given in zip(tasks, _held(self._store, tasks), _held(self._source, tasks), strict=True):
            task.here, task.given = here, given

    def _from_store(self, tasks: Sequence[_Task]) -> None:
        agreed = [task for task in tasks if task.agrees]
        surplus = [(task.content.hash, part) for task in tasks for part in task.parts - set(task.content.parts)]
        self._store.delete([item_id(*one) for one in surplus])
        for task in agreed:
            self._store.set_payload([item.id for item in task.here.values()], path_fields(task.paths))
        self._store.flush()
        self._settle([task.content.hash for task in agreed])
        for task in tasks:
            if not task.agrees and task.from_text:
                self._encode_passages(task)

    def _encode_passages(self, task: _Task) -> None:
        encoder = self._encoder()
        budget = int(encoder.passage_tokens * PASSAGE_SHARE)
        self._note([task])
        parts, cut = task.content.parts, 0
        for start in range(0, len(parts), _PASSAGES):
            payloads = [task.given[part].payload for part in parts[start : start + _PASSAGES]]
            texts = [titled(title_line(payload.get("title"), budget), payload["text"]) for payload in payloads]
            cut += sum(estimate_tokens(text) > encoder.passage_tokens for text in texts)
            try:
                self._write(task, payloads, encoder.encode_candidates("text", texts))
            except InputError as error:
                self._refuse(task, str(error))
                return
            self._teller.tell()
        self._store.flush()
        self._log.add_cut(self._name, cut)
        self._settle([task.content.hash], len(parts))

    # --- what is read from files

    def _from_files(self, encoder: DualEncoder) -> None:
        self._teller.tell(message="Reading and encoding", force=True)
        tasks: Iterable[_Task] = self._to_read(encoder)
        ready: list[tuple[_Task, LoadedSource]] = []
        with ReadingPool(self._workers) as pool:
            while True:
                again: list[_Task] = []  # the file was not what the ledger knows, but there is a copy
                for one in self._read(pool, tasks, encoder):
                    if one is not None:
                        self._take(*one, ready, again)
                    if len(ready) >= _PICTURES or self._teller.paused:
                        self._encode_files(ready, encoder)
                        ready.clear()
                    self._breathe()
                if not again:
                    break
                tasks = again
        self._encode_files(ready, encoder)

    def _to_read(self, encoder: DualEncoder) -> Iterator[_Task]:
        for page in self._pages():
            for tasks in _by_size(self._taken(page)):
                self._look_up(tasks)
                for task in tasks:
                    task.places = [path for path in task.paths if path.is_file()]
                    if task.content.kind == "image" and encoder.picture_spec is None:
                        self._refuse(task, f"the model {encoder.card.id} takes no pictures")
                    elif not task.places:
                        self._refuse(task, "it has to be read again, and it is not there (a drive that is not plugged in?)")
                    else:
                        yield task

    def _read(self, pool: ReadingPool, tasks: Iterable[_Task], encoder: DualEncoder) -> Iterator[tuple[_Task, Outcome] | None]:
        """Each task with what its first place holds; None: nothing yet."""
        waiting: deque[_Task] = deque()

        def jobs() -> Iterator[ReadJob]:
            for task in tasks:
                waiting.append(task)
                yield ReadJob(Source(task.places.pop(0), 0, 0, 0), ())

        outcomes = read_ahead(
            pool,
            jobs(),
            picture_spec=encoder.picture_spec,
            passage_tokens=int(encoder.passage_tokens * PASSAGE_SHARE),
            limits=self._limits,
            window=self._workers * _READ_AHEAD,
        )
        for outcome in outcomes:
            yield None if outcome is None else (waiting.popleft(), outcome[1])

    def _take(self, task: _Task, outcome: Outcome, ready: list[tuple[_Task, LoadedSource]], again: list[_Task]) -> None:
        trouble = _trouble(task, outcome)
        if trouble is None and isinstance(outcome, LoadedSource):
            ready.append((task, outcome))
        elif task.places:
            again.append(task)
        else:
            self._refuse(task, trouble or "it could not be read")

    def _encode_files(self, ready: Sequence[tuple[_Task, LoadedSource]], encoder: DualEncoder) -> None:
        if not ready:
            return
        self._note([task for task, _ in ready])
        try:
            vectors = encode_sources(encoder, [loaded for _, loaded in ready])
        except InputError as error:
            if len(ready) == 1:
                self._refuse(ready[0][0], str(error))
                return
            for one in ready:  # one that a tower cannot take must not cost the others their place
                self._encode_files([one], encoder)
            return
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        for (task, loaded), rows in zip(ready, vectors, strict=True):
            made = item_payloads(loaded, task.paths, now)
            payloads = [task.given[one["part"]].payload if one["part"] in task.given else one for one in made]
            self._write(task, payloads, rows)
        self._store.flush()
        OcrLog(self._ledger).forget([task.content.hash for task, _ in ready if not set(task.content.parts) <= set(task.given)])
        self._settle([task.content.hash for task, _ in ready], sum(len(rows) for rows in vectors))

    # --- notes

    def _write(self, task: _Task, payloads: Sequence[Payload], vectors: Vectors) -> None:
        ids = [item_id(task.content.hash, payload["part"]) for payload in payloads]
        self._store.upsert(ids, vectors, [{**payload, **path_fields(task.paths)} for payload in payloads])

    def _note(self, tasks: Sequence[_Task]) -> None:
        for task in tasks:
            task.parts |= set(task.content.parts)
        self._log.note_writing(self._name, {task.content.hash: task.parts for task in tasks})

    def _settle(self, contents: Sequence[str], items: int = 0) -> None:
        self._log.settle(self._name, contents)
        progress = self._teller.progress
        self._teller.did(done=progress.done + len(contents), items=progress.items + items)

    def _refuse(self, task: _Task, reason: str) -> None:
        """It stays on the list with its reason, and nothing of it in the space."""
        self._store.delete([item_id(task.content.hash, part) for part in task.parts | set(task.content.parts)])
        self._store.flush()
        self._log.fail(self._name, task.content.hash, reason)
        progress = self._teller.progress
        self._teller.did(done=progress.done + 1, failed=progress.failed + 1)

    def _breathe(self) -> None:
        self._teller.tell()
        if self._teller.paused:
            self._store.close()  # so that others have them
            self._source.close()
            self._teller.pause()


def _by_size(tasks: Sequence[_Task]) -> Iterator[list[_Task]]:
    """In groups that hold a bounded number of items: one book has more passages than a thousand letters."""
    group: list[_Task] = []
    size = 0
    for task in tasks:
        if group and size + len(task.content.parts) > _PARTS:
            yield group
            group, size = [], 0
        group.append(task)
        size += len(task.content.parts)
    if group:
        yield group


def _held(store: Store, tasks: Sequence[_Task]) -> list[dict[str, StoredItem]]:
    """Part -> item, for each task."""
    ids = {item_id(task.content.hash, part): (task.content.hash, part) for task in tasks for part in task.content.parts}
    found: dict[str, dict[str, StoredItem]] = {task.content.hash: {} for task in tasks}
    for item in store.retrieve(list(ids)):
        content, part = ids[item.id]
        found[content][part] = item
    return [found[task.content.hash] for task in tasks]


def _trouble(task: _Task, outcome: Outcome) -> str | None:
    """Why what was read is not the content that the ledger knows."""
    if isinstance(outcome, Failed):
        return outcome.reason
    if not isinstance(outcome, LoadedSource) or outcome.content_hash != task.content.hash:
        return "it has changed since it was indexed; bring the collection up to date: python -m indexer add"
    if {item.part for item in outcome.items} != set(task.content.parts):
        return "it is cut into other passages now; bring it in anew: remove it, then add it"
    return None
