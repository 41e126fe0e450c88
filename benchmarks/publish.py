"""Fill the tables of the pages from the results: `python -m benchmarks.publish`. A test fails when they differ.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`. `benchmarks/results/FILE.json` is what `benchmarks.FILE --out`
wrote; several tables may be of one.
"""

import json
import re
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.one_list_tables import calibration_table, lists_table, quality_table, relevance_table, ways_table

__all__ = ["PAGES", "filled"]

_ROOT = Path(__file__).parents[1]
PAGES = (_ROOT / "README.md", _ROOT / "docs" / "relevance.md")


def filled(page: str) -> str:
    """The page with every table made anew from its results."""
    for name, (file, table) in _TABLES.items():
        results = json.loads((_ROOT / "benchmarks" / "results" / f"{file}.json").read_text(encoding="utf-8"))
        block = f"<!-- {name} -->\n{table(results)}\n<!-- /{name} -->"
        page = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _, block=block: block, page, flags=re.DOTALL)
    return page


def _main_job(results: Mapping[str, Any]) -> str:
    photos, pages, warm = results["add_photos"], results["add_pages"], results["warm_query_ms"]
    cold = statistics.median(results["cold_query_seconds"])
    machine, many = results["machine"], results["many"]
    few, lot = photos["peak_mb"], many["add_photos"]["peak_mb"]
    rows = [
        ("photographs of 500x375 indexed", f"{photos['indexed'] / photos['seconds']:.0f} a second"),
        ("pages of 500 words indexed", f"{pages['indexed'] / pages['seconds']:.0f} a second"),
        (
            f"a second run over {results['unchanged']['unchanged']:,} unchanged files",
            f"{results['unchanged']['seconds']:.2f} s",
        ),
        ("a query from the command line, in a new process", f"{cold:.1f} s"),
        (f"a query with the library open, {warm['items']:,} items", f"{warm['p50']:.0f} ms (95%: {warm['p95']:.0f} ms)"),
        (f"the same at {many['warm_query_ms']['items']:,} items", f"{many['warm_query_ms']['p50']:.0f} ms"),
        (
            f"peak memory of the indexer, {photos['indexed']:,} and {many['add_photos']['indexed']:,} photographs",
            f"{few['main']:,} and {lot['main']:,} MB ({lot['main'] / few['main'] - 1:+.0%})",
        ),
        (
            "the same with the processes that read files and build the search index",
            f"{few['all']:,} and {lot['all']:,} MB ({lot['all'] / few['all'] - 1:+.0%})",
        ),
    ]
    lines = ["| what | measured |", "|---|---|", *(f"| {what} | {value} |" for what, value in rows)]
    cpu = ", ".join(machine["cpu"]) or "no vector extensions of note"
    lines += ["", f"On {machine['cores']} cores ({machine['architecture']}: {cpu}), shared with others; "
              f"`python -m benchmarks.main_job`, commit {machine['commit']}."]  # fmt: skip
    return "\n".join(lines)


_TABLES: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "main_job": ("main_job", _main_job),
    "quality": ("one_list", quality_table),
    "lists": ("one_list", lists_table),
    "ways": ("one_list", ways_table),
    "relevance": ("one_list", relevance_table),
    "calibration": ("one_list", calibration_table),
}


def main() -> int:
    """Rewrite the pages."""
    for path in PAGES:
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
