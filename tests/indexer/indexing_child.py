"""Run by test_kill.py in a process of its own: index a folder, telling how far it is, until done or killed."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from indexer import batches, pipeline  # noqa: E402 - the path comes first
from indexer.library import Library  # noqa: E402

from telling import tell  # noqa: E402
from tiny import tiny_encoder  # noqa: E402


def main(home, folder):
    batches._PICTURES = batches._PASSAGES = batches._ITEMS = 5  # many small commits: more places to be killed at
    pipeline._PULSE_SECONDS = 0.05
    with Library(home, encoder=tiny_encoder()) as library:
        library.add([folder], workers=1, on_progress=lambda now: tell(now.state, now.done))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
