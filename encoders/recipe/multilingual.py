"""Making `starter-multilingual`: a head for the text tower where languages meet, then a bridge to it like the starter's."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from encoders.bridge import Bridge, load_bridge, load_last_stage, save_bridge
from encoders.bundled import weights_path
from encoders.efficientnet import load_efficientnet
from encoders.multilingual_tower import NAME, TEXT_NAME, plan_e5
from encoders.packaged import EFFICIENTNET
from encoders.recipe.classes import class_texts, class_vectors
from encoders.recipe.drawings import Drawing
from encoders.recipe.features import compute_features
from encoders.recipe.languages import LANGUAGES, in_languages, names_in, read_stamps, same_things
from encoders.recipe.material import Material, Tell, Texts, gather, staged_network
from encoders.recipe.measures import RetrievalTest, find_score_ranges, gather_tests, measure
from encoders.recipe.prototypes import Prototypes
from encoders.recipe.sheet import write_sheet
from encoders.recipe.text_measures import find_text_range, measure_meeting
from encoders.recipe.text_training import Parallel, TextHeadRecipe, train_text_head
from encoders.recipe.training import BridgeRecipe, Captioned, train_bridge
from encoders.starter_tower import PICTURE_SPEC
from encoders.text_head import TextHead, load_text_head, save_text_head

__all__ = ["make_multilingual", "through_head"]


def make_multilingual(
    folder: Path, tell: Tell, train: bool, photographs: Path | None = None, stamps: Path | None = None
) -> dict[str, Any]:
    """Train both or neither, measure, write their sheets; returns the measures. The last stage is the starter's.

    `photographs` is a folder of pictures named SYNSET_anything, `stamps` one that holds Tux Paint's: more to measure on.
    """
    seen = read_stamps(stamps) if stamps else []
    asked = [text for stamp in seen for text in stamp.descriptions.values()]
    packages = folder / "packages"
    material = gather(folder, plan_e5(None), tell, lambda emoji: in_languages(emoji, packages), asked)
    head_path, bridge_path = weights_path(TEXT_NAME), weights_path(NAME)
    last = load_last_stage(weights_path("starter") if train else bridge_path)
    if train:
        tell("training the text head", 0, 1)
        drawings = material.captioned(last)
        save_text_head(train_text_head(_parallel(material, packages), drawings, TextHeadRecipe()), head_path)
    raw = material.texts
    material = replace(material, texts=through_head(raw, load_text_head(head_path)))
    _write_text_sheet(head_path, raw, material, packages)
    tests = [*gather_tests(material, folder, photographs), *_in_other_languages(material, packages)]
    if seen:
        stamped = [Drawing("tuxpaint", stamp.picture.name, "", (), stamp.picture) for stamp in seen]
        network = staged_network(folder / "networks")
        features = compute_features("stamps", stamped, network, PICTURE_SPEC, 0, folder / "features")[:, 0]
        for language in ("en", *LANGUAGES):
            queries = [stamp.descriptions[language] for stamp in seen]
            tests.append(RetrievalTest(f"stamps by description, {language}", features, queries))
    if train:
        drawings = replace(drawings, vectors=material.texts.vectors)
        save_bridge(_train_bridge(drawings, material, tell), last, bridge_path)
    bridge = load_bridge(bridge_path)
    quality = measure(bridge, last, tests, material.texts)
    write_sheet(bridge_path, quality, find_score_ranges(bridge, last, material, tests))
    return quality


@torch.inference_mode()
def through_head(texts: Texts, head: TextHead) -> Texts:
    """The same texts where the head puts them."""
    moved = torch.nn.functional.normalize(head(torch.from_numpy(texts.vectors)), dim=1)
    return Texts(texts.places, moved.numpy())


def _parallel(material: Material, packages: Path) -> Parallel:
    things = [
        {language: material.texts.rows(ways) for language, ways in thing.items()}
        for thing in same_things(material.emoji, material.held_out_emoji, packages)
    ]
    titles = [material.clipart[place].name for place in material.train.tolist()]
    kept = sorted(set(material.texts.rows([title for title in titles if title])))
    return Parallel(things, np.array(kept))


def _write_text_sheet(path: Path, raw: Texts, material: Material, packages: Path) -> None:
    english = {one.key: one.name for one in material.emoji if one.key in material.held_out_emoji}
    others = {language: names_in(language, list(english), packages) for language in LANGUAGES}
    meeting = measure_meeting(raw, material.texts, list(english.values()), others)
    definitions = [(names[0], definition) for *names, definition in class_texts()]
    write_sheet(path, meeting, {"text to text": find_text_range(material.texts, definitions)})


def _in_other_languages(material: Material, packages: Path) -> list[RetrievalTest]:
    places = [place for place, one in enumerate(material.emoji) if one.key in material.held_out_emoji]
    first = [place for place in places if material.emoji[place].source == material.emoji[places[0]].source]
    keys = [material.emoji[place].key for place in first]
    features = material.emoji_features[first, 0]
    return [RetrievalTest(f"held-out emoji by name, {one}", features, names_in(one, keys, packages)) for one in LANGUAGES]


def _train_bridge(drawings: Captioned, material: Material, tell: Tell) -> Bridge:
    classifier = load_efficientnet(EFFICIENTNET.find()).classifier
    seen = drawings.features[:, 0].astype(np.float32)
    prototypes = Prototypes(seen, classifier.weight.detach().numpy(), classifier.bias.detach().numpy())
    recipe = BridgeRecipe(first_captions=0.6)  # the others are mostly in other languages than English

    def on_epoch(epochs: int, bridge: Bridge, loss: float) -> None:
        tell(f"training: loss {loss:.3f}, epoch", epochs, recipe.epochs)

    vectors, captions = class_vectors(material.texts.of), material.class_captions()
    return train_bridge(drawings, prototypes, vectors, captions, recipe, on_epoch)
