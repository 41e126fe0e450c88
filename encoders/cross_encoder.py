"""A cross-encoder: one network reads query and passage together. Better than two towers, and far too slow for more than a few.

Any model of sentence-transformers' kind that gives one number (Nogueira and Cho 2019): a folder, or a name on the hub. Such
models are trained with a sigmoid on that number, so it is the logarithm of the odds that the passage answers the query.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from encoders.errors import MissingDependency, ModelError
from encoders.hub import from_hub
from encoders.runtime import choose_runtime

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder

__all__ = ["CrossReader", "load_cross_encoder"]

_LONGEST = 512  # tokens of query and passage, for a model that names no limit of its own
_A_CALL = 16
_UNUSED = ["*.onnx", "onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot"]
_OFFLINE = "What works offline: the folder of a cross-encoder, the folder of a trained interaction layer, or no reranker"


class CrossReader:
    """A cross-encoder that is loaded."""

    def __init__(self, model: "CrossEncoder") -> None:
        self._model = model

    def log_odds(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """A text and n passages -> (n,) float32: log odds that each answers it. What is too long is cut."""
        import torch

        if not len(passages):
            return np.empty(0, np.float32)
        found = self._model.predict(
            [(query, passage) for passage in passages],
            batch_size=_A_CALL,
            activation_fn=torch.nn.Identity(),
            show_progress_bar=False,
        )
        scores = np.asarray(found, np.float32).reshape(-1)
        if not np.isfinite(scores).all():
            raise ModelError("the cross-encoder answers with numbers that are none: its weights are damaged. Take another one")
        return scores


def load_cross_encoder(name: str) -> CrossReader:
    """Load a cross-encoder by the name of its folder or its name on the hub ("cross-encoder/" may be left out).

    Raises ModelError when it cannot be had, is damaged or gives more than one number; within seconds without network.
    """
    folder = _folder(name)
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder} holds no cross-encoder: it has no config.json")
    try:
        from sentence_transformers import CrossEncoder
    except ImportError as error:
        raise MissingDependency("sentence-transformers", "reranking by a cross-encoder") from error
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    try:
        model = CrossEncoder(str(folder), device=choose_runtime().device, local_files_only=True)
    except Exception as error:  # damaged files raise dozens of kinds
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
        raise ModelError(f"the cross-encoder {name} in {folder} cannot be loaded: {reason}") from error
    if model.num_labels != 1:
        raise ModelError(f"the cross-encoder {name} gives {model.num_labels} numbers, and reranking needs one that gives one")
    model.max_seq_length = min(int(model.max_seq_length or _LONGEST), _LONGEST)
    return CrossReader(model.eval())


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if name.startswith((".", "/", "~")) or "\\" in name:
        raise ModelError(f"there is no folder {name}. Give the folder of a reranker, or the name of a cross-encoder")
    from huggingface_hub import snapshot_download

    repository = name if "/" in name else f"cross-encoder/{name}"
    return Path(
        from_hub(lambda: snapshot_download(repository, ignore_patterns=_UNUSED), f"the reranker {repository}", offline=_OFFLINE)
    )
