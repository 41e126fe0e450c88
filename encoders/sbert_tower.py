"""`sbert:NAME-or-folder`: any sentence-transformers model, for text.

A model whose query and document prompts differ gives two towers over one network, with fingerprints of their own.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders.cards import find_card
from encoders.errors import ModelError
from encoders.fingerprint import file_sha256, fingerprint
from encoders.hub import from_hub
from encoders.plans import DualPlan, Networks, TextPlan, TowerPlan
from encoders.runtime import Blueprint, choose_runtime
from encoders.tokens import TokenBatches
from encoders.towers import Tower, checked_text
from encoders.vectors import Vectors, unit_rows

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

__all__ = ["plan_sbert"]

_DOCUMENT_PROMPTS = ("document", "passage", "corpus")  # as sentence-transformers looks for them
_NO_WEIGHTS = {".md", ".onnx", ".h5", ".msgpack", ".ot", ".png", ".xml"}  # nothing in these moves a vector
_LONGEST = 512  # tokens, for a model that names no limit of its own


def plan_sbert(spec: str, cache: Path) -> DualPlan:
    """Card id `sbert:NAME-or-folder` -> plan for text. Raises ModelError when the model cannot be had."""
    folder = _folder(spec.partition(":")[2])
    model = _load(folder, spec)
    mark = fingerprint(recipe="sbert-1", files=_digests(folder))
    query, document = _prompts(model)
    prompts = {query, document}
    excluded = any(getattr(module, "include_prompt", True) is False for module in model) and any(prompts)
    if type(model[0]).__name__ != "Transformer" or excluded:
        plans: list[TowerPlan] = [_WholeModel(model, mark, side) for side in ("query", "document")]
    else:
        plans = _text_plans(model, mark, (query, document))
    return DualPlan(find_card(spec), {("query", "text"): plans[0], ("candidate", "text"): plans[1]})


class _WholeModel:
    """A model of an unusual make, run by sentence-transformers itself: loaded before its plan is known."""

    modality = "text"

    def __init__(self, model: "SentenceTransformer", mark: str, side: str) -> None:
        self.dimension = int(model.get_embedding_dimension() or 0)
        self.fingerprint = fingerprint(network=mark, side=side)
        self.max_tokens = int(model.max_seq_length or _LONGEST)
        self.runtime = f"torch f32 on {model.device.type} (sentence-transformers runs this make of model itself)"
        self._encode = model.encode_query if side == "query" else model.encode_document

    def open(self, networks: Networks) -> Tower:
        """Nothing is left to open."""
        return self

    def encode(self, contents: Sequence[str]) -> Vectors:
        """Texts -> (n, d) float32, unit rows. Raises InputError for an empty text."""
        texts = [checked_text(text, place) for place, text in enumerate(contents)]
        return unit_rows(np.asarray(self._encode(texts, show_progress_bar=False)))


def _text_plans(model: "SentenceTransformer", mark: str, prompts: tuple[str, str]) -> list[TowerPlan]:
    longest = min(int(model.max_seq_length or _LONGEST), 8192)
    dimension = int(model.get_embedding_dimension() or 0)
    pad_id = getattr(model.tokenizer, "pad_token_id", None) or 0

    def ids(text: str) -> list[int]:
        tokens: list[int] = model.preprocess([text])["input_ids"][0].tolist()
        return tokens[:longest]

    special = len(ids("a")) - len(model.tokenizer("a", add_special_tokens=False)["input_ids"])
    rows = [np.array(ids(text)) for text in ["a black cat on a red chair " * 8, *["a dog beside a house " * 6] * 7]]
    width = min(longest, max(map(len, rows)) + 1)
    example = np.full((len(rows), width), pad_id, np.int64)
    mask = np.zeros_like(example)
    for row, tokens in enumerate(rows):
        example[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1
    varying = {0: "texts", 1: "length"}
    blueprint = Blueprint("sbert", mark, lambda: _embedding(model), (example, mask), (varying, varying))
    plans: dict[str, TowerPlan] = {}
    for prompt in prompts:
        tokens_left = longest - special - len(model.tokenizer(prompt, add_special_tokens=False)["input_ids"])
        plans[prompt] = TextPlan(
            blueprint,
            fingerprint(network=mark, prompt=prompt, length=longest, dimension=dimension),
            dimension,
            TokenBatches(ids, longest, pad_id),
            tokens_left,
            prompt,
            pad_id,
        )
    return [plans[prompt] for prompt in prompts]


def _embedding(model: "SentenceTransformer") -> Any:
    """(n, length) int64 ids and mask -> (n, d) float32 unit rows, as a torch module."""
    import torch

    class Embedding(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            answer = self.model({"input_ids": ids, "attention_mask": mask})["sentence_embedding"]
            return torch.nn.functional.normalize(answer, dim=-1)

    return Embedding()


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if name.startswith((".", "/", "~")) or "\\" in name:
        raise ModelError(f"there is no folder {name}. Give the folder of a sentence-transformers model, or its name")
    from huggingface_hub import snapshot_download

    repository = name if "/" in name else f"sentence-transformers/{name}"
    unused = ["*.onnx", "onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot"]
    return Path(from_hub(lambda: snapshot_download(repository, ignore_patterns=unused), f"the model {repository}"))


def _load(folder: Path, spec: str) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging as transformers_logging

    if not any((folder / name).is_file() for name in ("modules.json", "config.json")):
        raise ModelError(f"{folder} holds no sentence-transformers model: it has no modules.json and no config.json")
    transformers_logging.disable_progress_bar()  # reading a local file is no progress worth telling
    device = choose_runtime().device
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            return SentenceTransformer(str(folder), device=device, local_files_only=True).eval()
    except Exception as error:  # damaged files raise dozens of kinds
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise ModelError(f"the model {spec} in {folder} cannot be loaded: {reason}") from error


def _prompts(model: "SentenceTransformer") -> tuple[str, str]:
    """Find the prompts before a query and before a document, by the rules of sentence-transformers."""
    known = {name: prompt or "" for name, prompt in (model.prompts or {}).items()}
    default = known.get(model.default_prompt_name or "", "")
    query = known.get("query", default)
    document = next((known[name] for name in _DOCUMENT_PROMPTS if name in known), default)
    return query, document


def _digests(folder: Path) -> dict[str, str]:
    """Path inside the folder -> SHA-256 of every file that may move a vector."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    inner = [(path.relative_to(folder), path) for path in files]
    return {
        relative.as_posix(): file_sha256(path)
        for relative, path in inner
        if path.suffix not in _NO_WEIGHTS and not any(part.startswith(".") for part in relative.parts)
    }
