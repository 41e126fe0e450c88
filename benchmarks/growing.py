"""What adding 1,000 photographs costs a large library, beside an empty one.

    python -m benchmarks.growing --work DIR --items 1000000 --out benchmarks/results/growing.json

`python -m indexer add` of a folder of photographs, start of the process and end of the search index included, into a library
that holds so many items already and into one that holds none; then once more, when nothing has changed. Both take turns. Each
turn has photographs of its own, and so the large library grows a little from turn to turn. The library is made in DIR, unless
it is there (`benchmarks.full_library`): more than half an hour for 1,000,000 items.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.full_library import fill_library, read_material
from benchmarks.machine import describe_machine
from benchmarks.material import write_photographs
from benchmarks.performance_cost import compiling, cost_of, cost_of_command
from benchmarks.performance_folders import fresh_home
from encoders import load_encoder
from search import SearchLibrary

__all__ = ["main"]

_HEIGHT = 375  # pixels; of each turn one more, so that no two turns have a picture in common
_WARM_UP = 8


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the library, add in turns, print, write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growing", description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="where the library is, or will be")
    parser.add_argument("--items", type=int, default=1_000_000, help="in the large library")
    parser.add_argument("--files", type=int, default=1000, help="added in each turn")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    options = parser.parse_args(arguments)
    work, collection = options.work.resolve(), f"items-{options.items}"
    home = work / "home"
    made = _make(work, collection, options.items)
    few = _photographs(work, 0, _WARM_UP)
    for library, within in ((fresh_home(work, "empty"), "main"), (home, collection)):
        _add(library, within, few, work)  # networks exported, bytecode written
    turns: dict[str, list[Any]] = {name: [] for name in ("empty", "large", "empty, nothing new", "large, nothing new")}
    first = len(list(work.glob("added-*")))  # an earlier run has added its own
    for number in range(first, first + options.turns):
        folder = _photographs(work, number, options.files)
        places = [("empty", fresh_home(work, "empty"), "main"), ("large", home, collection)]
        for name, library, within in places if number % 2 else reversed(places):
            turns[name].append(_add(library, within, folder, work))
            turns[f"{name}, nothing new"].append(_add(library, within, folder, work))
            print(number, name, json.dumps(turns[name][-1]), json.dumps(turns[f"{name}, nothing new"][-1]), flush=True)
    results = {"machine": describe_machine(), "items": options.items, "files": options.files, "made": made, "turns": turns}
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def _make(work: Path, collection: str, items: int) -> dict[str, Any]:
    """The large library, and what making it cost, empty where it was there."""
    encoder = load_encoder("starter", cache=work / "models")
    made: dict[str, Any] = {}
    with SearchLibrary(work / "home", collection, encoder=encoder) as library:
        if library.store.manifest() is None or library.store.count() < items:  # not there, or cut short
            material = read_material(work, encoder)
            made["filled"] = cost_of(lambda: fill_library(library, encoder, material, items))
        if library.store.info().exact:
            made["built"] = cost_of(library.store.build_index)
    return made


def _photographs(work: Path, number: int, count: int) -> Path:
    folder = work / f"added-{number}"
    write_photographs(folder, count, (500, _HEIGHT + number))
    return folder


def _add(home: Path, collection: str, folder: Path, work: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "indexer", "add", str(folder), "--home", str(home), "--collection", collection]
    return cost_of_command(command, compiling(work), work)


if __name__ == "__main__":
    sys.exit(main())
