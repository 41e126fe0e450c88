"""The tables of what runs the networks."""

from collections.abc import Mapping
from typing import Any

__all__ = ["RUNTIMES_TABLES", "at_once_table", "runtimes_table"]

_WAYS = ("torch f32", "OpenVINO f32", "OpenVINO bf16")
_NAMES = {"minilm": "MiniLM", "starter-image": "EfficientNet-Lite2 and bridge"}


def runtimes_table(results: Mapping[str, Any]) -> str:
    """Markdown: a row for each network and input; items a second, and the processor's time for one."""
    lines = ["| | " + " | ".join(_WAYS) + " | cosine to torch f32, at least |", "|---|" + "---|" * (len(_WAYS) + 1)]
    for row in results["ways"]:
        measured = row["measured"]
        cells = [
            f"{measured[way]['per_second']:.0f} ({measured[way]['cpu_ms']:.1f} ms)" if way in measured else "-" for way in _WAYS
        ]
        cosines = [f"{way.removeprefix('OpenVINO ')} {measured[way]['cosine']:.4f}" for way in _WAYS[1:] if way in measured]
        lines.append(f"| {_NAMES[row['network']]}, {row['input']} | {' | '.join(cells)} | {', '.join(cosines)} |")
    machine = results["machine"]
    cpu = ", ".join(machine["cpu"]) or "no vector extensions of note"
    lines += ["", f"A second, with the processor time for one; medians of {results['rounds']} rounds in turn on "
              f"{machine['cores']} cores ({machine['architecture']}: {cpu}) that were busy with other work, so trust the "
              f"ratios; `python -m benchmarks.runtimes`, commit {machine['commit']}. The text tower's `runtime` there:",
              "", "```", results["ways"][0]["chosen"], "```"]  # fmt: skip
    return "\n".join(lines)


def at_once_table(results: Mapping[str, Any]) -> str:
    """Markdown: pictures a second by how many go into a call, and by who computes it."""
    sizes = list(dict.fromkeys(name.partition(",")[0] for name in results["at_once"]))
    lines = ["| pictures a call | " + " | ".join(sizes) + " |", "|---|" + "---|" * len(sizes)]
    for way in ("one call at a time", "a call a core"):
        found = [results["at_once"][f"{size}, {way}"] for size in sizes]
        lines.append(f"| {way} | " + " | ".join(f"{one['per_second']:.0f} ({one['cpu_ms']:.1f} ms)" for one in found) + " |")
    waste = results["padding"]
    lines += ["", f"Of the tokens of mixed texts, {waste['as they come']:.0%} are padding in batches of 32 as they come, "
              f"{waste['sorted']:.0%} sorted by length, and {waste['sorted and bucketed']:.0%} as it is done here: sorted, "
              f"and padded to one of {waste['shapes']:.0f} lengths."]  # fmt: skip
    return "\n".join(lines)


RUNTIMES_TABLES = {"runtimes": runtimes_table, "at_once": at_once_table}
