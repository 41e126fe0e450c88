"""The one error tree of the project.

Libraries raise these and nothing else on purpose; the CLI, the app and the API catch the root and show its message.
Every message says what was wrong, with what, and what to do about it.

    SkybridgeError
    ├── InputError            a query or an item that a tower cannot take (empty text, zero-size picture)
    ├── ModelError            a model that cannot be had: unknown card, missing or damaged weights, no network
    ├── MissingDependency     an optional package is not installed; the message holds the exact pip line
    ├── TrainingError         a training run that had to stop; what is on disk is whole, and the message says how to go on
    ├── FileError             one user's file cannot be read (damaged, encrypted, no permission, unknown format)
    │   └── LimitError        one user's file is over a limit that protects the machine
    ├── StoreError            the store refused or failed
    │   ├── StoreUnavailable  it is away, refuses the key, or answers too late
    │   ├── ItemsGone         items were removed while they were compared
    │   ├── StoreBusy         another process holds it for longer than we were willing to wait
    │   └── SpaceMismatch     stored vectors came from another model; holds both fingerprints and the repair
    └── LibraryError          a request that makes no sense for this library (no such path, collection, date)
"""

__all__ = [
    "FileError",
    "InputError",
    "ItemsGone",
    "LibraryError",
    "LimitError",
    "MissingDependency",
    "ModelError",
    "SkybridgeError",
    "SpaceMismatch",
    "StoreBusy",
    "StoreError",
    "StoreUnavailable",
    "TrainingError",
]


class SkybridgeError(Exception):
    """Root of every error that is meant for a person to read."""


class InputError(SkybridgeError):
    """A query or an item that a tower cannot take."""


class ModelError(SkybridgeError):
    """A model that cannot be had or cannot be trusted."""


class MissingDependency(SkybridgeError):  # noqa: N818 - reads better in a traceback than ...Error
    """An optional package is missing; the message holds the pip line that installs it."""

    def __init__(self, package: str, purpose: str, requirement: str | None = None) -> None:
        super().__init__(f"{purpose} needs the package {package}. Install it with: pip install {requirement or package}")


class TrainingError(SkybridgeError):
    """A training run had to stop: out of memory, numbers that are none, asked to."""


class FileError(SkybridgeError):
    """One user's file cannot be read."""


class LimitError(FileError):
    """One user's file is over a limit that protects the machine."""


class StoreError(SkybridgeError):
    """The vector store refused or failed."""


class StoreUnavailable(StoreError):  # noqa: N818
    """The store is away, refuses the key, or answers too late."""


class ItemsGone(StoreError):  # noqa: N818
    """Items were removed between two requests of one search. Whoever asks again gets an answer."""


class StoreBusy(StoreError):  # noqa: N818
    """Another process holds the collection for longer than we were willing to wait."""


class SpaceMismatch(StoreError):  # noqa: N818
    """The stored vectors came from another model than the one in hand."""


class LibraryError(SkybridgeError):
    """A request that makes no sense for this library."""
