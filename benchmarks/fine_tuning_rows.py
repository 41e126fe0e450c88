"""The rows of the fine-tuning benchmark, as data: what trains, on what, with which settings, and what it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["CLIP", "ROWS", "Row", "settings_of"]

Section = Mapping[str, Mapping[str, Any]]

CLIP: Mapping[str, Any] = {
    "embed_dim": 128,
    "vision_cfg": {"image_size": 64, "layers": 3, "width": 128, "patch_size": 16, "head_width": 32},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 128, "heads": 4, "layers": 2},
}
"""A CLIP small enough to be trained from nothing on two cores."""


@dataclass(frozen=True)
class Row:
    """One line of a table."""

    name: str
    title: str
    table: Literal["starter", "asked", "clip", "texts"]
    how: Literal["nothing", "ours", "open_clip", "sentence_transformers"] = "ours"
    settings: Section = field(default_factory=dict)  # of `python -m encoders train`, over those of the table
    against: str = ""  # the row that it is compared with, query by query
    bf16: bool = False  # for the loops of others; ours says it in its settings
    seed: int = 0  # of what is drawn at random


_HARD = {"negatives": {"hard": 2}}
_LOGQ = {"loss": {"logq": "corrected"}}
_QUERY, _CANDIDATE, _BOTH = ({"model": {"train": side}} for side in ("query", "candidate", "both"))
_PLAIN = {"optimiser": {"precision": "f32"}}
_WHOLE = {"optimiser": {"micro_batch": 128, "precision": "f32"}}
_WHOLE_BF16 = {"optimiser": {"micro_batch": 128, "precision": "bf16"}}


def _merged(*sections: Section) -> dict[str, dict[str, Any]]:
    """Lay settings over each other, the last on top."""
    whole: dict[str, dict[str, Any]] = {}
    for one in sections:
        for name, values in one.items():
            whole[name] = {**whole.get(name, {}), **values}
    return whole


def _seeded(name: str, seed: int) -> str:
    return f"{name}-{seed}" if seed else name


def _titled(title: str, seed: int) -> str:
    return f"{title}, seed {seed}"


_SEEDS = range(6)  # from random weights, one run says little: the order of the pairs alone moves the result
ROWS = (
    Row("starter", "the starter as it comes", "starter", "nothing"),
    Row("query", "query tower", "starter", settings=_QUERY, against="starter"),
    Row("query-hard", "query tower, hard negatives", "starter", settings=_merged(_QUERY, _HARD), against="query"),
    Row("candidate", "candidate tower", "starter", settings=_CANDIDATE, against="starter"),
    Row("both", "both towers", "starter", settings=_BOTH, against="starter"),
    Row("both-hard", "both, hard negatives", "starter", settings=_merged(_BOTH, _HARD), against="both"),
    Row("both-logq", "both, logQ", "starter", settings=_merged(_BOTH, _LOGQ), against="both"),
    Row("both-hard-logq", "both, hard negatives and logQ", "starter", settings=_merged(_BOTH, _HARD, _LOGQ), against="both"),
    Row("asked-before", "the starter as it comes", "asked", "nothing"),
    Row("asked", "both towers", "asked", settings=_BOTH, against="asked-before"),
    Row("asked-logq", "both, logQ", "asked", settings=_merged(_BOTH, _LOGQ), against="asked"),
    Row(
        "asked-plain-logq", "both, logQ as first published", "asked",
        settings=_merged(_BOTH, {"loss": {"logq": "plain"}}), against="asked",
    ),
    Row("clip", "random weights", "clip", "nothing"),
    *(Row(_seeded("clip-open_clip", seed), _titled("plain OpenCLIP loop, f32", seed), "clip", "open_clip", against="clip",
          seed=seed) for seed in _SEEDS),
    *(Row(_seeded("clip-whole", seed), _titled("this trainer, f32, batches whole", seed), "clip", settings=_WHOLE,
          against=_seeded("clip-open_clip", seed), seed=seed) for seed in _SEEDS),
    Row("clip-parts", "this trainer, f32, in parts of 32", "clip", settings=_PLAIN, against="clip-open_clip"),
    Row("clip-open_clip-bf16", "plain OpenCLIP loop, bf16", "clip", "open_clip", against="clip", bf16=True),
    Row("clip-bf16", "this trainer, bf16, batches whole", "clip", settings=_WHOLE_BF16, against="clip-open_clip-bf16"),
    Row("texts", "MiniLM as it comes", "texts", "nothing"),
    Row("texts-st", "sentence-transformers' trainer, f32", "texts", "sentence_transformers", against="texts"),
    Row("texts-whole", "this trainer, f32, batches whole", "texts", settings=_WHOLE, against="texts-st"),
    Row("texts-st-bf16", "sentence-transformers' trainer, bf16", "texts", "sentence_transformers", against="texts", bf16=True),
    Row("texts-bf16", "this trainer, bf16, batches whole", "texts", settings=_WHOLE_BF16, against="texts-st-bf16"),
)  # fmt: skip
"""Every row, in the order they run and stand."""


def settings_of(row: Row, work: Path, bases: Mapping[str, str], quick: bool = False) -> dict[str, dict[str, Any]]:
    """Sections of the TOML that `python -m encoders train` takes; `bases`: table -> the card that it starts from.

    Data that choose the best moment are apart from those that train, and all epochs are run, as the other loops run them.
    """
    data = work / "collection"
    common: dict[str, dict[str, Any]] = {
        "model": {"base": bases[row.table]},
        "data": {"train": [str(data / "train")], "held_out_from": [str(data / "held-out")]},
        "run": {"out": str(work / "runs" / row.name), "features": str(work / "features"), "seed": row.seed},
    }
    if row.table == "asked":
        common["data"] = {"train": [str(data / "asked-train.jsonl")], "held_out_from": [str(data / "asked-held-out.jsonl")]}
    if row.table == "clip":
        common |= {
            "data": {"train": [str(data / "small-train")], "held_out_from": [str(data / "small-held-out")]},
            "model": {"base": bases["clip"], "train": "both", "shared": True, "learn": "full"},
            "optimiser": {
                "learning_rate": 1e-3, "weight_decay": 0.1, "batch_size": 128, "epochs": 8, "warm_up": 0.1, "patience": 0,
            },
        }  # fmt: skip
    if row.table == "texts":
        common |= {
            "data": {"train": [str(data / "texts-train.jsonl")], "held_out_from": [str(data / "texts-held-out.jsonl")]},
            "model": {"base": bases["texts"], "train": "both", "shared": True, "learn": "full"},
            # the loss of sentence-transformers: from query to item only, at a scale of 20 that stays
            "loss": {"both": False, "temperature": 0.05, "learn_temperature": False},
            "optimiser": {
                "learning_rate": 2e-5, "weight_decay": 0.01, "batch_size": 32, "epochs": 2, "warm_up": 0.1, "patience": 0,
            },
        }  # fmt: skip
    if quick:
        common["optimiser"] = {**common.get("optimiser", {}), "epochs": 1}
    return _merged(common, row.settings)
