"""The table of docs/rerank.md."""

from collections.abc import Mapping
from typing import Any

__all__ = ["rerank_table"]


def rerank_table(results: Mapping[str, Any]) -> str:
    """Gain and cost, as Markdown."""
    pictures, passages, machine = results["pictures"], results["passages"], results["machine"]
    lines = ["| the layer was trained on | | before | after | difference | p |", "|---|---|---|---|---|---|"]
    for name in ("trained on the bridge's own drawings", "trained on drawings new to the bridge"):
        for metric in ("R@1", "R@10", "MRR"):
            found = pictures[name][metric]
            before, after = (f"{mean:.3f} [{low:.3f}, {high:.3f}]" for mean, low, high in (found["before"], found["after"]))
            mean, low, high = found["difference"]
            shown = f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"
            told = name.removeprefix("trained on ")
            lines.append(f"| {told} | {metric} | {before} | {after} | {shown} | {found['p']:.3f} |")
    ms = pictures["ms"]
    lines += [
        "",
        "| what it costs a query | |",
        "|---|---|",
        f"| {pictures['depth']} vectors out of a collection of {pictures['drawings']:,} | {ms['fetch']:.1f} ms |",
        f"| the layer over them | {ms['layer']:.1f} ms |",
        f"| a cross-encoder of MiniLM's size over {passages['passages']} passages of {passages['words']} words |"
        f" {passages['ms'] / 1000:.1f} s ({passages['processor_ms'] / 1000:.1f} s of processor time) |",
        "",
        f"{pictures['queries']:,} queries, {pictures['held_out']} drawings to find; the second kind of layer was trained in"
        f" {len(pictures['trained on drawings new to the bridge']['folds'])} folds. On {machine['cores']} cores that others"
        f" kept busy; `python -m benchmarks.rerank`, commit {machine['commit']}.",
    ]
    return "\n".join(lines)
