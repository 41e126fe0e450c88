"""Networks of towers that misbehave or keep count."""

import numpy as np

from tiny import DIMENSION


class Counting:
    """A network that remembers how many inputs it has seen."""

    def __init__(self, network):
        self.about, self.seen, self._network = network.about, 0, network

    def __call__(self, inputs):
        self.seen += len(inputs)
        return self._network(inputs)


class Constant:
    """A network that has collapsed: every input gets one and the same vector."""

    about = "numpy, for tests"

    def __call__(self, inputs):
        return np.ones((len(inputs), DIMENSION), np.float32)
