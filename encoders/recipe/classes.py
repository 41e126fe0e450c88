"""The 1,000 classes of the picture network, as texts: what ConSE and the prototypes say in words."""

import csv
from collections.abc import Callable, Sequence

import numpy as np

from encoders.packaged import package_folder
from encoders.vectors import Vectors, unit_rows

__all__ = ["class_synsets", "class_texts", "class_vectors"]


def class_synsets() -> list[str]:
    """WordNet's name of each class, "n01440764", in the order of the network's outputs."""
    folder = package_folder("timm", "timm", "the starter's recipe") / "data" / "_info"
    return (folder / "imagenet_synsets.txt").read_text(encoding="utf-8").split()


def class_texts() -> list[tuple[str, ...]]:
    """Texts for each of the 1,000 classes, in the order of the network's outputs: names, then a definition.

    Read from timm's data files without importing timm, which takes seconds. Raises MissingDependency without timm.
    """
    folder = package_folder("timm", "timm", "the starter's recipe") / "data" / "_info"

    def table(name: str) -> dict[str, str]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return {row[0]: row[1] for row in csv.reader(file, delimiter="\t")}

    names, definitions = table("imagenet_synset_to_lemma.txt"), table("imagenet_synset_to_definition.txt")
    return [
        (*(name.strip() for name in names[synset].split(",")), f"{names[synset]}: {definitions[synset]}")
        for synset in class_synsets()
    ]


def class_vectors(encode: Callable[[Sequence[str]], Vectors]) -> Vectors:
    """(1000, d) float32 unit rows: half the mean of a class's names, half its definition.

    Tried on 21 photographs with a caption each and on 680 emoji with their names (text to picture, mean reciprocal rank),
    by ConSE alone:

        top 10, a class is the mean of its names (as Norouzi et al. have it)  .56  .101
        the same, "a photo of a ..."                                         .58  .102
        a class is half its names, half its definition                       .65  .115
        the same, top 20                                                     .70  .120
        the same, top 20, temperature 1.5                                    .78  .131   <- this one
        the same, top 50, temperature 1.5                                    .77  .136
        the same, top 100, temperature 2                                     .70  .127
    """
    texts = class_texts()
    encoded = iter(encode([text for group in texts for text in group]))
    rows = []
    for group in texts:
        *names, definition = (next(encoded) for _ in group)
        rows.append(unit_rows([np.mean(names, axis=0)])[0] + definition)
    return unit_rows(rows)
