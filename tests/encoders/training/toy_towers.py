"""Towers so small that a run takes a second, and pairs that can be learned: "q3 q7" is answered by "i3 i7".

Words become columns of a bag, so that what is learned of a word serves pairs that were never seen. A picture is a file
that holds words.
"""

from itertools import combinations
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

from encoders.errors import FileError
from encoders.training.config_file import parse_config
from encoders.training.pairs import Pair, PairSet

WORDS = 10


class Network(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(2 * WORDS, 24), nn.Tanh(), nn.Dropout(dropout))
        self.head = nn.Linear(24, 16)


class ToyTower:
    def __init__(self, name, modality, learns, dropout=0.0):
        self.name, self.modality, self.dimension = name, modality, 16
        self.learns, self.dropout = learns, dropout
        self.calls = []  # (how many contents went through the trunk, whether to learn from them), each time
        self._module = None

    @property
    def seen(self):
        """How many contents went through the trunk in all."""
        return sum(number for number, _ in self.calls)

    @property
    def learned_from(self):
        """How many contents were learned from at a time, each number once."""
        return {number for number, learns in self.calls if learns}

    @property
    def module(self):
        if self._module is None:
            self._module = Network(self.dropout).requires_grad_(self.learns)
        return self._module

    def inputs(self, contents, rng=None):
        bags = torch.zeros(len(contents), 2 * WORDS)
        for bag, content in zip(bags, contents, strict=True):
            for word in _words(content):
                bag[int(word[1:]) + (WORDS if word[0] == "i" else 0)] = 1.0
        if rng is not None and self.modality == "image":
            bags += torch.from_numpy(rng.normal(0, 0.05, bags.shape)).float()
        return (bags,)

    def features(self, bags):
        self.calls.append((len(bags), self.module.training and torch.is_grad_enabled()))
        return self.module.trunk(bags)

    def project(self, features):
        return functional.normalize(self.module.head(features), dim=-1)

    def trunk_blueprint(self, mark):
        return None


def _words(content):
    if isinstance(content, str):
        return content.split()
    try:
        return content.read_text().split()
    except OSError as error:
        raise FileError(f"{content} cannot be read as a picture: {error.strerror}") from error


class ToyEncoder:
    """Text queries; texts and pictures as items. `train` as in the settings."""

    spec = "toy"

    def __init__(self, train="both", dropout=0.0):
        self.query = ToyTower("query.text", "text", train in ("query", "both"), dropout)
        self.text = ToyTower("candidate.text", "text", train in ("candidate", "both"), dropout)
        self.image = ToyTower("candidate.image", "image", train in ("candidate", "both"), dropout)
        self.towers = {("query", "text"): self.query, ("candidate", "text"): self.text, ("candidate", "image"): self.image}
        self.about = None

    def save(self, folder, about):
        self.about = about
        used = {tower.name: tower.module for tower in self.towers.values() if tower._module is not None}
        tensors = {f"{name}/{one}": t.contiguous() for name, module in used.items() for one, t in module.state_dict().items()}
        save_file(tensors, folder / "model.safetensors")


def toy_pairs(folder=None, name="toy"):
    """45 pairs; with a folder, the items are files in it."""
    pairs = []
    for one, other in combinations(range(WORDS), 2):
        item = f"i{one} i{other}"
        if folder is not None:
            path = Path(folder) / f"{one}-{other}.png"
            path.write_text(item)
            item = path
        pairs.append(Pair(f"q{one} q{other}", item, f"{one}-{other}"))
    return PairSet(name, tuple(pairs))


def toy_config(out, **sections):
    """Settings of a short run on all of the network; sections change it."""
    base = {
        "model": {"train": "both", "learn": "full"},
        "optimiser": {"learning_rate": 0.02, "batch_size": 16, "epochs": 4, "precision": "f32", "patience": 0},
        "run": {"out": str(out)},
    }
    return parse_config({name: {**base.get(name, {}), **sections.get(name, {})} for name in {**base, **sections}})


EVERYTHING = {
    "loss": {"logq": "corrected", "frequencies": "streaming", "matryoshka": [8]},
    "negatives": {"extra": 5, "queue": 20, "queue_warm_up": 2, "hard": 2, "online": 12},
    "optimiser": {"learning_rate": 0.02, "micro_batch": 5, "epochs": 4},
    "data": {"augment": True},
}
"""Settings that use all that has a state of its own."""
