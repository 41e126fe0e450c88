"""Fill the tables of the pages from the results: `python -m benchmarks.publish`. A test fails when they differ.

A table stands between `<!-- NAME -->` and `<!-- /NAME -->`. `benchmarks/results/FILE.json` is what `benchmarks.FILE --out`
wrote; several tables may be of one.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.feedback_tables import FEEDBACK_TABLES
from benchmarks.filtered_search_tables import filtered_search_table
from benchmarks.fine_tuning_tables import FINE_TUNING_TABLES
from benchmarks.full_query_tables import full_query_table
from benchmarks.growing_tables import growing_table
from benchmarks.int8_tables import INT8_TABLES
from benchmarks.main_job_tables import main_job_table
from benchmarks.one_list_tables import calibration_table, lists_table, quality_table, relevance_table, ways_table
from benchmarks.performance_tables import PERFORMANCE_TABLES
from benchmarks.picture_extras_tables import heat_line, ocr_line
from benchmarks.quantisation_tables import QUANTISATION_TABLES
from benchmarks.rerank_tables import rerank_table
from benchmarks.runtimes_tables import RUNTIMES_TABLES

__all__ = ["PAGES", "filled", "tables_of"]

_ROOT = Path(__file__).parents[1]
_MARK = re.compile(r"<!-- /(\w+) -->")

_TABLES: dict[str, tuple[str, Callable[[Mapping[str, Any]], str]]] = {
    "main_job": ("main_job", main_job_table),
    "filtered_search": ("filtered_search", filtered_search_table),
    "quality": ("one_list", quality_table),
    "lists": ("one_list", lists_table),
    "ways": ("one_list", ways_table),
    "relevance": ("one_list", relevance_table),
    "calibration": ("one_list", calibration_table),
    "full_query": ("full_query", full_query_table),
    "full_query_large": ("full_query_large", full_query_table),
    "growing": ("growing", growing_table),
    "ocr": ("picture_extras", ocr_line),
    "rerank": ("rerank", rerank_table),
    "heat": ("picture_extras", heat_line),
    **{name: ("feedback", table) for name, table in FEEDBACK_TABLES.items()},
    **{name: ("fine_tuning", table) for name, table in FINE_TUNING_TABLES.items()},
    **{name: ("int8_networks", table) for name, table in INT8_TABLES.items()},
    **{name: ("performance", table) for name, table in PERFORMANCE_TABLES.items()},
    **{name: ("quantisation", table) for name, table in QUANTISATION_TABLES.items()},
    **{name: ("runtimes", table) for name, table in RUNTIMES_TABLES.items()},
}
"""Name of a table -> its results file, and function(results)."""


def tables_of(page: str) -> list[str]:
    """Names of the tables in a page, in order."""
    return _MARK.findall(page)


PAGES = tuple(
    path
    for path in sorted([_ROOT / "README.md", *(_ROOT / "docs").glob("*.md")])
    if tables_of(path.read_text(encoding="utf-8"))
)
"""Every page with a table."""


def filled(page: str) -> str:
    """The page with every table made anew from its results."""
    for name in tables_of(page):
        source, table = _TABLES[name]
        results = json.loads((_ROOT / "benchmarks" / "results" / f"{source}.json").read_text(encoding="utf-8"))
        block = f"<!-- {name} -->\n{table(results)}\n<!-- /{name} -->"
        page = re.sub(rf"<!-- {name} -->.*?<!-- /{name} -->", lambda _, block=block: block, page, flags=re.DOTALL)
    return page


def main() -> int:
    """Rewrite the pages."""
    for path in PAGES:
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
