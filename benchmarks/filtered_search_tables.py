"""The table of what a filter costs."""

from collections.abc import Mapping
from typing import Any

__all__ = ["filtered_search_table"]

_FILTERED = {"keyword": "keyword, by chance", "dates": "span of dates, by chance", "folder": "folder of whole clusters"}


def filtered_search_table(results: Mapping[str, Any]) -> str:
    """Markdown: a row for each filter, against no filter."""
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
