"""The tables of networks in int8 and in ONNX Runtime."""

from collections.abc import Mapping
from typing import Any

from benchmarks.int8_ways import INT8_WAYS

__all__ = ["INT8_TABLES", "int8_found_table", "int8_speed_table"]

Results = Mapping[str, Any]
_NAMES = {
    "minilm": "MiniLM",
    "e5": "multilingual-e5-small and head",
    "starter-image": "EfficientNet-Lite2 and bridge",
    "ViT-B-32": "ViT-B/32, random weights",
}
_PLAIN = "OpenVINO f32"


def int8_speed_table(results: Results) -> str:
    """Markdown: a row for each network and input; items a second, and the processor's time for one."""
    lines = [f"| | {' | '.join(INT8_WAYS)} |", "|---|" + "---|" * len(INT8_WAYS)]
    for name, network in results["networks"].items():
        for what, ways in network["speed"].items():
            cells = [f"{ways[way]['per_second']:.0f} ({ways[way]['cpu_ms']:.1f} ms)" for way in INT8_WAYS]
            lines.append(f"| {_NAMES[name]}, {what} | {' | '.join(cells)} |")
    return "\n".join([*lines, "", _note(results)])


def int8_found_table(results: Results) -> str:
    """Markdown: a row for each network and way; cosines, and R@1 / R@10 of each test."""
    judged = {name: network["quality"] for name, network in results["networks"].items() if network["quality"]}
    tests = list(dict.fromkeys(test for ways in judged.values() for way in ways.values() for test in way["found"]))
    lines = [f"| | cosine, mean | lowest | {' | '.join(tests)} |", "|---|---|---|" + "---|" * len(tests)]
    for name, ways in judged.items():
        for way, one in ways.items():
            cosines = "| 1 | 1" if way == _PLAIN else f"| {one['cosine']['mean']:.3f} | {one['cosine']['lowest']:.3f}"
            found = [f"{one['found'][test]['R@1']:.1f} / {one['found'][test]['R@10']:.1f}" for test in tests]
            lines.append(f"| {_NAMES[name]}, {way} {cosines} | {' | '.join(found)} |")
    return "\n".join(lines)


def _note(results: Results) -> str:
    machine, networks = results["machine"], results["networks"].values()
    rounds, loads = sorted({one["rounds"] for one in networks}), sorted(one["load"] for one in networks)
    commits = ", ".join(sorted({str(one["commit"]) for one in networks}))
    return (
        f"A second, with the processor time for one; medians of {' to '.join(map(str, rounds))} rounds in turn on "
        f"{machine['cores']} cores ({machine['architecture']}: {', '.join(machine['cpu'])}), load {loads[0]:.0f} to "
        f"{loads[-1]:.0f} when each began; `python -m benchmarks.int8_networks`, commit {commits}."
    )


INT8_TABLES = {"int8_speed": int8_speed_table, "int8_found": int8_found_table}
