"""A server that is away, refuses, stumbles, hangs, or is none: played by a small HTTP server."""

import contextlib
import json
import socket
import threading
import time
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from store_cases import MANIFEST, make_ids, make_rows

from encoders.errors import StoreError, StoreUnavailable
from indexer.store import link, list_collections, open_store
from indexer.store.server import ServerStore

BROKEN = (500, {"status": {"error": "Service internal error: disk full"}, "time": 0})
MISSING = (404, {"status": {"error": "Not found: Collection `c` doesn't exist!"}, "time": 0})
EMPTY = (200, {"result": {"collections": []}, "status": "ok", "time": 0})
DONE = (200, {"result": {"operation_id": 1, "status": "completed"}, "status": "ok", "time": 0})
COLLECTION = (
    200,
    {
        "result": {
            "status": "green",
            "optimizer_status": "ok",
            "segments_count": 1,
            "points_count": 0,
            "payload_schema": {},
            "config": {
                "params": {"vectors": {"starter": {"size": 8, "distance": "Cosine"}}},
                "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
                "optimizer_config": {
                    "deleted_threshold": 0.2,
                    "vacuum_min_vector_number": 1000,
                    "default_segment_number": 0,
                    "flush_interval_sec": 5,
                },
                "metadata": {"skybridge_manifest": json.dumps(MANIFEST.to_dict())},
            },
        },
        "status": "ok",
        "time": 0,
    },
)


class Script(ThreadingHTTPServer):
    """Answers requests with the given answers in turn, the last one for ever after."""

    daemon_threads = True

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
        super().__init__(("127.0.0.1", 0), Reader)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request, client_address):
        """A client that gave up waiting is no news."""


class Reader(BaseHTTPRequestHandler):
    def answer(self):
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(size)
        self.server.asked.append((self.command, self.path, self.headers.get("api-key"), body))
        answers = self.server.answers
        status, content = answers.pop(0) if len(answers) > 1 else answers[0]
        if status == "hang":
            time.sleep(content)
            return
        if status == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        if status == 429:
            self.send_header("retry-after", "0")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = answer

    def log_message(self, *_):
        """Tests are quiet."""


@contextlib.contextmanager
def served(*answers):
    script = Script(list(answers))
    thread = threading.Thread(target=script.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        script.shutdown()
        thread.join()
        script.server_close()


def store_at(script, **options):
    return ServerStore("c", script.url, **({"timeout": 1.0, "patience": 3.0} | options))


@pytest.mark.parametrize("stumble", [BROKEN, (429, {}), (503, b"<html>no backend</html>"), ("cut", None), ("hang", 1.5)])
def test_a_stumble_is_retried(stumble):
    with served(stumble, stumble, MISSING) as script:
        told = []
        store = store_at(script, patience=20.0, on_wait=told.append)
        assert store.manifest() is None
        assert len(script.asked) == 3
        assert len(told) == 1, "that it has to wait is said once"
        assert "trying again" in told[0]
        store.close()


def test_a_write_is_repeated_with_the_same_ids():
    with served(COLLECTION, BROKEN, ("cut", None), DONE) as script:
        store = store_at(script, patience=20.0)
        store.upsert(make_ids(2), make_rows(2), [{"bytes": 1}, {"bytes": 2}])
        store.close()
        _, *writes = script.asked
    assert len(writes) == 3
    assert len(set(writes)) == 1
    assert writes[0][:2] == ("PUT", "/collections/c/points?wait=true")
    assert [point["id"] for point in json.loads(writes[0][3])["points"]] == make_ids(2)


class Naps:
    """Stands in for the module `time`: only naps pass, however long a busy machine takes to answer."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def test_patience_ends(monkeypatch):
    naps = Naps()
    monkeypatch.setattr(link, "time", naps)
    with served(BROKEN) as script:
        store = store_at(script, patience=5.0)
        with pytest.raises(StoreUnavailable, match="500: Service internal error: disk full") as caught:
            store.manifest()
        store.close()
        assert script.url in str(caught.value)
        assert len(script.asked) > 3
    assert naps.now == pytest.approx(5.0)


def test_nobody_listens():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        store = ServerStore("c", url, patience=0.5)
        with pytest.raises(StoreUnavailable, match="cannot be reached") as caught:
            store.count()
        store.close()
    assert url in str(caught.value)


def test_too_late():
    with served(("hang", 1.5)) as script:
        store = store_at(script, patience=0.1)
        with pytest.raises(StoreUnavailable, match="answers too late"):
            store.info()
        store.close()


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_told_at_once_and_never_printed(status, monkeypatch):
    monkeypatch.setenv("SKYBRIDGE_QDRANT_API_KEY", "a-secret")
    with served((status, b"Must provide an API key")) as script, warnings.catch_warnings():
        warnings.simplefilter("error")
        store = store_at(script)
        with pytest.raises(StoreUnavailable, match="SKYBRIDGE_QDRANT_API_KEY") as caught:
            store.manifest()
        store.close()
        assert len(script.asked) == 1
        assert script.asked[0][2] == "a-secret"
    assert "a-secret" not in str(caught.value)


def test_a_key_that_is_given_wins(monkeypatch):
    monkeypatch.setenv("SKYBRIDGE_QDRANT_API_KEY", "other")
    with served(EMPTY) as script:
        assert list_collections(script.url, "mine") == []
        assert script.asked[0][2] == "mine"


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"<html>hello</html>"),
        (200, {"hello": "world"}),
        (404, b"<html>no such page</html>"),
        (404, {"detail": "Not Found"}),
        (302, b""),
    ],
)
def test_what_is_not_qdrant_is_told_at_once(answer):
    with served(answer) as script:
        store = store_at(script)
        with pytest.raises(StoreUnavailable, match="not a Qdrant server"):
            store.manifest()
        store.close()
        assert len(script.asked) == 1


@pytest.mark.parametrize("url", ["", "ftp://there", "http://", "http://[", "http://host:port"])
def test_an_address_that_is_none(url, tmp_path):
    store = ServerStore("c", url, patience=0.2)
    with pytest.raises(StoreUnavailable):
        store.manifest()
    store.close()


def test_a_refusal_is_a_store_error_in_the_servers_words():
    refusal = (400, {"status": {"error": "Wrong input: Vector dimension error"}, "time": 0})
    with served(COLLECTION, refusal) as script:
        store = store_at(script)
        with pytest.raises(StoreError, match="Vector dimension error") as caught:
            store.upsert(make_ids(1), make_rows(1), [{}])
        assert not isinstance(caught.value, StoreUnavailable)
        store.close()


def test_a_collection_that_vanishes_under_us():
    with served(COLLECTION, DONE, MISSING) as script:
        store = store_at(script)
        store.upsert(make_ids(1), make_rows(1), [{}])
        with pytest.raises(StoreError, match="there is no collection 'c'"):
            store.search(make_rows(1)[0], 1)
        store.close()


def test_our_collections_are_told_from_others():
    named = {"result": {"collections": [{"name": "c"}]}, "status": "ok", "time": 0}
    foreign = json.loads(json.dumps(COLLECTION[1]))
    foreign["result"]["config"]["metadata"] = None
    for state, ours in ((COLLECTION[1], ["c"]), (foreign, [])):
        with served((200, named), (200, state)) as script:
            assert list_collections(script.url) == ours


def test_open_store_asks_nothing_yet(tmp_path):
    with served(MISSING) as script:
        store = open_store(tmp_path, "c", script.url)
        assert script.asked == []
        store.close()
