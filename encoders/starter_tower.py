"""The `starter` model: MiniLM for text, EfficientNet-Lite2 and a trained bridge for pictures.

The two networks come from installed packages; the bridge between them (encoders/bridge.py) was trained by this project
(encoders/recipe/) and lies in encoders/weights/.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from encoders.bundled import Bundled, bundled
from encoders.cards import find_card
from encoders.fingerprint import fingerprint
from encoders.packaged import EFFICIENTNET, MINILM, MINILM_TOKENIZER
from encoders.picture import PictureSpec, patchwork
from encoders.plans import DualPlan, PicturePlan, TextPlan, on_both_sides
from encoders.runtime import Blueprint
from encoders.tokens import TokenBatches, read_tokenizer

if TYPE_CHECKING:
    import torch

__all__ = ["PICTURE_SPEC", "example_pictures", "plan_minilm", "plan_pictures", "plan_starter"]

# Size, share and filter of timm's configuration of tf_efficientnet_lite2; drawings are not cropped (encoders/picture.py).
PICTURE_SPEC = PictureSpec(size=260, fit="subject", crop=0.89, resample="bicubic")

_DIMENSION = 384
_MAX_LENGTH = 256  # tokens, special ones included: what the text network was trained on
_SPECIAL_TOKENS = 2


def plan_starter(spec: str, cache: Path) -> DualPlan:
    """Plan the starter. Raises MissingDependency without its packages and ModelError for damaged weights."""
    return DualPlan(find_card(spec), on_both_sides(plan_minilm(), plan_pictures(bundled("starter"))))


def plan_minilm() -> TextPlan:
    """Plan the text tower. Raises MissingDependency without its package and ModelError for damaged weights."""
    weights, tokenizer = MINILM.find(), MINILM_TOKENIZER.find()
    mark = fingerprint(
        recipe="minilm-1",
        weights=MINILM.sha256,
        tokenizer=MINILM_TOKENIZER.sha256,
        length=_MAX_LENGTH,
        dimension=_DIMENSION,
    )

    def build() -> "torch.nn.Module":
        from encoders.bert import load_minilm

        return load_minilm(weights)

    ids = np.array([[101, *[2304, 4937] * 31, 102], *[[101, *[4937] * 40, 102, *[0] * 22]] * 7], np.int64)
    varying = {0: "texts", 1: "length"}
    blueprint = Blueprint("minilm", mark, build, (ids, (ids > 0).astype(np.int64)), (varying, varying))
    tokens = TokenBatches(read_tokenizer(tokenizer, _MAX_LENGTH), _MAX_LENGTH, pad_id=0)
    return TextPlan(blueprint, mark, _DIMENSION, tokens, _MAX_LENGTH - _SPECIAL_TOKENS)


def plan_pictures(bridge: Bundled) -> PicturePlan:
    """Plan the picture tower over a bridge. Raises MissingDependency and ModelError like `plan_minilm`."""
    weights, heads = EFFICIENTNET.find(), bridge.find()
    mark = fingerprint(
        recipe="bridge-2",
        weights=EFFICIENTNET.sha256,
        bridge=bridge.sha256,
        size=PICTURE_SPEC.size,
        fit=PICTURE_SPEC.fit,
        crop=PICTURE_SPEC.crop,
        dimension=_DIMENSION,
    )

    def build() -> "torch.nn.Module":
        from encoders.bridge import load_bridge, load_last_stage
        from encoders.efficientnet import staged_efficientnet
        from encoders.headed import Headed

        return Headed(staged_efficientnet(weights, load_last_stage(heads)), load_bridge(heads))

    # bfloat16 is quicker (docs/models.md), but moves single pictures by as much as 0.03 in cosine
    blueprint = Blueprint("starter-image", mark, build, example_pictures(), ({0: "pictures"},), bfloat16=False)
    return PicturePlan(blueprint, mark, _DIMENSION, PICTURE_SPEC)


def example_pictures() -> tuple[np.ndarray]:
    """What the picture network takes: (4, 260, 260, 3) uint8."""
    return (patchwork(4, PICTURE_SPEC.size),)
