"""What a command loads: nothing that it does not need, and a model once."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from encoders.plans import LateNetwork
from indexer.library import Library
from search import open_library

ROOT = Path(__file__).parents[1]
NOT_TO_ASK = {"matplotlib", "open_clip", "pandas", "scipy", "sentence_transformers", "skimage", "streamlit", "timm", "torch",
              "torchvision", "transformers", "qdrant_client"}  # fmt: skip

ASK = """
import builtins, json, runpy, sys
import encoders.runtime as runtime
opened, real = [], runtime.open_network
import encoders.plans as plans
plans.open_network = lambda blueprint, cache: (opened.append(blueprint.name), real(blueprint, cache))[1]
try:
    runpy.run_module("search", run_name="__main__")
except SystemExit as end:
    print("TOLD", json.dumps([end.code, sorted({name.partition(".")[0] for name in sys.modules}), opened]))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory, networks, starter):
    """A library of the default model with a picture and a note."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("files")
    Image.new("RGB", (64, 48), (200, 30, 30)).save(folder / "red.png")
    (folder / "note.txt").write_text("Remember to water the tomatoes in the garden.")
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(networks, home / "models")
    with Library(home, encoder=starter) as library:
        assert library.add([folder], workers=1).indexed == 2
    return home


def ask(home, *arguments):
    """Exit code, modules at the end, networks opened, hits of `python -m search ARGUMENTS`."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SKYBRIDGE_")}
    command = [sys.executable, "-c", ASK, *map(str, arguments), "--home", str(home), "--json"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    *hits, told = done.stdout.splitlines()
    code, modules, opened = json.loads(told.removeprefix("TOLD "))
    return code, set(modules), opened, json.loads("".join(hits))


def test_a_question_in_words_loads_no_framework_and_only_the_network_for_words(home):
    code, modules, opened, hits = ask(home, "tomatoes")
    assert (code, len(hits)) == (0, 2)
    assert "openvino" in modules, "this test is about the path without torch"
    assert modules & NOT_TO_ASK == set()
    assert opened == ["minilm"]


def test_a_question_with_a_picture_opens_the_other_network(home, tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 48), (210, 30, 30)).save(tmp_path / "asked.png")
    code, modules, opened, _ = ask(home, "--image", tmp_path / "asked.png")
    assert code == 0
    assert modules & NOT_TO_ASK == set()
    assert opened == ["starter-image"]


def test_a_model_is_loaded_once_whatever_is_asked(home, monkeypatch):
    loaded = []
    from encoders.loading import load_encoder

    def load(card, cache=None, late=False):
        loaded.append((card, late))
        return load_encoder(card, cache, late=late)

    monkeypatch.setattr("indexer.library.load_encoder", load)
    opened = []
    open_it = LateNetwork._opened

    def counted(network):
        if network._network is None:
            opened.append(network)
        return open_it(network)

    monkeypatch.setattr(LateNetwork, "_opened", counted)
    with open_library(home) as library:
        for text in ("tomatoes", "something red", "tomatoes"):
            assert library.search(text)
        assert library.space().encoder is library.encoder
    assert loaded == [("starter", True)]
    assert len(opened) == 1
