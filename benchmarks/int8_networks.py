"""Networks in int8, and in ONNX Runtime, beside what runs them today: how quick, and how much is found.

    python -m benchmarks.int8_networks --work DIR --recipe DIR --photographs DIR --network minilm \
        --out benchmarks/results/int8_networks.json

One network a run; `--out` keeps those of other runs. Needs `pip install nncf onnx onnxruntime`, too. Every way takes its turn
in every round, medians are told, and milliseconds of processor time beside the rates, since they suffer less from what else
the machine does. Vectors are compared with those of OpenVINO in float32; R@k is text to picture on what training held out, the
other tower in float32.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.definitions import read_definitions
from benchmarks.int8_material import Int8Material, read_material, recalls
from benchmarks.int8_ways import int8_ways
from benchmarks.machine import describe_machine
from benchmarks.performance_networks import checkpoint
from benchmarks.runtimes import in_turn
from encoders.bundled import bundled
from encoders.clip_tower import plan_openclip
from encoders.measured import Candidate
from encoders.multilingual_tower import NAME, TEXT_NAME, plan_e5
from encoders.network import Network
from encoders.plans import PicturePlan, TextPlan
from encoders.runtime import open_candidate
from encoders.starter_tower import plan_minilm, plan_pictures
from encoders.towers import PictureTower, TextTower
from encoders.vectors import Vectors

_NETWORKS = ("minilm", "e5", "starter-image", "ViT-B-32")
_PICTURES, _QUERIES, _TEXTS, _LONG = 32, 20, 128, 24  # whose speed is measured
_JUDGED = ("OpenVINO f32", "OpenVINO bf16", "int8, else f32", "int8, else bf16")


def main() -> int:
    """Measure one network, print, and add it to the JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.int8_networks", description=__doc__.split("\n")[0])
    parser.add_argument("--work", type=Path, required=True, help="keeps networks and pictures (2 GB)")
    parser.add_argument("--recipe", type=Path, required=True, help="the recipe's folder")
    parser.add_argument("--photographs", type=Path, required=True, help="photographs named SYNSET_anything")
    parser.add_argument("--network", choices=_NETWORKS, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path, help="write the results as JSON")
    options = parser.parse_args()
    (options.work / "models").mkdir(parents=True, exist_ok=True)
    material = read_material(options.work, options.recipe, options.photographs)
    load = os.getloadavg()[0]
    found = _measure(options.network, material, options.work, options.rounds)
    machine = describe_machine()
    found |= {"rounds": options.rounds, "load": round(load, 1), "commit": machine.pop("commit")}
    print(json.dumps(found, indent=1))
    if options.out:
        before = json.loads(options.out.read_text(encoding="utf-8"))["networks"] if options.out.exists() else {}
        networks = {name: found if name == options.network else before.get(name) for name in _NETWORKS}
        kept = {"machine": machine, "networks": {name: one for name, one in networks.items() if one}}
        options.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return 0


def _measure(name: str, material: Int8Material, work: Path, rounds: int) -> dict[str, Any]:
    models = work / "models"
    if name == "ViT-B-32":
        card = f"openclip:ViT-B-32/{checkpoint(work, 'ViT-B-32')}"
        plan = plan_openclip(card, models).towers["query", "image"]
        assert isinstance(plan, PicturePlan)
        return _of_pictures(plan, material, models, rounds, judged=False)
    if name == "starter-image":
        return _of_pictures(plan_pictures(bundled("starter")), material, models, rounds, judged=True)
    text, bridge = (plan_minilm(), "starter") if name == "minilm" else (plan_e5(bundled(TEXT_NAME)), NAME)
    return _of_texts(text, bridge, material, work, rounds)


