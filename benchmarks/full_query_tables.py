"""The table of what a whole question costs beside a bare vector query."""

from collections.abc import Mapping
from typing import Any

__all__ = ["full_query_table"]

_KINDS = {
    "words": "words",
    "name": "a file's name",
    "phrase": "a phrase in quotes, and words",
    "composed": "words, but not others",
    "filter": "words, behind a filter",
    "all": "all of these",
}


def full_query_table(results: Mapping[str, Any]) -> str:
    """Markdown: a row for each kind of question."""
    lines = [
        "| question | bare, median | whole, median | times | bare, 95% | whole, 95% | times | of the exact ten |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind, name in _KINDS.items():
        cells = [name]
        for part in ("p50", "p95"):
            row = results["kinds"][kind][part]
            cells += [f"{row['bare_ms']:.1f} ms", f"{row['whole_ms']:.1f} ms", f"{row['times']:.2f}"]
        cells.append(f"{results['kinds'][kind]['found']:.1%}")
        lines.append(f"| {' | '.join(cells)} |")
    machine = results["machine"]
    cpu = ", ".join(machine["cpu"]) or "no vector extensions of note"
    lines += [
        "",
        f"{results['engine']}, {results['items']:,} items of {results['dimension']} dimensions, a fifth of them pictures,"
        f" {results['queries']} questions of each kind, on {machine['cores']} cores ({machine['architecture']}: {cpu}), shared"
        f" with others; `python -m benchmarks.full_query --items {results['items']}`, commit {machine['commit']}.",
    ]
    return "\n".join(lines)
