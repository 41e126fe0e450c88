"""What the command lines share: the options that name a library, messages on stderr, the progress line."""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from encoders.errors import SkybridgeError
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


def say(message: str) -> None:
    """One line to stderr."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def answer(text: str) -> None:
    """One line to stdout: what a person or a program asked for."""
    sys.stdout.write(text + "\n")


def guarded(run: Callable[[], int], stopped: str = "stopped.") -> int:
    """Run a command; whatever goes wrong becomes one sentence on stderr and exit code 1, never a traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ending politely is one thing, whoever asks
    try:
        code = run()
        sys.stdout.flush()
    except SkybridgeError as error:
        say(f"error: {error}")
    except KeyboardInterrupt:
        say(stopped)
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        say(f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    else:
        return code
    return 1


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
