"""What all command lines share: a line to stderr, and one way to end, whatever goes wrong."""

import os
import signal
import sys
import threading
from collections.abc import Callable

from encoders.errors import SkybridgeError

__all__ = ["guarded", "say"]

_INTERRUPTED = 128 + signal.SIGINT  # as shells have it


def say(message: str) -> None:
    """One line to stderr."""
    sys.stderr.write(message + "\n")
    sys.stderr.flush()


def guarded(run: Callable[[], int], stopped: str = "stopped.") -> int:
    """Run a command; whatever goes wrong becomes one sentence on stderr, never a traceback.

    The exit code is what `run` returns, 1 after an error, 130 after Ctrl-C or SIGTERM. A KeyboardInterrupt that brings a
    message of its own has it shown in place of `stopped`.
    """
    if threading.current_thread() is threading.main_thread():  # elsewhere signals cannot be taken
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ending politely is one thing, whoever asks
    try:
        code = run()
        sys.stdout.flush()
    except SkybridgeError as error:
        say(f"error: {error}")
    except KeyboardInterrupt as stop:
        say(str(stop) or stopped)
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); Python would complain once more while it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        say(f"error: {error.strerror or error}{f': {error.filename}' if error.filename else ''}")
    else:
        return code
    return 1
