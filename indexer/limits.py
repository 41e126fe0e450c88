"""Bounds that protect the machine from one bad file. A file over a bound is a LimitError: recorded, never half read."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from encoders.errors import LibraryError

__all__ = ["Limits", "limits_from"]

_MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Every bound of reading one file. Whoever calls `load` may pass others.

    >>> Limits(max_pages=10).max_pages
    10
    """

    max_file_bytes: int = 2048 * _MIB  # bytes: larger files are not opened at all
    max_pixels: int = 250_000_000  # pixels of one picture by its header; Pillow holds 4 bytes each
    max_text_bytes: int = 64 * _MIB  # bytes of a plain text, HTML, CSV, JSON or e-mail file, read whole
    max_unpacked_bytes: int = 512 * _MIB  # bytes of a docx, pptx, xlsx or epub unzipped, all parts together
    max_unpack_ratio: int = 200  # unpacked bytes per packed byte of such a file, above 16 MiB unpacked
    max_members: int = 20_000  # files inside such a file
    max_pages: int = 10_000  # pages of a PDF, slides, sheets or chapters
    max_cells: int = 2_000_000  # cells of a spreadsheet or CSV file; an empty row counts as one
    max_text_chars: int = 10_000_000  # characters of text taken from one document
    max_passages: int = 50_000  # passages of one document
    max_depth: int = 200  # levels of nested lists and objects in JSON, of grouped shapes, of e-mail parts
    seconds_per_file: float = 60.0  # seconds one file may take; kept by the pipeline, which ends the worker


def limits_from(settings: Iterable[str]) -> Limits:
    """The default limits, changed by settings like "max_pages=500". Raises LibraryError for one that makes no sense.

    >>> limits_from(["max_pages=500", "seconds_per_file=10"]).max_pages
    500
    """
    changes: dict[str, float] = {}
    kinds = {name: type(default) for name, default in asdict(Limits()).items()}
    for setting in settings:
        name, _, value = setting.partition("=")
        if name not in kinds:
            raise LibraryError(f"{name!r} is not a limit. Limits are: {', '.join(kinds)}.")
        try:
            changes[name] = kinds[name](value)
        except ValueError:
            raise LibraryError(f"the limit {name} needs a number, as in {name}={getattr(Limits, name):g}.") from None
        if not changes[name] > 0:
            raise LibraryError(f"the limit {name} must be more than 0, got {value}.")
    return replace(Limits(), **changes)  # type: ignore[arg-type]  # each of its field's own type
