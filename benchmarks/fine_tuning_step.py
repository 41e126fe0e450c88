"""One row of the fine-tuning benchmark, in a process of its own: `python -m benchmarks.fine_tuning_step ROW DIR`."""

import contextlib
import io
import json
import pickle
import resource
import shutil
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.fine_tuning_rows import ROWS, Row, settings_of

__all__ = ["bases", "main"]


def bases(work: Path) -> dict[str, str]:
    """Table -> the card that its rows start from."""
    from benchmarks.plain_loops import ARCHITECTURE
    from encoders.packaged import MINILM

    clip = f"openclip:{ARCHITECTURE}/{work / 'clip' / 'random.pt'}"
    return {"starter": "starter", "asked": "starter", "clip": clip, "texts": f"sbert:{MINILM.find().parent}"}


def main(arguments: list[str]) -> int:
    """Train and judge one row; what was measured goes to DIR/rows."""
    name, folder = arguments[:2]
    quick = arguments[2:] == ["--quick"]
    work, row = Path(folder), next(one for one in ROWS if one.name == name)
    if row.table == "clip":
        _ready_clip(work / "clip")
    settings = settings_of(row, work, bases(work), quick)
    cost = {} if row.how == "nothing" else {**_train(row, settings, work), **_cost()}
    (work / "rows" / f"{name}.cost.json").write_text(json.dumps(cost), encoding="utf-8")
    _judge(row, settings, work)
    return 0


def _cost() -> dict[str, int]:
    """Peak memory in MB and CPU seconds of this process so far, start included."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "peak_mb": round(used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)),
        "cpu_seconds": round(used.ru_utime + used.ru_stime),
    }


def _ready_clip(folder: Path) -> None:
    from benchmarks.plain_loops import make_clip, register_clip

    folder.mkdir(exist_ok=True)
    register_clip(folder)
    if not (folder / "random.pt").exists():
        make_clip(folder / "random.pt")


def _train(row: Row, settings: dict[str, Any], work: Path) -> dict[str, Any]:
    from benchmarks.plain_loops import train_open_clip, train_sentence_transformers

    out = work / "runs" / row.name
    shutil.rmtree(out, ignore_errors=True)  # of a row that was stopped half-way: its seconds would be those of two sittings
    if row.how == "open_clip":
        return train_open_clip(settings, work / "clip" / "random.pt", out, row.bf16)
    if row.how == "sentence_transformers":
        return train_sentence_transformers(settings, Path(bases(work)["texts"].partition(":")[2]), out, row.bf16)
    from encoders.__main__ import main as encoders
    from encoders.training.config_file import parse_config, write_config

    config = work / "rows" / f"{row.name}.toml"
    config.write_text(write_config(parse_config(settings)), encoding="utf-8")
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = encoders(["train", str(config), "--cache", str(work / "networks"), "--json"])
    if code:
        raise SystemExit(code)
    outcome = json.loads(said.getvalue())
    return {key: outcome[key] for key in ("steps", "best_step", "seconds", "parameters", "precision", "pairs")}


def _judge(row: Row, settings: dict[str, Any], work: Path) -> None:
    """Measure with this project's evaluation, whoever trained it: text to picture, or name to tags."""
    from encoders.evaluation.run import FORWARD, evaluate
    from encoders.loading import load_encoder
    from encoders.training.pair_files import read_pairs

    exam = {"asked": "asked-exam.jsonl", "texts": "texts-exam.jsonl", "clip": "small-exam"}.get(row.table, "exam")
    popularity = None
    if row.table == "asked":
        popularity = Counter(pair.item_id for pair in read_pairs(settings["data"]["train"]).pairs)
    encoder = load_encoder(_card(row, work), work / "networks")
    found = evaluate(encoder, read_pairs([work / "collection" / exam]), (FORWARD,), popularity=popularity)
    with (work / "rows" / f"{row.name}.judged.pickle").open("wb") as file:
        pickle.dump({"evaluation": found, "popularity": popularity}, file)


def _card(row: Row, work: Path) -> str:
    out = work / "runs" / row.name
    if row.how == "nothing":
        return bases(work)[row.table]
    if row.how == "open_clip":
        return f"{bases(work)['clip'].partition('/')[0]}/{out / 'weights.pt'}"
    return f"sbert:{out}" if row.how == "sentence_transformers" else f"trained:{out}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
