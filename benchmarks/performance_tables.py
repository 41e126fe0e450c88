"""The tables of docs/performance.md. Each shows the largest size that was measured, and says which it is."""

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

__all__ = ["PERFORMANCE_TABLES", "PICTURES", "latest", "medians"]

Results = Mapping[str, Any]
_SIZES = ("hour", "ten-minutes", "minute")
_NAMES = {
    "ours": "this project",
    "loop": "(a) open_clip, Pillow, float32, qdrant-client local",
    "rclip": "(b) rclip's pipeline",
    "clip-retrieval": "(c) clip-retrieval's inference",
    "sentence-transformers": "sentence-transformers `encode`, float32",
}
_FOLDERS = {"small": "500x375", "large": "12 megapixels"}
PICTURES = tuple(
    (f"pictures-{folder}{suffix}", about, f"ViT-B-32{suffix}") for folder, about in _FOLDERS.items() for suffix in ("", "-256")
)
"""Measurements of pictures against others: name, the photographs, the network."""


def latest(results: Results, name: str) -> tuple[str, Results] | None:
    """The largest size that has this measurement, and the measurement."""
    return next(((size, results["sizes"][size][name]) for size in _SIZES if name in results["sizes"].get(size, {})), None)


def medians(turns: Sequence[Mapping[str, float]]) -> tuple[float, float]:
    """Items a second of the clock, and items a second of CPU: medians of the turns."""
    return tuple(statistics.median(turn["items"] / turn[kind] for turn in turns) for kind in ("seconds", "cpu_seconds"))  # type: ignore[return-value]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads), *(f"| {' | '.join(row)} |" for row in rows)]


def _caption(results: Results, name: str, more: str = "") -> list[str]:
    machine, found = results["machine"], latest(results, name)
    assert found is not None
    size, measured = found
    return ["", f"Size `{size}`, commit {measured['commit']}, {machine['cores']} cores ({machine['architecture']}), "
                f"load {measured['load_before']:.0f} when it began.{more}"]  # fmt: skip


def start_table(results: Results) -> str:
    """Start-up."""
    found = latest(results, "start")
    if found is None:
        return "Not measured yet."
    rows = [
        (f"`{name}`" if name[:6] in ("import", "python") and "," not in name else name,
         f"{cost['seconds'] * 1e3:,.0f} ms", f"{cost['quickest'] * 1e3:,.0f} ms", f"{cost['cpu_seconds'] * 1e3:,.0f} ms")
        for name, cost in found[1]["found"].items()
    ]  # fmt: skip
    heads = ("what", "median", "quickest of 5", "CPU, median")
    return "\n".join([*_table(heads, rows), *_caption(results, "start")])


def app_table(results: Results) -> str:
    """The app in a browser."""
    found = latest(results, "app")
    if found is None:
        return "Not measured yet."
    app = found[1]["found"]
    starts = ", ".join(f"{seconds:.1f}" for seconds in sorted(app["first_page_all"]))
    rows = [
        ("from `streamlit run app` to a page that can be typed into", f"{app['first_page_seconds']:.1f} s", f"(all: {starts})"),
        (f"from Enter to the hits, {app['queries']} queries", f"{app['p50_ms']:.0f} ms", f"{app['p95_ms']:.0f} ms"),
    ]
    return "\n".join([*_table(("what", "median", "95%"), rows), *_caption(results, "app")])


def folders_table(results: Results) -> str:
    """Reading alone, encoding alone, indexing."""
    found = latest(results, "folders")
    if found is None:
        return "Not measured yet."
    rows = []
    for folder, measured in found[1]["found"].items():
        turns = {what: [{**turn, "items": measured["items"]} for turn in each] for what, each in measured["rounds"].items()}
        rates = {what: medians(each) for what, each in turns.items()}
        read, encode, index = (rates[what][0] for what in ("read", "encode", "index"))
        shared = 1 / (1 / rates["read"][1] + 1 / rates["encode"][1])
        rows.append((
            f"{measured['items']} JPEGs of {_FOLDERS[folder]}", f"{read:.1f}", f"{encode:.1f}", f"{index:.1f}",
            f"{index / min(read, encode):.0%}", "reading" if read < encode else "encoding", f"{rates['index'][1] / shared:.0%}",
        ))  # fmt: skip
    heads = ("folder", "read alone, a second", "encode alone", "indexed", "of the slower", "slower", "of both on shared cores")
    return "\n".join([*_table(heads, rows), *_caption(results, "folders")])


