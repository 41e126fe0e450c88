"""Fixtures that every room's tests share."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from encoders import load_encoder

from tiny import COLOURS, tiny_encoder

# A busy machine is no defect: no test depends on a timer.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def networks(tmp_path_factory):
    """One folder of exported networks for all tests: exporting takes half a minute."""
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="session")
def starter(networks):
    """The real default model."""
    return load_encoder("starter", networks)


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A library folder of one's own; nothing of the machine's settings shines through."""
    monkeypatch.delenv("SKYBRIDGE_QDRANT_URL", raising=False)
    monkeypatch.setenv("SKYBRIDGE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def encoder():
    return tiny_encoder()


@pytest.fixture
def write_picture():
    """Write a picture of one colour with a little noise, so that no two files have the same bytes."""

    def write(path, colour, seed=0, size=(40, 30)):
        noise = np.random.default_rng([seed, *path.name.encode()]).integers(-4, 5, (size[1], size[0], 3))
        pixels = np.clip(np.array(COLOURS[colour]) + noise, 0, 255).astype(np.uint8)
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
        return path

    return write


@pytest.fixture
def files(tmp_path, write_picture):
    """A small mixed folder."""
    folder = tmp_path / "files"
    for colour in ("red", "green", "blue"):
        write_picture(folder / "pictures" / f"{colour}.png", colour)
    write_picture(folder / "pictures" / "deep" / "yellow.jpg", "yellow")
    notes = folder / "notes"
    notes.mkdir()
    (notes / "harbour.txt").write_text("The harbour is quiet at night.\n")
    (notes / "recipe.md").write_text("# Pancakes\n\nFlour, milk and eggs make pancakes.\n")
    return folder
