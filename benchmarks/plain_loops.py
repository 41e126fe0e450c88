"""The loops that most people write, to compare with: OpenCLIP's own loss in a plain loop, sentence-transformers' own trainer.

Both take the settings that `python -m encoders train` takes for the same row, so that nothing differs but the trainer.
"""

import json
import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.fine_tuning_rows import CLIP

__all__ = ["ARCHITECTURE", "make_clip", "register_clip", "train_open_clip", "train_sentence_transformers"]

ARCHITECTURE = "skybridge-icons"


def register_clip(folder: Path) -> None:
    """Make the small architecture known to OpenCLIP in this process."""
    import open_clip

    path = folder / f"{ARCHITECTURE}.json"
    path.write_text(json.dumps(CLIP), encoding="utf-8")
    open_clip.add_model_config(path)


def make_clip(weights: Path) -> None:
    """Write random weights for it, the same ones for the same release of torch."""
    import open_clip
    import torch

    torch.manual_seed(0)
    torch.save(open_clip.create_model(ARCHITECTURE).state_dict(), weights)


def train_open_clip(settings: Mapping[str, Any], weights: Path, out: Path, bf16: bool = False) -> dict[str, Any]:
    """Train with ClipLoss, AdamW and a cosine on a folder of pictures with captions; steps and seconds.

    No step looks at held-out data; what comes last is kept.
    """
    import open_clip
    import torch
    from open_clip.loss import ClipLoss
    from torch.utils.data import DataLoader

    asked = settings["optimiser"]
    model, _, preprocess = open_clip.create_model_and_transforms(ARCHITECTURE, pretrained=str(weights))
    tokenizer = open_clip.get_tokenizer(ARCHITECTURE)
    torch.manual_seed(settings["run"]["seed"])
    pairs = _Captioned(Path(settings["data"]["train"][0]), preprocess, tokenizer)
    loader = DataLoader(pairs, batch_size=asked["batch_size"], shuffle=True)
    decayed = [one for one in model.parameters() if one.ndim > 1]
    others = [one for one in model.parameters() if one.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": asked["weight_decay"]}, {"params": others, "weight_decay": 0.0}],
        lr=asked["learning_rate"],
    )
    steps = asked["epochs"] * len(loader)
    rising = round(steps * asked["warm_up"])
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: (
            (step + 1) / rising if step < rising else (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising))) / 2
        ),
    )
    loss_of = ClipLoss()
    began = time.perf_counter()
    model.train()
    for _ in range(asked["epochs"]):
        for pictures, texts in loader:
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
                loss = loss_of(*model(pictures, texts))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            schedule.step()
            with torch.no_grad():
                model.logit_scale.clamp_(0, math.log(100))
    seconds = time.perf_counter() - began
    out.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), out / "weights.pt")
    return {"steps": steps, "seconds": seconds}


class _Captioned:
    """Every caption with its picture, read anew each time."""

    def __init__(self, folder: Path, preprocess: Any, tokenizer: Any) -> None:
        rows = map(json.loads, (folder / "metadata.jsonl").read_text(encoding="utf-8").splitlines())
        self._pairs = [(folder / row["file_name"], text) for row in rows for text in row["text"]]
        self._preprocess, self._tokenizer = preprocess, tokenizer

    def __len__(self) -> int:
        return len(self._pairs)

    def __getitem__(self, place: int) -> tuple[Any, Any]:
        from PIL import Image

        path, text = self._pairs[place]
        with Image.open(path) as image:
            return self._preprocess(image), self._tokenizer([text])[0]


def train_sentence_transformers(settings: Mapping[str, Any], base: Path, out: Path, bf16: bool = False) -> dict[str, Any]:
    """Train with SentenceTransformerTrainer and MultipleNegativesRankingLoss on a table of texts; steps and seconds.

    It needs the package `datasets` beside sentence-transformers.
    """
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    asked = settings["optimiser"]
    rows = [json.loads(line) for line in Path(settings["data"]["train"][0]).read_text(encoding="utf-8").splitlines()]
    pairs = Dataset.from_dict({"anchor": [row["query"] for row in rows], "positive": [row["item"] for row in rows]})
    model = SentenceTransformer(str(base), device="cpu", local_files_only=True)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=SentenceTransformerTrainingArguments(
            output_dir=str(out / "trainer"),
            num_train_epochs=asked["epochs"],
            per_device_train_batch_size=asked["batch_size"],
            learning_rate=asked["learning_rate"],
            weight_decay=asked["weight_decay"],
            warmup_steps=round(asked["epochs"] * math.ceil(len(rows) / asked["batch_size"]) * asked["warm_up"]),
            lr_scheduler_type="cosine",
            max_grad_norm=1.0,
            use_cpu=True,
            bf16=bf16,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            seed=0,
        ),
        train_dataset=pairs,
        loss=MultipleNegativesRankingLoss(model, scale=1 / settings["loss"]["temperature"]),
    )
    began = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - began
    model.save_pretrained(str(out))
    return {"steps": trainer.state.global_step, "seconds": seconds}