def rivals_table(results: Results) -> str:
    """Pictures against others."""
    rows: list[Sequence[str]] = []
    lines: list[str] = []
    for name, about, network in PICTURES:
        found = latest(results, name)
        if found is None:
            continue
        measured = found[1]["found"]
        ours = medians(measured["sides"]["ours"])
        for side, turns in measured["sides"].items():
            rate = medians(turns)
            ratios = ("", "") if side == "ours" else (f"{ours[0] / rate[0]:.1f}", f"{ours[1] / rate[1]:.1f}")
            compared = measured["vectors"].get(side)
            same = f"{compared['cosine']['lowest']:.4f} ({compared['centred_cosine']['median']:.4f})" if compared else ""
            rows.append((about, network, _NAMES[side], f"{rate[0]:.2f}", f"{rate[1]:.2f}", *ratios, same))
        turns = measured["sides"]["ours"]
        parts = {what: statistics.median(turn["items"] / turn[what] for turn in turns) for what in ("read", "encode")}
        slower = "reading" if parts["read"] < parts["encode"] else "encoding"
        more = (
            f" {int(turns[0]['items'])} photographs of {about}, turns each: {len(turns)}. In a second of CPU this project "
            f"reads {parts['read']:.0f} of them (starting the processes that read is in it) and encodes {parts['encode']:.0f} "
            f"by {network}: {slower} limits."
        )
        lines += _caption(results, name, more)
    if not rows:
        return "Not measured yet."
    heads = ("photographs", "network", "who", "a second", "a second of CPU", "ours is, times", "by CPU, times",
             "lowest cosine to ours (median, centred)")  # fmt: skip
    return "\n".join([*_table(heads, rows), *lines])


def passages_table(results: Results) -> str:
    """Passages against sentence-transformers."""
    found = latest(results, "passages")
    if found is None:
        return "Not measured yet."
    measured = found[1]["found"]
    rates = {side: medians(turns) for side, turns in measured["sides"].items()}
    ours, theirs = rates["ours"], rates["sentence-transformers"]
    rows = [(_NAMES[side], f"{rate[0]:.1f}", f"{rate[1]:.1f}") for side, rate in rates.items()]
    rows.append(("ratio", f"{ours[0] / theirs[0]:.1f}", f"{ours[1] / theirs[1]:.1f}"))
    turns = measured["sides"]["ours"]
    more = (
        f" {int(turns[0]['items'])} passages of 20 to 180 words, {len(turns)} turns; lowest cosine between both "
        f"{measured['cosine']['lowest']:.4f}, median {measured['cosine']['median']:.4f}."
    )
    return "\n".join([*_table(("MiniLM", "passages a second", "a second of CPU"), rows), *_caption(results, "passages", more)])


def queries_table(results: Results) -> str:
    """A row for each size whose queries were measured."""
    rows, measurements = [], []
    for size in reversed(_SIZES):
        if (measured := results["sizes"].get(size, {}).get("queries")) is None:
            continue
        one = measured["found"]
        measurements.append(measured)
        rows.append((
            f"{one['items']:,}", f"{one['p50_ms']:.2f}", f"{one['p95_ms']:.2f}", f"{one['p99_ms']:.2f}",
            f"{one['recall_at_10']:.3f}", f"{one['upserts_per_second']:,.0f}", f"{one['build']['seconds']:,.0f} s",
            f"{one['disk_mb']:,.0f} MB", f"{one['peak_mb']:,.0f} MB", f"{one['reopen_seconds']:.2f} s",
        ))  # fmt: skip
    if not rows:
        return "Not measured yet."
    heads = ("items", "p50, ms", "p95", "p99", "recall@10", "upserts a second", "building", "disk", "peak memory", "reopening")
    commits = ", ".join(dict.fromkeys(measured["commit"] for measured in measurements))
    loads = ", ".join(f"{measured['load_before']:.0f}" for measured in measurements)
    note = f"384 dimensions, {results['machine']['cores']} cores, commit {commits}, load {loads} when each began."
    return "\n".join([*_table(heads, rows), "", note])


PERFORMANCE_TABLES: dict[str, Callable[[Results], str]] = {
    "start_up": start_table,
    "app": app_table,
    "folders": folders_table,
    "rivals": rivals_table,
    "passages": passages_table,
    "queries": queries_table,
}
"""Name of a table -> function(results)."""
