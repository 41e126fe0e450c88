"""Evaluations as text for people and as plain JSON types for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from encoders.evaluation.comparison import Comparison, Difference
from encoders.evaluation.measure import Direction, Estimate, Evaluation
from encoders.evaluation.worst import Miss, find_worst
from encoders.training.pairs import Refused

__all__ = ["comparison_json", "comparison_text", "evaluation_json", "evaluation_text"]

_SHOWN = 10  # refused rows in a text; JSON has them all
_LONGEST = 70  # characters of a query or an item in a text


def evaluation_text(evaluation: Evaluation, worst: int = 0) -> str:
    """A table a direction: value, 95% interval, what chance would give; then notes, what was refused, the worst queries."""
    lines = _head(evaluation)
    for direction in evaluation.directions:
        rows = [("", "value", "95% interval", "chance")]
        for metric, estimate in direction.estimates.items():
            chance = "" if estimate.chance is None else _number(metric, estimate.chance)
            rows.append((metric, _number(metric, estimate.value), _span(metric, estimate), chance))
        lines += ["", _title(direction), *_aligned(rows)]
    return "\n".join([*lines, *_tail(evaluation, worst)]) + "\n"


def comparison_text(comparison: Comparison, worst: int = 0) -> str:
    """Two models side by side: both values, first minus second with its 95% interval, and p."""
    first, second = comparison.first, comparison.second
    lines = [*_head(first), *_head(second)[:1]]
    for name, differences in comparison.differences.items():
        one, other = first[name], second[name]
        rows = [("", first.subject.model, second.subject.model, "difference", "95% interval", "p")]
        for metric, difference in differences.items():
            rows.append(
                (
                    metric,
                    _number(metric, one[metric]),
                    _number(metric, other[metric]),
                    _number(metric, difference.value, sign="+"),
                    _span(metric, difference, sign="+"),
                    "" if difference.p is None else _probability(difference.p),
                )
            )
        lines += ["", _title(one), *_aligned(rows)]
    lines += [
        "",
        "Difference: first minus second (a lower rank is better). p: paired permutation test, each metric by itself.",
    ]
    lines += _tail(first, worst)
    if worst:
        lines += _worst_lines(second, worst)
    return "\n".join(lines) + "\n"


def evaluation_json(evaluation: Evaluation, worst: int = 0) -> dict[str, Any]:
    """Plain JSON types: what was measured on what, the metrics of each direction, and what was left out."""
    directions = {one.name: _direction_json(one, worst) for one in evaluation.directions}
    return {
        **asdict(evaluation.subject),
        "seconds": round(evaluation.seconds, 3),
        "directions": directions,
        "refused": [{"where": one.where, "why": one.why} for one in evaluation.refused],
        "notes": list(evaluation.notes),
    }


def comparison_json(comparison: Comparison, worst: int = 0) -> dict[str, Any]:
    """Both evaluations, and "difference": direction -> metric -> first minus second with interval and p."""
    differences = {
        name: {metric: asdict(difference) for metric, difference in metrics.items()}
        for name, metrics in comparison.differences.items()
    }
    first, second = (evaluation_json(one, worst) for one in (comparison.first, comparison.second))
    return {"first": first, "second": second, "difference": differences}


def _direction_json(direction: Direction, worst: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "queries": direction.ranking.queries,
        "candidates": direction.ranking.candidates,
        "groups": len(set(direction.groups.tolist())),
        "metrics": {metric: asdict(estimate) for metric, estimate in direction.estimates.items()},
    }
    if worst:
        found["worst"] = [asdict(miss) for miss in find_worst(direction, worst)]
    return found


def _head(evaluation: Evaluation) -> list[str]:
    about = evaluation.subject
    return [
        f"{about.model or 'vectors'}: {about.dimension} dimensions, {evaluation.seconds:.1f} s. {about.runtime}".rstrip(),
        f"{about.data or 'vectors'}: {about.pairs:,} pairs, fingerprint {about.fingerprint[:12] or '-'}",
    ]


def _title(direction: Direction) -> str:
    ranking = direction.ranking
    return f"{direction.name}: {ranking.queries:,} queries among {ranking.candidates:,} candidates"


def _tail(evaluation: Evaluation, worst: int) -> list[str]:
    lines = [""] if evaluation.notes or evaluation.refused else []
    lines += evaluation.notes
    lines += _refused_lines(evaluation.refused)
    return [*lines, *_worst_lines(evaluation, worst)] if worst else lines


def _refused_lines(refused: Sequence[Refused]) -> list[str]:
    if not refused:
        return []
    lines = [f"{len(refused):,} could not be used:"]
    lines += [f"  {one.where}: {one.why}" for one in refused[:_SHOWN]]
    return [*lines, f"  and {len(refused) - _SHOWN:,} more (--json has them all)"] if len(refused) > _SHOWN else lines


def _worst_lines(evaluation: Evaluation, worst: int) -> list[str]:
    lines = []
    for direction in evaluation.directions:
        misses = find_worst(direction, worst)
        lines += ["", f"{direction.name}, the worst of {evaluation.subject.model or 'these vectors'}:"]
        lines += [line for miss in misses for line in _miss_lines(miss)] or ["  none: every right item comes first"]
    return lines


def _miss_lines(miss: Miss) -> list[str]:
    return [
        f"  {_short(miss.query)}",
        f"      rank {_number('median rank', miss.rank)}: {_short(miss.right)}",
        f"      came first: {_short(miss.instead)}",
    ]


def _short(text: str) -> str:
    """One line of bounded length; the end of a path says more than its beginning."""
    flat = " ".join(text.split())
    if len(flat) <= _LONGEST:
        return flat
    return f"{flat[: _LONGEST // 3]} ... {flat[-2 * _LONGEST // 3 :]}"


def _number(metric: str, value: float, sign: str = "") -> str:
    return f"{value:{sign},.1f}" if metric.endswith("rank") else f"{value:{sign}.3f}"


def _span(metric: str, estimate: Estimate | Difference, sign: str = "") -> str:
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{_number(metric, estimate.low, sign)} to {_number(metric, estimate.high, sign)}"


def _probability(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """First column to the left, the others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
