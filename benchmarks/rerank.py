"""What a second look gains and costs: `python -m benchmarks.rerank --recipe FOLDER --out benchmarks/results/rerank.json`.

Pictures: the interaction layer on Open Clip Art, text to picture, over the starter's own vectors; measured on the 800 drawings
that the starter's bridge never saw (`encoders.recipe`). It is trained twice, since it matters on what:

- on the drawings that the bridge was trained on, of which there are many, and whose vectors fit their captions too well;
- on held-out drawings themselves, in five folds of whole groups, each judged by a layer that saw nothing of it.

Passages: the time alone, of a cross-encoder of the usual size with random weights, since none could be downloaded where this
ran; of quality such a one says nothing. The processor's time stands beside the clock's, for machines that others use, too.

FOLDER is the recipe's; features are computed there if they are not yet.
"""

import argparse
import json
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.machine import describe_machine
from benchmarks.material import write_pages
from encoders.bridge import load_bridge, load_last_stage
from encoders.bundled import bundled
from encoders.cross_encoder import load_cross_encoder
from encoders.evaluation.bootstrap import difference_interval, interval, permutation_p
from encoders.evaluation.metrics import Ranking, hits_at, reciprocal_ranks
from encoders.interaction import Interaction
from encoders.packaged import MINILM_TOKENIZER
from encoders.plans import Networks
from encoders.recipe.drawings import Drawing, full_caption
from encoders.recipe.features import compute_features
from encoders.recipe.kept import alone, through_last
from encoders.recipe.material import HELD_OUT_CLIPART, staged_network
from encoders.recipe.open_clipart import read_open_clipart
from encoders.recipe.split import group_drawings, hold_out
from encoders.starter_tower import PICTURE_SPEC, plan_minilm
from encoders.training.batches import tabulate
from encoders.training.config import OptimiserSettings, TrainConfig
from encoders.training.pairs import Pair, PairSet
from encoders.training.precision import Precision
from encoders.training.progress import Progress, Quiet
from encoders.training.reranker import Encoded, fit_interaction, rank_again
from encoders.vectors import Vectors
from indexer.store import open_store
from indexer.store.base import Manifest
from search.rerank import DEPTH

__all__ = ["main"]

_FOLDS = 5
_CHOOSING = 0.1  # of what a layer is trained on, kept apart to choose its best moment
_EPOCHS = 6
_TIMED = 200
_WORDS = 180  # of a passage: about as many tokens as the starter's passages have
_PRECISION = Precision("cpu", "f32", "a benchmark")
_METRICS: dict[str, Callable[[Ranking], NDArray[np.float64]]] = {
    "R@1": lambda ranking: hits_at(ranking, 1),
    "R@10": lambda ranking: hits_at(ranking, 10),
    "MRR": reciprocal_ranks,
}


