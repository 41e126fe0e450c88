"""Run by test_ocr_run.py in a process of its own, to be killed: reads slowly and tells how far it is."""

import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from ocr_cases import SLOW, read_names  # noqa: E402 - the path comes first

from indexer import ocr_run  # noqa: E402
from indexer.library import Library  # noqa: E402

from telling import tell  # noqa: E402


def main(home):
    os.environ[SLOW] = "0.1"
    ocr_run._SECONDS = 0.2
    ocr_run._PULSE_SECONDS = 0.02
    with Library(home) as library:
        ocr_run.OcrRun(library, reader=read_names, on_progress=lambda now: tell(now.done)).run()


if __name__ == "__main__":
    main(sys.argv[1])
