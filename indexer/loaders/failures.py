"""The one place where whatever a decoding library throws becomes our error, with the library's reason in short."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from encoders.errors import FileError, LimitError, SkybridgeError

__all__ = ["mute_decoders", "one_error_tree", "printable", "short_reason"]

_LONGEST_REASON = 160  # characters


def printable(text: str) -> str:
    r"""Text that any terminal and any JSON can hold: lone surrogates and control characters become '\ufffd'.

    >>> printable("caf\udce9") == "caf\ufffd"
    True
    """
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def short_reason(error: BaseException) -> str:
    """What a library said, on one short line; its type where it said nothing."""
    said = printable(" ".join(str(error).split()))
    if not said or isinstance(error, KeyError | IndexError | AttributeError):
        said = f"{type(error).__name__} {said}".strip()
    return said if len(said) <= _LONGEST_REASON else said[: _LONGEST_REASON - 1] + "…"


@contextmanager
def one_error_tree(name: str, quiet: bool = False) -> Iterator[None]:
    """Let only FileError and LimitError out of the body. `quiet` mutes warnings, for the whole process while it lasts."""
    name = printable(name)
    try:
        if quiet:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        else:
            yield
    except FileError:
        raise
    except SkybridgeError as error:
        raise FileError(f"{name} cannot be read: {error}") from error
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise FileError(f"{name} needs the package {package}. Install it with: pip install {package}") from error
    except MemoryError as error:
        raise LimitError(f"{name} needs more memory than there is") from error
    except RecursionError as error:
        raise LimitError(f"{name} is nested too deeply to be read") from error
    except Exception as error:
        raise FileError(f"{name} is damaged or not what its name says: {short_reason(error)}") from error


def mute_decoders() -> None:
    """Send this process's standard error to nowhere, for good: for worker processes.

    libtiff, LibRaw and libjpeg write remarks about damaged files straight to file descriptor 2, past Python.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
