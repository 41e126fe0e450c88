"""A reader of words that loads nothing: it stands in for RapidOCR in the worker process, which imports it from here."""

import os
import time
from pathlib import Path

from indexer.loaders import hash_file
from indexer.workers import Failed

__all__ = ["SLOW", "read_names"]

SLOW = "SKYBRIDGE_TEST_SECONDS_A_PICTURE"


def read_names(job, limits):
    """The words in a picture are its name; a picture called "plain" holds none, one called "broken" cannot be read."""
    time.sleep(float(os.environ.get(SLOW, "0")))
    path = next((path for path in job.places if Path(path).is_file() and hash_file(path) == job.content), None)
    if path is None:
        return Failed("it is away", transient=True)
    if path.stem == "broken":
        return Failed("it is broken", transient=False)
    return "" if path.stem == "plain" else f"the words in {path.stem}"
