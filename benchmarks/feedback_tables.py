"""What `benchmarks.feedback` measured, as tables."""

from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["FEEDBACK_TABLES"]

_WAYS = {
    "none": "no judgement",
    "rocchio_shipped": "ours: Rocchio, from each modality's centre",
    "rocchio": "the same with the weights chosen here",
    "rocchio_plain": "those, not from the centre",
    "naive": "Qdrant's feedback query",
    "best_score": "Qdrant's recommendation by best score",
    "discovery": "Qdrant's discovery",
}


def _users(results: Mapping[str, Any], user: str) -> str:
    counts = list(results["users"][user]["none"])
    lines = [_head(counts), "|---" * (len(counts) + 1) + "|"]
    for name, label in _WAYS.items():
        lines.append(f"| {label} | {_cells(results['users'][user][name], name == 'none')} |")
    asked = ", ".join(str(results["users"][user]["none"][count]["queries"]) for count in counts)
    chosen = results["chosen"]
    lines += [
        "",
        f"{results['pictures']:,} pictures, {asked} queries of the half that nothing was chosen on. Chosen on the other half:"
        f" {chosen['likes']:g} and {chosen['dislikes']:g} for Rocchio, c = {chosen['pair']:g} for Qdrant's feedback query"
        f" (a = b = 1). {_made(results)}",
    ]
    return "\n".join(lines)


def _library(results: Mapping[str, Any]) -> str:
    ways = results["library"]["ways"]
    lines = [_head(list(ways["none"])), "|---" * (len(ways["none"]) + 1) + "|"]
    for name, label in (("none", "no judgement"), ("judged", "judged, `search(like=, unlike=)`")):
        lines.append(f"| {label} | {_cells(ways[name], name == 'none')} |")
    return "\n".join([*lines, "", f"{results['items']:,} items, pictures and passages. {_made(results)}"])


def _relevance(results: Mapping[str, Any]) -> str:
    rows = results["library"]["relevance"]
    lines = ["| judgements | shift | slope | log loss | relevance said, mean | really fit |", "|---|---|---|---|---|---|"]
    for row in rows:
        lines.append(
            f"| {row['judgements']} | {row['shift']:+.2f} | {row['slope']:.2f} | {row['log_loss']:.3f} | {row['said']:.0%}"
            f" | {row['true']:.0%} |"
        )
    return "\n".join([*lines, "", f"{rows[0]['hits']:,} hits of the other half's queries. {_made(results)}"])


def _head(counts: list[str]) -> str:
    return "| R@10, nDCG@10 of what was not judged | " + " | ".join(f"{count} judged" for count in counts) + " |"


def _cells(by_count: Mapping[str, Any], base: bool) -> str:
    cells = []
    for row in by_count.values():
        low, high = row["recall_interval"] if base else row["recall_gain"]
        between = f"{low:.3f} to {high:.3f}" if base else f"{low:+.3f} to {high:+.3f}"
        cells.append(f"{row['recall']:.3f} ({between}), {row['ndcg']:.3f}")
    return " | ".join(cells)


def _made(results: Mapping[str, Any]) -> str:
    return f"`python -m benchmarks.feedback`, commit {results['machine']['commit']}."


FEEDBACK_TABLES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "feedback_keyword": lambda results: _users(results, "keyword"),
    "feedback_name": lambda results: _users(results, "name"),
    "feedback_library": _library,
    "feedback_relevance": _relevance,
}
"""Name of a table -> function(results)."""
