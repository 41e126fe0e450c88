"""`python -m app.samples FOLDER [options of the indexer]`: write the sample library, then index it."""

import os
import sys
from pathlib import Path

from app.samples import write_samples


def main(arguments: list[str]) -> None:
    """Write the files, then become the indexer, so that one process id stands for both."""
    folder, *options = arguments
    write_samples(Path(folder))
    command = [sys.executable, "-m", "indexer", "add", folder, *options]
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main(sys.argv[1:])
