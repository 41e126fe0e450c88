"""Ways to run the starter's two networks, side by side in one run: torch and OpenVINO, by precision, and how many at a time.

    python -m benchmarks.runtimes --models DIR --out benchmarks/results/runtimes.json

Every way takes its turn in every round, and medians are told; `DIR` keeps the exported networks. Inputs are real: crops of
photographs, and the docstrings of Python's standard library, cut to a number of tokens. Milliseconds of processor time are
told beside the rates, since they suffer less from what else the machine does.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from benchmarks.material import write_pages, write_photographs
from encoders.bundled import bundled
from encoders.measured import Candidate
from encoders.network import Arrays, Blueprint, Network
from encoders.picture import prepare
from encoders.plans import PicturePlan, TextPlan
from encoders.runtime import Choice, candidates_for, open_candidate, open_network
from encoders.starter_tower import PICTURE_SPEC, plan_minilm, plan_pictures

__all__ = ["in_turn", "main"]

_AT_ONCE = (1, 2, 4, 8, 16)  # pictures a call
_EVERY = Choice("openvino", "cpu", "")


def main() -> int:
    """Measure, print, and write JSON where asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runtimes", description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=Path, help="folder of exported networks; default: made anew")
    parser.add_argument("--pictures", type=int, default=32)
    parser.add_argument("--texts", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = measure(options.models or Path(scratch) / "models", Path(scratch), options)
    print(json.dumps(results, indent=1))
    if options.out:
        options.out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    return 0


def measure(models: Path, scratch: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All numbers of one run."""
    text, picture = plan_minilm(), plan_pictures(bundled("starter"))
    pixels = _pixels(scratch, options.pictures)
    pages = _pages(scratch, options.texts)
    inputs = {
        ("minilm", "passages of 256 tokens"): (text.blueprint, _texts(text, pages, 256)),
        ("minilm", "passages of 128 tokens"): (text.blueprint, _texts(text, pages, 128)),
        ("starter-image", "pictures"): (
            picture.blueprint,
            [(pixels[start : start + 4],) for start in range(0, len(pixels), 4)],
        ),
    }
    return {
        "machine": describe_machine(),
        "rounds": options.rounds,
        "ways": [
            {"network": name, "input": what, "rows": _rows(batches), **_ways(blueprint, batches, models, options.rounds)}
            for (name, what), (blueprint, batches) in inputs.items()
        ],
        "at_once": _at_once(picture, pixels, models, options.rounds),
        "padding": _padding(text, pages),
    }


def _ways(blueprint: Blueprint, batches: Sequence[Arrays], models: Path, rounds: int) -> dict[str, Any]:
    """Every way that this machine has, also one that the network does not stand: that is what the cosine tells."""
    anyhow = replace(blueprint, bfloat16=True)
    runs: dict[str, Callable[[], list[NDArray[np.float32]]]] = {}
    for candidate in [Candidate("torch", "cpu", "f32"), *candidates_for(_EVERY, anyhow)[:-1]]:
        runner = open_candidate(anyhow, models, candidate)
        network = Network(runner.run, "", runner.run_many)
        runs[str(candidate)] = lambda network=network: network.many(batches)
    answers = {name: np.concatenate(run()) for name, run in runs.items()}
    exact = answers["torch f32"]
    took = in_turn(runs, rounds, _rows(batches))
    for name, answer in answers.items():
        took[name]["cosine"] = round(float((_unit(answer) * _unit(exact)).sum(1).min()), 6)
    return {"measured": took, "chosen": open_network(blueprint, models).about}


def _at_once(plan: PicturePlan, pixels: NDArray[np.uint8], models: Path, rounds: int) -> dict[str, Any]:
    """Pictures a call, and whether each call gets all cores or several calls one core each."""
    runner = open_candidate(plan.blueprint, models, Candidate("openvino", "cpu", "f32"))
    alone, together = Network(runner.run, ""), Network(runner.run, "", runner.run_many)
    runs: dict[str, Callable[[], list[NDArray[np.float32]]]] = {}
    for size in _AT_ONCE:
        batches = _calls((pixels,), size)
        runs[f"{size}, one call at a time"] = lambda batches=batches: alone.many(batches)
        runs[f"{size}, a call a core"] = lambda batches=batches: together.many(batches)
    for run in runs.values():
        run()
    return in_turn(runs, rounds, len(pixels))


def in_turn(runs: Mapping[str, Callable[[], Any]], rounds: int, rows: int) -> dict[str, dict[str, float]]:
    """Run all of them in every round: rows a second and milliseconds of processor time for a row, medians of the rounds."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            started = time.perf_counter(), time.process_time()
            run()
            seconds[name].append((time.perf_counter() - started[0], time.process_time() - started[1]))
    return {
        name: {
            "per_second": round(rows / statistics.median(wall for wall, _ in took), 1),
            "cpu_ms": round(1000 * statistics.median(cpu for _, cpu in took) / rows, 2),
        }
        for name, took in seconds.items()
    }


def _padding(plan: TextPlan, pages: Sequence[str]) -> dict[str, float]:
    """Share of tokens that are padding, texts of mixed lengths in batches of 32: as they come, sorted, and as we do it."""
    dice = np.random.default_rng(0)
    texts = [" ".join(page.split()[: int(dice.integers(3, 200))]) for page in pages * 8]
    lengths = np.array([int(mask.sum()) for text in texts for _, (_, mask) in plan.tokens([text])])
    batches = {"as they come": lengths, "sorted": np.sort(lengths)}
    waste = {
        name: 1 - order.sum() / sum(len(part) * part.max() for part in np.array_split(order, max(1, len(order) // 32)))
        for name, order in batches.items()
    }
    ours = [mask for _, (_, mask) in plan.tokens(texts)]
    waste["sorted and bucketed"] = 1 - sum(int(mask.sum()) for mask in ours) / sum(mask.size for mask in ours)
    return {name: round(float(share), 4) for name, share in waste.items()} | {"shapes": len({mask.shape[1] for mask in ours})}


def _pixels(scratch: Path, count: int) -> NDArray[np.uint8]:
    from PIL import Image

    write_photographs(scratch / "photographs", count)
    files = sorted((scratch / "photographs").rglob("*.jpg"))
    return np.stack([prepare(Image.open(path).convert("RGB"), PICTURE_SPEC) for path in files])


def _pages(scratch: Path, count: int) -> list[str]:
    write_pages(scratch / "pages", count)
    return [path.read_text(encoding="utf-8") for path in sorted((scratch / "pages").rglob("*.txt"))]


def _texts(plan: TextPlan, pages: Sequence[str], length: int) -> list[Arrays]:
    """Texts cut to `length` tokens, 2,048 tokens a call, as the tower does it."""
    parts = [arrays for _, arrays in plan.tokens(pages)]  # pages are longer than the network reads: every row is full
    whole = tuple(np.concatenate(arrays)[:, :length] for arrays in zip(*parts, strict=True))
    return _calls(whole, 2048 // length)


def _calls(arrays: Arrays, rows: int) -> list[Arrays]:
    starts = range(0, len(arrays[0]), rows)
    return [tuple(np.ascontiguousarray(array[start : start + rows]) for array in arrays) for start in starts]


def _rows(batches: Sequence[Arrays]) -> int:
    return sum(len(arrays[0]) for arrays in batches)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit


if __name__ == "__main__":
    sys.exit(main())
