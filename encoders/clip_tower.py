"""`openclip:ARCH/TAG-or-file`: any OpenCLIP or SigLIP model.

A checkpoint file says nothing of how its pictures were prepared. That is taken from `open_clip_config.json` beside it,
where there is one (as hubs lay it out), else from the architecture's published tags where they all agree, else from
CLIP itself. A tokenizer that the architecture takes from a hub may lie beside the checkpoint, too (tokenizer.json or
tokenizer_config.json).
"""

import copy
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache as once
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from encoders.cards import find_card
from encoders.errors import ModelError
from encoders.fingerprint import file_sha256, fingerprint
from encoders.hub import from_hub
from encoders.picture import PictureSpec, patchwork
from encoders.plans import DualPlan, PicturePlan, TextPlan, on_both_sides
from encoders.runtime import Blueprint

if TYPE_CHECKING:
    import torch

__all__ = ["plan_openclip"]

_CHECKPOINTS = {".pt", ".pth", ".bin", ".safetensors", ".npz", ".ckpt"}
_FITS = {"shortest": "crop", "squash": "squash", "longest": "pad"}
_PREPROCESS = ("mean", "std", "interpolation", "resize_mode")
_TEXTS_A_CALL = 16
_NOT_OF_TEXTS = {"visual", "text_decoder", "logit_scale", "logit_bias"}


def plan_openclip(spec: str, cache: Path) -> DualPlan:
    """Card id `openclip:ARCH/TAG-or-file` -> plan. Raises ModelError when the model cannot be had."""
    with _quiet():
        architecture, weights, config, tag = _find(spec)
        preprocess = _preprocess(architecture, weights, tag)
        size, spec_of_pictures = _picture_spec(architecture, config, preprocess)
        tokenizer = _tokenizer(architecture, config, weights)
        sha256 = file_sha256(weights)
        quick_gelu = bool(config.get("quick_gelu") or (tag or {}).get("quick_gelu"))
        shared = {"recipe": "openclip-1", "weights": sha256, "config": config, "quick_gelu": quick_gelu}

        @once
        def model() -> Any:
            with _quiet():
                return _load(architecture, weights, quick_gelu)

        dimension = int(config["embed_dim"])
        picture_mark = fingerprint(side="image", preprocess=preprocess, size=size, **shared)
        text_mark = fingerprint(side="text", **shared)
        pixels = patchwork(4, size)
        pictures = Blueprint(
            "openclip-image",
            picture_mark,
            lambda: _pictures(model(), preprocess),
            (pixels,),
            ({0: "pictures"},),
        )
        example = _ids(tokenizer, ["a black cat on a red chair", "a dog"] * 4)
        texts = Blueprint("openclip-text", text_mark, lambda: _texts(model()), (example,), ({0: "texts"},))
    text = TextPlan(texts, text_mark, dimension, _token_batches(tokenizer), example.shape[1] - 2)
    image = PicturePlan(pictures, picture_mark, dimension, spec_of_pictures)
    return DualPlan(find_card(spec), on_both_sides(text, image))


def _find(spec: str) -> tuple[str, Path, dict[str, Any], dict[str, Any] | None]:
    """Card id -> architecture, checkpoint on this disk, configuration, and that of the tag, where there is one."""
    import open_clip

    architecture, _, weights = spec.partition(":")[2].partition("/")
    config = open_clip.get_model_config(architecture)
    if config is None:
        some = ", ".join(open_clip.list_models()[:200:20])
        raise ModelError(
            f"OpenCLIP has no architecture {architecture!r}. There are, for example: {some}; "
            "all of them: python -c 'import open_clip; print(open_clip.list_models())'"
        )
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    known = f"Pretrained tags of {architecture}: {', '.join(tags) or 'none'}"
    if not weights:
        raise ModelError(f"{spec} names no weights: write openclip:{architecture}/TAG or .../FILE. {known}")
    file = Path(weights).expanduser()
    if file.is_file():
        return architecture, file, config, None
    if weights not in tags:
        kind = "file" if file.suffix in _CHECKPOINTS or "/" in weights else "tag or file"
        raise ModelError(f"there is no {kind} {weights!r} for {architecture}. {known}")
    tag = open_clip.pretrained.get_pretrained_cfg(architecture, weights)
    return architecture, _download(architecture, weights, tag), config, tag


def _download(architecture: str, name: str, tag: Mapping[str, Any]) -> Path:
    from open_clip.pretrained import download_pretrained

    url = None if tag.get("hf_hub") else tag.get("url")
    what = f"the OpenCLIP weights {architecture}/{name}"
    return Path(from_hub(lambda: download_pretrained(dict(tag)), what, url))


