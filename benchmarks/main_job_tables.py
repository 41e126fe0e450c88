"""The table of the main job."""

import statistics
from collections.abc import Mapping
from typing import Any

__all__ = ["main_job_table"]


def main_job_table(results: Mapping[str, Any]) -> str:
    """Markdown: a row for each thing that was measured."""
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
