"""Tables of what `python -m benchmarks.one_list measure` found, for the pages."""

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["calibration_table", "lists_table", "quality_table", "relevance_table", "ways_table"]

Results = Mapping[str, Any]

_PLAIN = "plain cosine"
_OURS = "this library"
_TOLD = "this library, told the kind"
_SCORES = ("R@1", "R@5", "R@10", "MRR")
_FULL = "both, all"


def lists_table(results: Results) -> str:
    """R@10 of every way, a row a collection and model."""
    ways = list(results["lists"][0]["ways"])
    rows = [
        [
            _name(entry),
            f"{sum(entry['queries'].values()):,}",
            *(_percent(entry["ways"][way]["all"]["R@10"]["value"]) for way in ways),
        ]
        for entry in results["lists"]
    ]
    return _table(["collection", "queries", *ways], rows)


def ways_table(results: Results) -> str:
    """Every score of every way with its interval, for the whole collection and its first model."""
    entry = _whole(results)
    rows = [[way, *(_span(sets["all"][score]) for score in _SCORES)] for way, sets in entry["ways"].items()]
    return _table(["way", *_SCORES], rows)


def relevance_table(results: Results) -> str:
    """Matches kept and false finds: of the flat cosine threshold and of relevance."""
    rows = []
    for entry in results["relevance"]:
        flat, chosen, ours = entry["cosine, threshold chosen"], entry["relevance, threshold chosen"], entry["relevance"]
        pairs = [f"{_percent(one['kept'])} / {_percent(one['false found'])}" for one in (flat, chosen, ours)]
        extra = [_percent(ours["false found, no word shared"]), _percent(ours["false found, nonsense"])]
        rows.append([_name(entry), f"{entry['matches']:,} / {entry['others']:,}", *pairs, *extra])
    head = ["collection", "queries with / without a match", "cosine, threshold chosen", "relevance, threshold chosen"]
    return _table([*head, "relevance at 0.5", "its false finds, no word shared", "of nonsense"], rows)


def calibration_table(results: Results) -> str:
    """Expected calibration error, and every bin of all collections together."""
    whole = results["relevance"][-1]["calibration"]
    rows = [
        [name, f"{part['count']:,}", f"{part['said']:.2f}", f"{part['right']:.2f}"]
        for name, side in whole.items()
        for part in side["bins"]
    ]
    errors = ", ".join(f"{side['error']:.3f} ({name})" for name, side in whole.items())
    return _table(["hits", "how many", "relevance", "right"], rows) + f"\n\nExpected calibration error: {errors}."


def quality_table(results: Results) -> str:
    """The lines of the first page: plain vector search, and this."""
    entry, whole = _whole(results), results["relevance"][-1]
    ways = {way: sets["all"]["R@10"]["value"] for way, sets in entry["ways"].items()}
    flat, ours = whole["cosine, threshold chosen"], whole["relevance"]
    rows = [
        [
            f"right answer among the first 10 of one list of {entry['pictures']:,} pictures and {entry['passages']:,} passages",
            _percent(ways[_PLAIN]),
            f"{_percent(ways[_OURS])} (told the kind: {_percent(ways[_TOLD])})",
        ],
        [
            "queries with an answer that are answered / queries without one that are answered all the same",
            f"{_percent(flat['kept'])} / {_percent(flat['false found'])}",
            f"{_percent(ours['kept'])} / {_percent(ours['false found'])}",
        ],
    ]
    machine = results["machine"]
    note = f"`python -m benchmarks.one_list`, commit {machine['commit']}; see [docs/relevance.md](docs/relevance.md)."
    return _table(["what", "plain vector search", "this"], rows) + "\n\n" + note


def _whole(results: Results) -> Mapping[str, Any]:
    found: Mapping[str, Any] = next(one for one in results["lists"] if one["part"] == _FULL and not one["names"])
    return found


def _name(entry: Mapping[str, Any]) -> str:
    if entry["card"] == "all":
        return "all together"
    held = " and ".join(f"{entry[kind]:,} {kind}" for kind in ("pictures", "passages") if entry[kind])
    return f"{held}{', files with names' if entry['names'] else ''}, {entry['card']}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    def lines() -> Iterator[str]:
        yield "| " + " | ".join(head) + " |"
        yield "|" + "---|" * len(head)
        for row in rows:
            yield "| " + " | ".join(row) + " |"

    return "\n".join(lines())


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _span(score: Mapping[str, float]) -> str:
    return f"{score['value']:.3f} ({score['from']:.3f} to {score['to']:.3f})"
