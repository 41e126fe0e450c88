import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from encoders.errors import LibraryError
from indexer.items import Source, item_id
from indexer.ledger import Content, Ledger
from indexer.paths import to_path, to_text
from indexer.runs import Progress, RunLog


def source(path="/f/a.txt", size=1, modified=1, changed=1):
    return Source(Path(path), size, modified, changed)


@pytest.fixture
def ledger(tmp_path):
    with_file = Ledger(tmp_path / "ledger.sqlite3")
    yield with_file
    with_file.close()


def put(ledger, one, content, scan=1):
    ledger.note_pending(Content(content, "image", ("picture",)), one.size)
    ledger.set_state([content], "indexed")
    return ledger.record(one, scan, content)


def test_counts_are_those_of_now(ledger, tmp_path):
    other = Ledger(tmp_path / "ledger.sqlite3")
    assert ledger.counts() == ledger.counts() == other.counts()
    put(ledger, source(), "c1")
    assert ledger.counts().items == other.counts().items == 1
    put(other, source("/f/b.txt"), "c2")
    assert ledger.counts().items == ledger.counts().items == 2
    with pytest.raises(KeyError), ledger.transaction():
        put(ledger, source("/f/c.txt"), "c3")
        assert ledger.counts().items == 3
        raise KeyError
    assert ledger.counts().items == 2
    other.close()


def test_a_source_is_new_then_unchanged_then_changed(ledger):
    scan = ledger.begin_scan()
    assert ledger.seen(source(), scan) == "todo"
    put(ledger, source(), "c1", scan)
    assert list(ledger.todo()) == []
    assert ledger.seen(source(), scan) == "unchanged"
    for different in (source(size=2), source(modified=2), source(changed=2)):
        assert ledger.seen(different, scan) == "todo"


def test_failures_are_not_tried_again_until_something_changes(ledger):
    ledger.record_failure(source(), 1, "broken", transient=False)
    assert ledger.seen(source(), 2) == "failed"
    assert ledger.seen(source(), 2, retry=True) == "todo"
    assert ledger.seen(source(size=9), 2) == "todo"
    ledger.record_failure(source("/f/b.txt"), 1, "network", transient=True)
    assert ledger.seen(source("/f/b.txt"), 2) == "todo"
    assert [(f.path, f.reason) for f in ledger.failures()] == [(Path("/f/a.txt"), "broken"), (Path("/f/b.txt"), "network")]


def test_what_a_scan_did_not_see_below_its_root_is_gone(ledger):
    for number, path in enumerate(("/f/a.txt", "/f/sub/b.txt", "/f-other/c.txt", "/f0.txt")):
        put(ledger, source(path), f"c{number}", scan=1)
    scan = ledger.begin_scan()
    ledger.seen(source("/f/a.txt"), scan)
    assert list(ledger.unseen(Path("/f"), scan)) == [Path("/f/sub/b.txt")]
    ledger.keep_below(Path("/f/sub"), scan)
    assert list(ledger.unseen(Path("/f"), scan)) == []


def test_a_changed_source_names_the_content_it_held_before(ledger):
    assert put(ledger, source(), "old") is None
    assert put(ledger, source(), "old") is None
    assert put(ledger, source(), "new") == "old"
    assert ledger.paths_of("old") == []
    assert ledger.record_failure(source(), 1, "broken", transient=False) == "new"


def test_a_transaction_that_fails_leaves_no_trace(ledger):
    with pytest.raises(ZeroDivisionError), ledger.transaction():
        put(ledger, source(), "c")
        raise ZeroDivisionError
    assert ledger.content("c") is None
    assert ledger.counts().sources == 0


def test_a_ledger_from_the_future_and_a_damaged_one_are_refused(tmp_path):
    ledger = Ledger(tmp_path / "l.sqlite3")
    ledger.execute("PRAGMA user_version = 99")
    ledger.close()
    with pytest.raises(LibraryError, match="newer Skybridge"):
        Ledger(tmp_path / "l.sqlite3")
    (tmp_path / "bad.sqlite3").write_bytes(b"not a database at all" * 100)
    with pytest.raises(LibraryError, match="cannot be used"):
        Ledger(tmp_path / "bad.sqlite3")


def test_a_run_is_seen_from_another_connection_and_takes_requests(ledger, tmp_path):
    log, other = RunLog(ledger), RunLog(Ledger(tmp_path / "ledger.sqlite3"))
    number = log.start()
    log.pulse(number, Progress("indexing", done=3, total=10))
    assert other.current().progress.done == 3
    assert other.current().pid == os.getpid()
    assert other.request("pause")
    assert log.pulse(number, Progress("paused")) == "pause"
    assert log.pulse(number, Progress("paused")) is None, "a request is heard once"
    log.pulse(number, Progress("done"))
    assert other.current() is None
    assert not other.request("stop")


def test_a_run_whose_process_is_gone_reads_as_interrupted(ledger):
    log = RunLog(ledger)
    log.start()
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    ledger.execute("UPDATE runs SET pid = ?", (gone,))
    assert log.latest().progress.state == "interrupted"
    assert log.current() is None


@given(st.binary(min_size=1, max_size=40).filter(lambda raw: b"\0" not in raw))
def test_any_path_survives_being_text(raw):
    path = Path(os.fsdecode(b"/" + raw))
    text = to_text(path)
    assert text.encode("utf-8")
    assert os.fsencode(to_path(text)) == os.fsencode(path)


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_items_share_an_id_exactly_if_content_and_part_are_equal(one, other):
    one, other = (("0" * 64 + a.replace("/", ""), b) for a, b in (one, other))
    assert (item_id(*one) == item_id(*other)) == (one == other)


class LedgerAgainstADictionary(RuleBasedStateMachine):
    """Whatever order things happen in, the ledger agrees with a plain dictionary."""

    paths = st.sampled_from([f"/f/{name}" for name in ("a", "b", "sub/c", "sub/d", "e")])
    contents = st.sampled_from(["c1", "c2", "c3"])

    @initialize()
    def start(self):
        self.ledger = Ledger(Path(":memory:"))
        self.model = {}

    @rule(path=paths, content=contents)
    def index(self, path, content):
        before = put(self.ledger, source(path), content)
        assert before == (self.model.get(path) if self.model.get(path) != content else None)
        self.model[path] = content

    @rule(path=paths)
    def fail(self, path):
        self.ledger.record_failure(source(path), 1, "broken", transient=False)
        self.model[path] = None

    @rule(path=paths)
    def forget(self, path):
        self.ledger.forget(Path(path))
        self.model.pop(path, None)

    @rule(content=contents)
    def forget_content(self, content):
        self.ledger.forget_content(content)
        self.model = {path: held for path, held in self.model.items() if held != content}

    @invariant()
    def agrees(self):
        if not hasattr(self, "ledger"):
            return
        held = {path: content for path, content in self.model.items() if content is not None}
        assert self.ledger.counts().sources == len(held)
        assert [f.path for f in self.ledger.failures()] == sorted(Path(p) for p, c in self.model.items() if c is None)
        for content in ("c1", "c2", "c3"):
            assert self.ledger.paths_of(content) == sorted(Path(p) for p, c in held.items() if c == content)
        assert set(self.ledger.below(Path("/f/sub"))) == {Path(p) for p in self.model if p.startswith("/f/sub/")}

    def teardown(self):
        if hasattr(self, "ledger"):
            self.ledger.close()


TestLedgerAgainstADictionary = LedgerAgainstADictionary.TestCase
TestLedgerAgainstADictionary.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
