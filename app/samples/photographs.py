"""Photographs of the sample library, from packages that are installed anyway. Nothing here is stored in our sources.

scikit-image and scikit-learn ship these pictures inside their wheels, in the public domain or under CC0 or CC BY (their
README files name the photographers).
"""

from importlib.util import find_spec
from pathlib import Path

__all__ = ["photographs"]

_PICTURES = {
    ("skimage", "data/astronaut.png"): "astronaut.png",
    ("skimage", "data/coffee.png"): "cup of coffee.png",
    ("skimage", "data/motorcycle_left.png"): "motorcycle in a garage.png",
    ("skimage", "data/rocket.jpg"): "rocket on the launch pad.jpg",
    ("skimage", "data/camera.png"): "photographer.png",
    ("skimage", "data/hubble_deep_field.jpg"): "galaxies.jpg",
    ("sklearn", "datasets/images/china.jpg"): "temple in china.jpg",
    ("sklearn", "datasets/images/flower.jpg"): "flower.jpg",
}


def photographs() -> dict[str, Path]:
    """Good file name -> where the picture lies; a picture whose package is missing is left out."""
    found = {}
    for (package, inside), name in _PICTURES.items():
        spec = find_spec(package)
        if spec is not None and spec.origin is not None:
            path = Path(spec.origin).parent / inside
            if path.is_file():
                found[name] = path
    return found
