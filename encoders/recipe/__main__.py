"""`python -m encoders.recipe`: fetch public drawings, train the starter's bridge on them, measure it."""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from encoders.console import guarded
from encoders.errors import InputError

if TYPE_CHECKING:
    from encoders.recipe.training import BridgeRecipe

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code: 0 done, 1 an error with a message. Wrong usage exits with 2."""
    parser = argparse.ArgumentParser(
        prog="python -m encoders.recipe",
        description="Train the starter's bridge anew, on drawings that come from public packages.",
    )
    parser.add_argument(
        "command",
        choices=("train", "measure"),
        help="train the bridge, or measure one that is there; both write its sheet, the .json beside it",
    )
    parser.add_argument("--work", type=Path, required=True, metavar="DIR", help="keeps packages and features (3 GB)")
    parser.add_argument(
        "--bridge", type=Path, metavar="FILE", help="the bridge to write or measure (default: the starter's own)"
    )
    parser.add_argument("--card", choices=("starter", "starter-multilingual"), default="starter", help="which model's")
    parser.add_argument("--stamps", type=Path, metavar="DIR", help="measure starter-multilingual on Tux Paint's stamps, too")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="another setting of BridgeRecipe, to see what it does"
    )
    parser.add_argument("--photographs", type=Path, metavar="DIR", help="measure on these, named SYNSET_anything, too")
    chosen = parser.parse_args(arguments)

    def run() -> int:
        print(json.dumps(_run(chosen), indent=2))
        return 0

    return guarded(run, "stopped. The same command goes on with what is computed.")


def _run(chosen: argparse.Namespace) -> dict[str, Any]:
    if chosen.card == "starter-multilingual":
        from encoders.recipe.multilingual import make_multilingual

        train = chosen.command == "train"
        return make_multilingual(chosen.work, _Progress(), train, chosen.photographs, chosen.stamps)
    return _run_starter(chosen)


def _run_starter(chosen: argparse.Namespace) -> dict[str, Any]:
    from encoders.bridge import Bridge, load_bridge, load_last_stage, save_bridge
    from encoders.bundled import weights_path
    from encoders.efficientnet import load_efficientnet
    from encoders.packaged import EFFICIENTNET
    from encoders.recipe.classes import class_vectors
    from encoders.recipe.material import gather
    from encoders.recipe.measures import find_score_ranges, gather_tests, measure
    from encoders.recipe.prototypes import Prototypes
    from encoders.recipe.sheet import write_sheet
    from encoders.recipe.training import BridgeRecipe, train_bridge
    from encoders.stages import SEEN, LastStage
    from encoders.starter_tower import plan_minilm

    path = chosen.bridge or weights_path("starter")
    tell = _Progress()
    material = gather(chosen.work, plan_minilm(), tell)
    tests = gather_tests(material, chosen.work, chosen.photographs)
    if chosen.command == "train":
        drawings = material.captioned()
        network = load_efficientnet(EFFICIENTNET.find())
        last = LastStage()
        last.copy_from(network)
        weight, bias = (tensor.detach().numpy() for tensor in network.classifier.parameters())
        prototypes = Prototypes(drawings.features[:, 0, :SEEN].astype("float32"), weight, bias)
        recipe = _changed(BridgeRecipe(), chosen.set)

        def on_epoch(epochs: int, bridge: Bridge, loss: float) -> None:
            tell(f"training: loss {loss:.3f}, epoch", epochs, recipe.epochs)

        vectors, captions = class_vectors(material.texts.of), material.class_captions()
        bridge = train_bridge(drawings, prototypes, vectors, captions, recipe, on_epoch, last)
        save_bridge(bridge, last, path)
    bridge, last = load_bridge(path), load_last_stage(path)
    quality = measure(bridge, last, tests, material.texts)
    write_sheet(path, quality, find_score_ranges(bridge, last, material, tests))
    return quality


def _changed(recipe: "BridgeRecipe", changes: Sequence[str]) -> "BridgeRecipe":
    """Take NAME=VALUE for fields of the recipe. Raises InputError for what is none."""
    kinds = {field.name: type(getattr(recipe, field.name)) for field in fields(recipe)}
    values: dict[str, Any] = {}
    for change in changes:
        name, _, value = change.partition("=")
        try:
            values[name] = kinds[name](value)
        except (KeyError, ValueError) as error:
            raise InputError(f"--set {change}: write NAME=NUMBER, with one of {', '.join(kinds)}") from error
    return replace(recipe, **values)


class _Progress:
    """A line on stderr, at most every few seconds unless something new begins or ends."""

    def __init__(self) -> None:
        self._last, self._said = 0.0, ""

    def __call__(self, what: str, done: int, of: int) -> None:
        now = time.monotonic()
        if now - self._last > 10 or done == of or what != self._said:
            print(f"{what}: {done:,} of {of:,}", file=sys.stderr, flush=True)
            self._last, self._said = now, what


if __name__ == "__main__":
    sys.exit(main())
