"""Passages through MiniLM: this project's text tower against sentence-transformers' `encode`, the same weights, in turns.

python -m benchmarks.performance_passages SIDE COUNT WORK OUT      one turn; SIDE: ours, sentence-transformers
"""

import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.material import write_pages
from benchmarks.performance_cost import cost_of, keep
from benchmarks.performance_sizes import Size
from benchmarks.performance_turns import compare_vectors, take_turns

__all__ = ["measure"]

_WORDS = (20, 180)  # of a passage


def measure(work: Path, size: Size) -> dict[str, Any]:
    """Both sides' costs, and the cosines between their vectors."""
    commands = {
        side: [sys.executable, "-m", "benchmarks.performance_passages", side, str(size.passages), str(work)]
        for side in ("ours", "sentence-transformers")
    }
    rounds = take_turns(commands, work, f"passages-{size.passages}", size.repeats)
    return {"sides": rounds.costs, **compare_vectors(rounds.vectors["ours"], rounds.vectors["sentence-transformers"])}


def passages(work: Path, count: int) -> list[str]:
    """As many English passages, of 20 to 180 words each."""
    dice, words = random.Random(0), []
    folder = work / f"pages-{count}"
    write_pages(folder, max(2, count // 4))
    for page in sorted(folder.rglob("*.txt")):
        words += page.read_text(encoding="utf-8").split()
    starts = [dice.randrange(len(words) - _WORDS[1]) for _ in range(count)]
    return [" ".join(words[start : start + dice.randint(*_WORDS)]) for start in starts]


def main(side: str, count: str, work: str, out: str) -> None:
    """Write OUT.json and OUT.npz. Models are loaded and warm before the clock starts."""
    texts = passages(Path(work), int(count))
    kept: list[np.ndarray] = []
    if side == "ours":
        from encoders import load_encoder

        tower = load_encoder("starter", Path(work) / "models")
        tower.encode_candidates("text", texts[:8])
        cost = cost_of(lambda: kept.append(tower.encode_candidates("text", texts)))
    else:
        from sentence_transformers import SentenceTransformer

        from encoders.packaged import MINILM

        model = SentenceTransformer(str(MINILM.find().parent), device="cpu", local_files_only=True)
        model.encode(texts[:8])
        cost = cost_of(lambda: kept.append(np.asarray(model.encode(texts, normalize_embeddings=True))))
    keep(out, cost, len(texts))
    np.savez(f"{out}.npz", names=[str(place) for place in range(len(texts))], vectors=kept[0])


if __name__ == "__main__":
    main(*sys.argv[1:])