def _preprocess(architecture: str, weights: Path, tag: Mapping[str, Any] | None) -> dict[str, Any]:
    """Say how this model's pictures are prepared: mean, std, interpolation, resize_mode."""
    from dataclasses import asdict

    import open_clip
    from open_clip.transform import PreprocessCfg

    chosen = {key: asdict(PreprocessCfg())[key] for key in _PREPROCESS}
    beside = weights.parent / "open_clip_config.json"
    if tag is None and beside.is_file():
        try:
            tag = json.loads(beside.read_text(encoding="utf-8")).get("preprocess_cfg", {})
        except (ValueError, AttributeError) as error:
            raise ModelError(f"{beside} is not the JSON that OpenCLIP writes: {error}") from error
    if tag is None:
        names = open_clip.list_pretrained_tags_by_model(architecture)
        tags = [open_clip.pretrained.get_pretrained_cfg(architecture, name) for name in names]
        said = {json.dumps({key: tag.get(key) for key in _PREPROCESS}) for tag in tags}
        tag = tags[0] if len(said) == 1 else {}
    chosen.update({key: tag[key] for key in _PREPROCESS if tag and tag.get(key) is not None})
    plain: dict[str, Any] = json.loads(json.dumps(chosen))  # lists for tuples, so that equal means equal marks
    return plain


def _picture_spec(architecture: str, config: Mapping[str, Any], preprocess: Mapping[str, Any]) -> tuple[int, PictureSpec]:
    size = config["vision_cfg"].get("image_size", 224)
    if isinstance(size, list | tuple):
        if len(set(size)) != 1:
            raise ModelError(f"{architecture} takes pictures of {size} pixels; only squares can be prepared here")
        size = size[0]
    fit, resample = _FITS.get(preprocess["resize_mode"]), preprocess["interpolation"]
    if fit is None or resample not in ("bilinear", "bicubic"):
        raise ModelError(f"{architecture} resizes by {preprocess['resize_mode']}, {resample}: unknown here")
    return size, PictureSpec(size=size, fit=fit, resample=resample)  # type: ignore[arg-type]  # checked just above


def _tokenizer(architecture: str, config: Mapping[str, Any], weights: Path) -> Any:
    import open_clip
    from open_clip.tokenizer import HFTokenizer

    text = config.get("text_cfg", {})
    folder = weights.parent
    if text.get("hf_tokenizer_name") and any((folder / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json")):
        length = text.get("context_length", 77)
        return HFTokenizer(
            str(folder),
            context_length=length,
            tokenizer_mode=text.get("tokenizer_mode"),
            **text.get("tokenizer_kwargs", {}),
        )
    if text.get("hf_tokenizer_name"):
        return from_hub(lambda: open_clip.get_tokenizer(architecture), f"the tokenizer of {architecture}")
    return open_clip.get_tokenizer(architecture)


def _ids(tokenizer: Any, texts: Sequence[str]) -> NDArray[np.int64]:
    """(n, context length) int64 for n texts."""
    ids: NDArray[np.int64] = tokenizer(list(texts)).numpy().astype(np.int64)
    return ids


def _token_batches(
    tokenizer: Any,
) -> Callable[[Sequence[str]], Iterator[tuple[list[int], tuple[NDArray[Any]]]]]:
    def batches(texts: Sequence[str]) -> Iterator[tuple[list[int], tuple[NDArray[Any]]]]:
        for start in range(0, len(texts), _TEXTS_A_CALL):
            places = list(range(start, min(start + _TEXTS_A_CALL, len(texts))))
            yield places, (_ids(tokenizer, [texts[place] for place in places]),)

    return batches


def _load(architecture: str, weights: Path, quick_gelu: bool) -> "torch.nn.Module":
    import open_clip

    try:
        model: torch.nn.Module = open_clip.create_model(
            architecture, pretrained=str(weights), force_quick_gelu=quick_gelu, pretrained_text=False
        )
    except Exception as error:  # a checkpoint of another architecture, a damaged file, a pickle with code in it
        reason = " ".join(str(error).split())[:300]
        raise ModelError(f"{weights} cannot be loaded as {architecture}: {reason}") from error
    return model.eval()


def _side(model: Any, unused: set[str]) -> Any:
    """One of the two towers alone: a copy, sharing weights, without what only the other one uses."""
    side = copy.copy(model)
    for kind in ("_modules", "_parameters"):
        vars(side)[kind] = {name: part for name, part in vars(model)[kind].items() if name not in unused}
    return side


def _pictures(model: Any, preprocess: Mapping[str, Any]) -> "torch.nn.Module":
    """(n, size, size, 3) uint8 RGB -> (n, d) float32, unit rows, as a torch module."""
    import torch

    from encoders.pixels import NormalisedPictures

    others = {name for name, _ in [*model.named_children(), *model.named_parameters(recurse=False)]} - {"visual"}

    class Pictures(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = _side(model, others)

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.model.encode_image(pictures, normalize=True)
            return answer

    return NormalisedPictures(Pictures(), preprocess["mean"], preprocess["std"])


def _texts(model: Any) -> "torch.nn.Module":
    """(n, context length) int64 ids -> (n, d) float32, unit rows, as a torch module."""
    import torch

    class Texts(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = _side(model, _NOT_OF_TEXTS)

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.model.encode_text(ids, normalize=True)
            return answer

    return Texts()


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep quiet what OpenCLIP and timm log, and torch warns, about: no user of this can change it."""
    logger, before = logging.getLogger(), logging.root.manager.disable
    handlers = list(logger.handlers)
    with warnings.catch_warnings():
        for kind in (FutureWarning, DeprecationWarning, UserWarning):
            warnings.simplefilter("ignore", kind)
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)
            logger.handlers[:] = handlers