class _Log(Quiet):
    def say(self, line: str) -> None:
        """Say it on stderr."""
        print(line, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class _Gallery:
    """Drawings with their vectors, and the vectors of all captions."""

    drawings: Sequence[Drawing]
    groups: NDArray[np.int64]
    pictures: Vectors
    captions: dict[str, NDArray[np.float32]]

    def pairs(self, name: str, places: Sequence[int]) -> PairSet:
        """Title to drawing, and title with keywords to drawing; items stand for themselves by their number."""
        rows = [
            Pair(caption, str(place), str(place), group=str(self.groups[place]))
            for place in places
            for caption in dict.fromkeys((_title(self.drawings[place]), full_caption(self.drawings[place])))
        ]
        return PairSet(name, tuple(rows))

    def encoded(self, pairs: PairSet) -> Encoded:
        table = tabulate(pairs)
        queries = np.stack([self.captions[str(query)] for query in table.queries])
        return Encoded(table, queries, self.pictures[[int(str(item)) for item in table.items]])


def _title(drawing: Drawing) -> str:
    return drawing.name or full_caption(drawing)


def _gather(folder: Path, progress: Progress) -> tuple[_Gallery, NDArray[np.int64], NDArray[np.int64]]:
    drawings = read_open_clipart(folder / "packages")
    kept = folder / "features"
    kept.mkdir(parents=True, exist_ok=True)
    network = staged_network(folder / "networks")
    features = compute_features("clipart", drawings, network, PICTURE_SPEC, 0, kept, _every(progress, len(drawings)))[:, 0]
    groups = group_drawings(drawings, alone(features))
    weights = bundled("starter").find()
    bridge, last = load_bridge(weights), load_last_stage(weights)
    with torch.no_grad():
        pieces = [bridge(torch.from_numpy(through_last(features[at : at + 512], last))) for at in range(0, len(features), 512)]
    tower = plan_minilm().open(Networks(folder / "networks"))
    texts = list(dict.fromkeys(text for one in drawings for text in (_title(one), full_caption(one))))
    progress.say(f"{len(drawings)} drawings, {len(texts)} captions to encode")
    vectors = np.concatenate([tower.encode(texts[at : at + 512]) for at in range(0, len(texts), 512)])
    gallery = _Gallery(drawings, groups, torch.cat(pieces).numpy(), dict(zip(texts, vectors, strict=True)))
    return gallery, *hold_out(groups, HELD_OUT_CLIPART, 0)


def _every(progress: Progress, total: int) -> Callable[[int], None]:
    return lambda done: progress.say(f"features: {done} of {total}") if done % 500 == 0 else None


def _fit(gallery: _Gallery, places: Sequence[int], epochs: int, progress: Progress) -> tuple[Interaction, dict[str, Any]]:
    config = TrainConfig(optimiser=OptimiserSettings(epochs=epochs))
    train, choosing = gallery.pairs("clip art", places).split(_CHOOSING)
    prints = {"text": "minilm"}, {"image": "bridge"}
    fitted = fit_interaction(config, gallery.encoded(train), gallery.encoded(choosing), prints, _PRECISION, progress)
    about = {"pairs": len(train.pairs), "steps": fitted.steps, "best_step": fitted.best.step, "seconds": fitted.seconds,
             "chosen_by": [fitted.before.recall, fitted.best.recall]}  # fmt: skip
    return fitted.layer, about


def _ask(gallery: _Gallery, held_out: Sequence[int], asked: Sequence[int], layer: Interaction | None) -> dict[str, Any]:
    """Metric -> one number for each query whose first drawing is among `asked`, ranking all held-out drawings."""
    queries: dict[str, set[int]] = {}
    for column, place in enumerate(held_out):
        for caption in dict.fromkeys((_title(gallery.drawings[place]), full_caption(gallery.drawings[place]))):
            queries.setdefault(caption, set()).add(column)
    chosen = set(asked)
    mine = {text: right for text, right in queries.items() if held_out[min(right)] in chosen}
    vectors = np.stack([gallery.captions[text] for text in mine])
    truth = tuple(map(frozenset, mine.values()))
    ranking = rank_again(layer, vectors, gallery.pictures[list(held_out)], truth, DEPTH)
    groups = [int(gallery.groups[held_out[min(right)]]) for right in mine.values()]
    return {"groups": groups, **{name: metric(ranking).tolist() for name, metric in _METRICS.items()}}


def _compare(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _METRICS:
        one, two, groups = before[name], after[name], before["groups"]
        found[name] = {
            "before": _rounded([np.mean(one), *interval(one, groups)]),
            "after": _rounded([np.mean(two), *interval(two, groups)]),
            "difference": _rounded([np.mean(two) - np.mean(one), *difference_interval(two, one, groups)]),
            "p": round(permutation_p(two, one, groups), 4),
        }
    return found


def _rounded(numbers: Sequence[float]) -> list[float]:
    return [round(float(number), 4) for number in numbers]


def _pictures(folder: Path, progress: Progress) -> dict[str, Any]:
    gallery, train, held_out = _gather(folder, progress)
    held = held_out.tolist()
    before = _ask(gallery, held, held, None)
    layer, about = _fit(gallery, train.tolist(), _EPOCHS, progress)
    seen = {**about, **_compare(before, _ask(gallery, held, held, layer))}
    own = np.unique(gallery.groups[held_out])
    np.random.default_rng(0).shuffle(own)
    parts = [[place for place in held if gallery.groups[place] in set(fold.tolist())] for fold in np.array_split(own, _FOLDS)]
    answers: list[tuple[dict[str, Any], dict[str, Any]]] = []
    folds = []
    for part in parts:
        fold_layer, fold = _fit(gallery, [place for place in held if place not in set(part)], 4 * _EPOCHS, progress)
        folds.append(fold)
        answers.append((_ask(gallery, held, part, None), _ask(gallery, held, part, fold_layer)))
    joined = [{name: [one for answer in answers for one in answer[side][name]] for name in before} for side in (0, 1)]
    return {
        "drawings": len(gallery.drawings),
        "held_out": len(held),
        "queries": len(before["groups"]),
        "depth": DEPTH,
        "trained on the bridge's own drawings": seen,
        "trained on drawings new to the bridge": {"folds": folds, **_compare(*joined)},
        "ms": _time_layer(layer, gallery),
    }


def _time_layer(layer: Interaction, gallery: _Gallery) -> dict[str, float]:
    """Milliseconds of a query: 50 vectors out of the collection, and the layer over them."""
    rng = np.random.default_rng(0)
    queries = np.stack(list(gallery.captions.values())[:_TIMED])
    count = len(gallery.pictures)
    ids = [f"00000000-0000-0000-0000-{place:012}" for place in range(count)]
    fetching, looking = [], []
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(Path(folder) / "main", "main")
        store.create(Manifest("starter", "starter", gallery.pictures.shape[1], {}, {"image": "bridge"}))
        payloads = [{"modality": "image", "paths": [f"/{place}.png"], "names": []} for place in range(count)]
        store.upsert(ids, gallery.pictures, payloads)
        for query in queries:
            wanted = [ids[place] for place in rng.choice(count, DEPTH, replace=False)]
            began = time.perf_counter()
            rows = np.stack([one.vector for one in store.retrieve(wanted, with_vectors=True) if one.vector is not None])
            fetched = time.perf_counter()
            layer.corrections(query, rows)
            fetching.append(fetched - began)
            looking.append(time.perf_counter() - fetched)
        store.close()
    return {"fetch": _median_ms(fetching), "layer": _median_ms(looking)}


def _passages() -> dict[str, Any]:
    """Milliseconds of a random cross-encoder of MiniLM's size, 6 layers of 384, over 50 passages."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    torch.manual_seed(0)
    shape = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12, "intermediate_size": 1536}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "model"
        BertForSequenceClassification(BertConfig(num_labels=1, **shape)).save_pretrained(folder)
        BertTokenizerFast(tokenizer_file=str(MINILM_TOKENIZER.find())).save_pretrained(folder)
        reader = load_cross_encoder(str(folder))
        write_pages(Path(name) / "pages", DEPTH, _WORDS)
        passages = [path.read_text(encoding="utf-8") for path in sorted((Path(name) / "pages").rglob("*.txt"))]
        reader.log_odds("how are numbers sorted", passages[:2])
        clock, processor = [], []
        for _ in range(3):
            began, busy = time.perf_counter(), time.process_time()
            reader.log_odds("how are numbers sorted", passages)
            clock.append(time.perf_counter() - began)
            processor.append(time.process_time() - busy)
    return {"passages": len(passages), "words": _WORDS, "ms": _median_ms(clock), "processor_ms": _median_ms(processor)}


def _median_ms(seconds: Sequence[float]) -> float:
    return round(1000 * statistics.median(seconds), 2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write what came of it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rerank", description=__doc__.split("\n")[0])
    parser.add_argument("--recipe", type=Path, required=True, metavar="FOLDER", help="the folder of encoders.recipe")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where the results go, as JSON")
    chosen = parser.parse_args(arguments)
    logging.getLogger("transformers").setLevel(logging.ERROR)
    results = {"machine": describe_machine(), "pictures": _pictures(chosen.recipe, _Log()), "passages": _passages()}
    text = json.dumps(results, indent=2) + "\n"
    print(text)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
