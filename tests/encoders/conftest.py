"""What the tests of the towers share: photographs from scikit-image."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture(scope="session")
def photographs():
    folder = Path(find_spec("skimage").submodule_search_locations[0]) / "data"
    names = ("astronaut.png", "chelsea.png", "coffee.png", "rocket.jpg", "motorcycle_left.png", "hubble_deep_field.jpg")
    found = {}
    for name in names:
        with Image.open(folder / name) as image:
            found[Path(name).stem] = image.convert("RGB")
    return found
