"""How much the performance benchmark measures: the three sizes, and the folders that it makes for each."""

from dataclasses import dataclass
from pathlib import Path

from benchmarks.material import write_pages, write_photographs

__all__ = ["SIZES", "Size", "write_folders"]

_LARGE = (4000, 3000)  # pixels: 12 megapixels
_SMALL = (500, 375)


@dataclass(frozen=True)
class Size:
    """One size of the benchmark. The names say how long it takes on two cores that nobody else uses."""

    name: str
    small: int  # JPEGs of 500x375
    large: int  # JPEGs of 4000x3000
    passages: int
    vectors: int  # of 384 dimensions, in the store that is asked
    repeats: int  # of everything that is compared side by side, taking turns


SIZES = {
    size.name: size
    for size in (
        Size("minute", small=48, large=8, passages=192, vectors=10_000, repeats=1),
        Size("ten-minutes", small=400, large=48, passages=768, vectors=100_000, repeats=3),
        Size("hour", small=2000, large=240, passages=5000, vectors=1_000_000, repeats=5),
    )
}


def write_folders(work: Path, size: Size) -> dict[str, Path]:
    """Name of a folder -> the folder, made unless it is there: "small" and "large" photographs, "pages", and a few to warm up.

    No two of them hold the same bytes, so nothing is recognised as a copy.
    """
    folders = {
        "small": work / f"small-{size.small}",
        "large": work / f"large-{size.large}",
        "pages": work / "pages-8",
        "warm-up": work / "warm-up",
    }
    write_photographs(folders["small"], size.small, _SMALL)
    write_photographs(folders["large"], size.large, _LARGE)
    write_photographs(folders["warm-up"], 8, (400, 300))
    write_pages(folders["pages"], 8)
    return folders
