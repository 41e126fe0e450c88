"""The command that reads the words inside pictures: read."""

import argparse
import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from indexer.console import ProgressLine, add_library_options, answer, say

if TYPE_CHECKING:
    from indexer.library import Library
    from indexer.limits import Limits
    from indexer.ocr_run import OcrReport

__all__ = ["add_read_command", "read_words", "require_reading", "tell_reading"]

Command = Callable[[str, Callable[[argparse.Namespace], int], str], argparse.ArgumentParser]
Opening = Callable[[argparse.Namespace], "Library"]


def add_read_command(command: Command, opening: Opening) -> None:
    """Add `read` to a command line. `command(name, run, about)` adds one; `opening(options)` opens the library."""
    read = command(
        "read",
        partial(_read, opening),
        "Read the words inside pictures, so that they can be found; only those that were not read yet.",
    )
    read.add_argument("--retry-failed", action="store_true", help="try pictures again that failed before")
    read.add_argument(
        "--limit", action="append", default=[], metavar="NAME=NUMBER", help="another limit for a file; see docs/files.md"
    )
    add_library_options(read)


def require_reading() -> None:
    """Raise MissingDependency, with the pip line, where pictures cannot be read for words."""
    from indexer.ocr import require_ocr

    require_ocr()


def _read(opening: Opening, options: argparse.Namespace) -> int:
    from indexer.limits import limits_from

    with opening(options) as library:
        report = read_words(library, limits_from(options.limit), options.retry_failed)
    if options.json:
        answer(json.dumps(asdict(report)))
    else:
        tell_reading(report)
    return 1 if report.state == "stopped" else 0


def read_words(library: "Library", limits: "Limits", retry_failed: bool) -> "OcrReport":
    """Read what is left, with a progress bar; notes go to stderr."""
    from indexer.ocr_run import OcrRun

    with ProgressLine() as line:
        report = OcrRun(library, limits=limits, retry_failed=retry_failed, on_progress=line.show).run()
    for note in report.notes:
        say(note)
    return report


def tell_reading(report: "OcrReport") -> None:
    """For people."""
    what = "Stopped" if report.state == "stopped" else "Done"
    answer(
        f"{what} in {report.seconds:.1f} s: {report.read:,} pictures read, {report.with_words:,} of them hold words, "
        f"{report.failed:,} failed, {report.left:,} left."
    )
    if report.failed:
        answer("Which failed, and why: python -m indexer failures")
