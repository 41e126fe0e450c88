"""What the command lines of a library share: its options, messages, the progress line."""

import argparse
import sys
from typing import TYPE_CHECKING

from encoders.console import guarded, say
from indexer.home import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from tqdm import tqdm

    from indexer.runs import Progress

__all__ = ["ProgressLine", "add_library_options", "answer", "guarded", "say"]

_SCANNING = "{desc}: {n:,} files"
_WORKING = "{desc} {percentage:3.0f}% |{bar}| {n:,} of {total:,} files{postfix}"


def add_library_options(parser: argparse.ArgumentParser) -> None:
    """--home, --collection, --url, --json: the same words for every command."""
    parser.add_argument("--home", metavar="DIR", help="library folder; default: SKYBRIDGE_HOME, else ~/.skybridge")
    parser.add_argument("--collection", metavar="NAME", help=f"default: {DEFAULT_COLLECTION}")
    parser.add_argument("--url", help="Qdrant server; default: SKYBRIDGE_QDRANT_URL, else the library folder itself")
    parser.add_argument("--json", action="store_true", help="machine-readable result on stdout")


def answer(text: str) -> None:
    """One line to stdout: what a person or a program asked for."""
    sys.stdout.write(text + "\n")


class ProgressLine:
    """A bar with rate and time left where stderr is a terminal; elsewhere a line whenever the work changes."""

    def __init__(self) -> None:
        self._bar: tqdm | None = None
        self._last = ""

    def __enter__(self) -> "ProgressLine":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def show(self, progress: "Progress") -> None:
        """Bring the line up to date."""
        if not sys.stderr.isatty():
            if progress.message != self._last:
                self._last = progress.message
                say(f"{progress.message} ...")
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(dynamic_ncols=True, bar_format=_SCANNING)
        bar = self._bar
        bar.bar_format = _SCANNING if progress.total is None else _WORKING
        bar.total = progress.total
        bar.n = progress.scanned if progress.total is None else progress.done
        bar.set_description_str(progress.message, refresh=False)
        bar.set_postfix_str(_pace(progress), refresh=False)
        bar.refresh()


def _pace(progress: "Progress") -> str:
    """Rate, time left and failures, as the run itself knows them: tqdm would count the scan in."""
    parts = []
    if progress.rate:
        parts.append(f"{progress.rate:,.1f} files/s")
    if progress.eta_seconds is not None:
        minutes, seconds = divmod(round(progress.eta_seconds), 60)
        hours, minutes = divmod(minutes, 60)
        parts.append(f"{f'{hours} h ' if hours else ''}{f'{minutes} min ' if minutes else ''}{seconds} s left")
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    return ", ".join(parts)