def _of_texts(plan: TextPlan, bridge: str, material: Int8Material, work: Path, rounds: int) -> dict[str, Any]:
    definitions = [one.body for one in read_definitions([])]
    passages = [" ".join(definitions[at : at + 12]) for at in range(0, 12 * 2 * _LONG, 12)]
    shown, measured = passages[_LONG:], passages[:_LONG]
    seen = [plan.prompt + one for one in (*material.captions[:400], *definitions[-200:], *shown)]
    calibration = [arrays for _, arrays in plan.tokens(seen)]
    ways = int8_ways(plan.blueprint, calibration, True, work / "models")
    towers = {name: TextTower(one, plan.tokens, plan.dimension, "", plan.max_tokens, plan.prompt) for name, one in ways.items()}
    right = _pictures_of(bridge, material, work)
    vectors = {name: {test: towers[name].encode(asked) for test, asked in material.queries.items()} for name in _JUDGED}
    quality = {
        name: _quality(
            some, vectors["OpenVINO f32"], {test: recalls(some[test], right[test], material.queries[test]) for test in some}
        )
        for name, some in vectors.items()
    }
    short = material.captions[500 : 500 + _QUERIES]
    jobs: dict[str, tuple[int, Callable[[TextTower], Any]]] = {
        "one short text at a time": (len(short), lambda tower: [tower.encode([one]) for one in short]),
        "definitions": (_TEXTS, lambda tower: tower.encode(definitions[:_TEXTS])),
        "passages": (_LONG, lambda tower: tower.encode(measured)),
    }
    return {"quality": quality, "speed": _speed(towers, jobs, rounds)}


def _of_pictures(plan: PicturePlan, material: Int8Material, models: Path, rounds: int, judged: bool) -> dict[str, Any]:
    """`judged`: the weights are trained ones, so what is found tells something."""
    side = plan.spec.size
    calibration = np.random.default_rng(0).permutation(material.calibration[:, :side, :side])
    ways = int8_ways(plan.blueprint, [(one[None],) for one in calibration[: None if judged else 50]], not judged, models)
    towers = {name: PictureTower(one, plan.spec, plan.dimension, "") for name, one in ways.items()}
    quality = _quality_of_pictures(towers, material, models) if judged else {}
    pixels = np.ascontiguousarray(material.pictures["photographs"][:_PICTURES, :side, :side])
    jobs: dict[str, tuple[int, Callable[[PictureTower], Any]]] = {
        "one picture at a time": (8, lambda tower: [tower.encode([one]) for one in pixels[:8]]),
        "pictures": (_PICTURES, lambda tower: tower.encode(list(pixels))),
    }
    return {"quality": quality, "speed": _speed(towers, jobs, rounds)}


def _quality_of_pictures(towers: Mapping[str, PictureTower], material: Int8Material, models: Path) -> dict[str, Any]:
    plan = plan_minilm()
    text = TextTower(_plain(plan, models), plan.tokens, plan.dimension, "", plan.max_tokens)
    asked = {test: text.encode(queries) for test, queries in material.queries.items()}
    vectors = {
        name: {test: towers[name].encode(list(pixels)) for test, pixels in material.pictures.items()} for name in _JUDGED
    }
    return {
        name: _quality(
            some, vectors["OpenVINO f32"], {test: recalls(asked[test], some[test], material.queries[test]) for test in some}
        )
        for name, some in vectors.items()
    }


def _pictures_of(bridge: str, material: Int8Material, work: Path) -> dict[str, Vectors]:
    """Vectors of the tests' pictures in float32; kept."""
    place = work / f"pictures-{bridge}.npz"
    if not place.is_file():
        plan = plan_pictures(bundled(bridge))
        tower = PictureTower(_plain(plan, work / "models"), plan.spec, plan.dimension, "")
        np.savez(place, **{test: tower.encode(list(pixels)) for test, pixels in material.pictures.items()})  # type: ignore[arg-type]
    with np.load(place) as kept:
        return dict(kept)


def _plain(plan: TextPlan | PicturePlan, models: Path) -> Network:
    runner = open_candidate(plan.blueprint, models, Candidate("openvino", "cpu", "f32"))
    return Network(runner.run, "", runner.run_many)


def _quality(vectors: Mapping[str, Vectors], exact: Mapping[str, Vectors], found: Mapping[str, Any]) -> dict[str, Any]:
    cosines = np.concatenate([(vectors[test] * exact[test]).sum(1) for test in exact])
    return {"cosine": {"mean": round(float(cosines.mean()), 4), "lowest": round(float(cosines.min()), 4)}, "found": found}


def _speed(towers: Mapping[str, Any], jobs: Mapping[str, tuple[int, Callable[[Any], Any]]], rounds: int) -> dict[str, Any]:
    results = {}
    for name, (rows, job) in jobs.items():
        runs = {way: partial(job, tower) for way, tower in towers.items()}
        for run in runs.values():
            run()
        results[name] = in_turn(runs, rounds, rows)
    return results


if __name__ == "__main__":
    sys.exit(main())
