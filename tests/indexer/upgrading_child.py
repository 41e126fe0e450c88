"""Run by test_upgrade_kill.py in a process of its own: build, switch or go back, telling how far it is."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from indexer import library as libraries  # noqa: E402 - the path comes first
from indexer import refill, upgrade  # noqa: E402

from telling import tell  # noqa: E402
from tiny import tiny_models  # noqa: E402


def main(home, verb):
    models = tiny_models()
    libraries.load_encoder = lambda card, cache=None, late=False: models[card]
    refill._PAGE = refill._PICTURES = 3  # many small commits: more places to be killed at
    upgrade._PULSE_SECONDS = 0.02
    with libraries.Library(home) as library:
        work = upgrade.Upgrade(library, workers=1, on_progress=lambda now: tell(now.state, now.done))
        if verb == "build":
            work.build("tiny:2")
        else:
            getattr(work, verb)()
    tell("done", 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
