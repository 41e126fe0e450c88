"""Everything the recipe computes once, below one folder: drawings, their features, their captions' vectors, the split."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from encoders.packaged import EFFICIENTNET
from encoders.plans import Networks, TextPlan
from encoders.recipe.classes import class_texts
from encoders.recipe.drawings import Drawing, captions_of
from encoders.recipe.emoji import read_emoji
from encoders.recipe.features import compute_features
from encoders.recipe.kept import alone, kept_network, through_last
from encoders.recipe.open_clipart import read_open_clipart
from encoders.recipe.split import group_drawings, hold_out
from encoders.recipe.training import Captioned
from encoders.runtime import Blueprint
from encoders.stages import LastStage
from encoders.starter_tower import PICTURE_SPEC, example_pictures
from encoders.towers import AnyNetwork
from encoders.vectors import Vectors

__all__ = ["Material", "Texts", "gather", "held_out_drawings", "hold_out_emoji", "staged_network"]

HELD_OUT_CLIPART, HELD_OUT_EMOJI = 800, 300
_VIEWS = 2  # of each drawing of Open Clip Art, besides the one that is served
_SEED = 0
_TEXTS_A_CALL = 512

Tell = Callable[[str, int, int], None]
"""Hears (what is being done, how much of it, of how much)."""


@dataclass(frozen=True)
class Texts:
    """Every text that training uses, with its vector."""

    places: dict[str, int]
    vectors: Vectors  # (t, d) float32, unit rows

    def rows(self, texts: Sequence[str]) -> list[int]:
        """Rows of `vectors` for these texts."""
        return [self.places[text] for text in texts]

    def of(self, texts: Sequence[str]) -> Vectors:
        """(n, d) vectors of these texts."""
        found: Vectors = self.vectors[self.rows(texts)]
        return found


@dataclass(frozen=True)
class Material:
    """What training and measuring start from."""

    clipart: list[Drawing]
    clipart_features: NDArray[np.float16]  # (n, 1 + views, KEPT)
    emoji: list[Drawing]
    emoji_features: NDArray[np.float16]  # (n, 1, KEPT)
    texts: Texts
    train: NDArray[np.int64]  # places in `clipart`
    held_out: NDArray[np.int64]
    held_out_emoji: frozenset[str]  # keys

    def captioned(self, last: LastStage | None = None) -> Captioned:
        """The drawings to train on: clip art in all views, emoji in as many copies; with `last`, as that stage sees them."""
        kept = [place for place, drawing in enumerate(self.emoji) if drawing.key not in self.held_out_emoji]
        views = self.clipart_features.shape[1]
        drawings = [*(self.clipart[place] for place in self.train), *(self.emoji[place] for place in kept)]
        numbers = {key: number for number, key in enumerate(dict.fromkeys((one.source, one.key) for one in drawings))}
        things = {drawing.key: numbers[drawing.source, drawing.key] for drawing in drawings}
        features = [
            seen if last is None else np.stack([through_last(view, last) for view in seen.swapaxes(0, 1)], 1).astype(np.float16)
            for seen in (self.clipart_features[self.train], self.emoji_features[kept])
        ]
        return Captioned(
            np.concatenate([features[0], np.repeat(features[1], views, axis=1)]),
            np.array([things[drawing.key] for drawing in drawings]),
            [self.texts.rows(captions_of(drawing)) for drawing in drawings],
            self.texts.vectors,
        )

    def class_captions(self) -> list[list[int]]:
        """For each class, rows of the texts that name it."""
        return [self.texts.rows([*names, f"a photo of a {names[0]}"]) for names in class_texts()]


def staged_network(cache: Path) -> AnyNetwork:
    """(n, 260, 260, 3) uint8 -> (n, KEPT): the frozen picture network, on what runs best here."""
    mark = f"kept-{EFFICIENTNET.sha256[:12]}"

    def build() -> "torch.nn.Module":  # type: ignore[name-defined]  # noqa: F821 - torch is heavy
        return kept_network(EFFICIENTNET.find())

    blueprint = Blueprint("recipe-pictures", mark, build, example_pictures(), ({0: "pictures"},), bfloat16=False)
    return Networks(cache).open(blueprint)


def gather(
    folder: Path,
    text: TextPlan,
    tell: Tell,
    caption: Callable[[list[Drawing]], list[Drawing]] = lambda emoji: emoji,
    queries: Sequence[str] = (),
) -> Material:
    """Fetch, read, encode: hours the first time on a slow machine, seconds afterwards.

    `caption` may give emoji more captions; `queries` are further texts to encode, to measure with.
    """
    tell("fetching and reading drawings", 0, 1)
    clipart, emoji = read_open_clipart(folder / "packages"), caption(read_emoji(folder / "packages"))
    network = staged_network(folder / "networks")
    kept = folder / "features"
    kept.mkdir(parents=True, exist_ok=True)

    def features(name: str, drawings: list[Drawing], views: int) -> NDArray[np.float16]:
        def on_progress(done: int) -> None:
            tell(f"{name}: pictures through the network", done, len(drawings))

        return compute_features(name, drawings, network, PICTURE_SPEC, views, kept, on_progress)

    clipart_features = features("clipart", clipart, _VIEWS)
    emoji_features = features("emoji", emoji, 0)
    wanted = [caption for drawing in (*clipart, *emoji) for caption in captions_of(drawing)]
    wanted += [text for names in class_texts() for text in (*names, f"a photo of a {names[0]}")]
    wanted += queries
    train, held_out = hold_out(group_drawings(clipart, alone(clipart_features[:, 0])), HELD_OUT_CLIPART, _SEED)
    return Material(
        clipart,
        clipart_features,
        emoji,
        emoji_features,
        _texts(wanted, text, folder, tell),
        train,
        held_out,
        hold_out_emoji(emoji),
    )


def hold_out_emoji(emoji: Sequence[Drawing]) -> frozenset[str]:
    """Keys of the emoji that training never sees."""
    keys = sorted({drawing.key for drawing in emoji})
    np.random.default_rng(_SEED).shuffle(keys)
    return frozenset(keys[:HELD_OUT_EMOJI])


def held_out_drawings(folder: Path, tell: Tell) -> tuple[list[Drawing], list[int]]:
    """Every picture that training never saw, clip art before emoji, and a number for each that look-alikes share.

    `folder` is the recipe's: what is there is used, so that the split is the one that the starter was trained with.
    """
    clipart, emoji = read_open_clipart(folder / "packages"), read_emoji(folder / "packages")
    network = staged_network(folder / "networks")

    def on_progress(done: int) -> None:
        tell("clipart: pictures through the network", done, len(clipart))

    (folder / "features").mkdir(parents=True, exist_ok=True)
    features = compute_features("clipart", clipart, network, PICTURE_SPEC, _VIEWS, folder / "features", on_progress)
    groups = group_drawings(clipart, alone(features[:, 0]))
    _, held_out = hold_out(groups, HELD_OUT_CLIPART, _SEED)
    kept = hold_out_emoji(emoji)
    drawn = [drawing for drawing in emoji if drawing.key in kept]
    numbers = {key: len(clipart) + number for number, key in enumerate(sorted(kept))}
    drawings = [*(clipart[place] for place in held_out.tolist()), *drawn]
    return drawings, [*groups[held_out].tolist(), *(numbers[drawing.key] for drawing in drawn)]


def _texts(wanted: list[str], plan: TextPlan, folder: Path, tell: Tell) -> Texts:
    texts = list(dict.fromkeys(wanted))
    path = folder / f"texts-{plan.fingerprint}.npz"
    known: dict[str, int] = {}
    vectors = np.empty((0, plan.dimension), np.float32)
    if path.is_file():
        with np.load(path) as saved:
            known = {text: place for place, text in enumerate(saved["texts"].tolist())}
            vectors = saved["vectors"].astype(np.float32)
    missing = [text for text in texts if text not in known]
    if missing:
        tower = plan.open(Networks(folder / "networks"))
        rows = []
        for start in range(0, len(missing), _TEXTS_A_CALL):
            rows.append(tower.encode(missing[start : start + _TEXTS_A_CALL]))
            tell("captions through the text tower", min(start + _TEXTS_A_CALL, len(missing)), len(missing))
        vectors = np.concatenate([vectors, *rows])
        known |= {text: len(known) + place for place, text in enumerate(missing)}
        half = path.with_suffix(".half.npz")
        np.savez(half, texts=np.array(list(known)), vectors=vectors.astype(np.float16))
        half.rename(path)
    return Texts(known, vectors)
