"""Fill the tables of the pages from the results: `python -m benchmarks.publish`. A test fails when they differ.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`; `benchmarks/results/*.json` are what the benchmarks wrote with
`--out`.
"""

import json
import re
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.feedback_tables import FEEDBACK_TABLES
from benchmarks.fine_tuning_tables import FINE_TUNING_TABLES

__all__ = ["PAGES", "filled", "tables_of"]

_ROOT = Path(__file__).parents[1]
PAGES = tuple(_ROOT / page for page in ("README.md", "docs/fine_tuning.md", "docs/filters.md", "docs/feedback.md"))


def filled(page: str) -> str:
    """The page with every table made anew from its results."""
    for name in tables_of(page):
        source, table = _TABLES[name]
        results = json.loads((_ROOT / "benchmarks" / "results" / f"{source}.json").read_text(encoding="utf-8"))
        block = f"<!-- {name} -->\n{table(results)}\n<!-- /{name} -->"
        page = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _, block=block: block, page, flags=re.DOTALL)
    return page


def tables_of(page: str) -> list[str]:
    """Names of the tables that stand in a page."""
    return [name for name in _TABLES if f"<!-- {name} -->" in page]


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


def _filtered_search(results: Mapping[str, Any]) -> str:
    plain, machine = results["unfiltered"], results["machine"]
    lines = ["| filter | items that pass | median | 95% | against no filter | recall@10 |", "|---|---|---|---|---|---|"]
    lines.append(
        f"| none | {results['items']:,} | {plain['p50_ms']:.1f} ms | {plain['p95_ms']:.1f} ms | 1 | {plain['recall']:.3f} |"
    )
    for row in results["filtered"]:
        lines.append(
            f"| {_FILTERED[row['filter']]} | {row['items']:,} | {row['p50_ms']:.1f} ms | {row['p95_ms']:.1f} ms"
            f" | {row['times_unfiltered']:.2f} | {row['recall']:.3f} |"
        )
    facets = results["facets_ms"]
    cpu = ", ".join(machine["cpu"]) or "no vector extensions of note"
    lines += [
        "",
        f"All facets counted: {facets['everything']:.0f} ms over everything, {facets['tenth']:.0f} ms over a tenth,"
        f" {facets['hundredth']:.0f} ms over a hundredth.",
        "",
        f"{results['engine']}, {results['items']:,} vectors of {results['dimension']} dimensions in clusters of 100,"
        f" {results['queries']} queries, on {machine['cores']} cores ({machine['architecture']}: {cpu}), shared with others;"
        f" `python -m benchmarks.filtered_search --items {results['items']}`, commit {machine['commit']}.",
    ]
    return "\n".join(lines)


_FILTERED = {"keyword": "keyword, by chance", "dates": "span of dates, by chance", "folder": "folder of whole clusters"}
_TABLES: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "main_job": ("main_job", _main_job),
    "filtered_search": ("filtered_search", _filtered_search),
    **{name: ("feedback", table) for name, table in FEEDBACK_TABLES.items()},
    **{name: ("fine_tuning", table) for name, table in FINE_TUNING_TABLES.items()},
}
"""Name of a table -> its results file, and function(results)."""


def main() -> int:
    """Rewrite the pages."""
    for path in PAGES:
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
