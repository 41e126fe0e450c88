"""Examples in docstrings are run."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules():
    for room in ("encoders", "indexer", "search"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if ">>>" in path.read_text(encoding="utf-8"):
                yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("name", list(modules()))
def test_examples(name):
    module = importlib.import_module(name)
    results = doctest.testmod(module, extraglobs={"Path": Path})
    assert results.attempted, "an example that is not found is not an example"
    assert results.failed == 0
