import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from encoders.errors import ModelError
from encoders.hub import from_hub, is_reachable


@pytest.fixture
def hub():
    """A real server on this machine that answers everything with 404."""

    class Answers(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(404)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_any_answer_means_reachable(hub):
    assert is_reachable(hub)


def test_closed_port_and_nonsense_are_not_reachable():
    assert not is_reachable("http://127.0.0.1:9")
    assert not is_reachable("nonsense")


def test_server_that_never_answers_is_given_up():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert not is_reachable(f"http://127.0.0.1:{silent.getsockname()[1]}", deadline_s=0.2)


def test_cache_is_asked_first_and_alone(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    assert from_hub(lambda: constants.HF_HUB_OFFLINE, "the model") is True
    assert constants.HF_HUB_OFFLINE is False


def test_network_is_used_when_the_cache_has_nothing(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setenv("HF_ENDPOINT", hub)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)

    def fetch():
        if constants.HF_HUB_OFFLINE:
            raise FileNotFoundError("not in the cache")
        return "downloaded"

    assert from_hub(fetch, "the model") == "downloaded"


def test_failed_download_tells_the_hub_s_reason(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)

    def fetch():
        raise PermissionError("this repository is gated\nmore lines")

    with pytest.raises(ModelError, match=r"the model could not be downloaded: this repository is gated What works offline"):
        from_hub(fetch, "the model")


def test_being_told_to_stay_offline_is_respected(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)

    def fetch():
        raise FileNotFoundError("not in the cache")

    with pytest.raises(ModelError, match="HF_HUB_OFFLINE forbids a download"):
        from_hub(fetch, "the model")
