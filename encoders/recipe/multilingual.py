"""Making `starter-multilingual`: a text tower where languages meet, then a bridge to it like the starter's."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from encoders.bert import load_e5
from encoders.bridge import Bridge, load_bridge, load_last_stage, save_bridge
from encoders.bundled import bundled, weights_path
from encoders.efficientnet import load_efficientnet
from encoders.multilingual_tower import NAME, TEXT_NAME, plan_e5
from encoders.packaged import E5, EFFICIENTNET
from encoders.recipe.classes import class_texts, class_vectors
from encoders.recipe.drawings import Drawing, captions_of
from encoders.recipe.features import compute_features
from encoders.recipe.languages import LANGUAGES, in_languages, names_in, read_stamps, same_things
from encoders.recipe.material import Material, Tell, Texts, gather, staged_network
from encoders.recipe.measures import RetrievalTest, find_score_ranges, gather_tests, measure
from encoders.recipe.nouns import WORDNET, read_nouns
from encoders.recipe.prototypes import Prototypes
from encoders.recipe.sheet import write_sheet
from encoders.recipe.text_measures import find_text_range, measure_meeting
from encoders.recipe.text_training import Parallel, TextHeadRecipe, train_text_head
from encoders.recipe.text_tuning import Taught, TuningRecipe, compute_states, tune_text_tower
from encoders.recipe.training import BridgeRecipe, Captioned, train_bridge
from encoders.starter_tower import PICTURE_SPEC, plan_minilm
from encoders.text_head import save_text_tower

__all__ = ["make_multilingual"]


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
    raw = material.texts
    if train:
        drawings = material.captioned(last)
        _train_text_tower(folder, material, drawings, tell, head_path)
        _write_text_sheet(head_path, raw, raw, material, packages)  # so that it can be loaded; it is written again below
        bundled.cache_clear()
    material = gather(folder, plan_e5(bundled(TEXT_NAME)), tell, lambda emoji: in_languages(emoji, packages), asked)
    _write_text_sheet(head_path, raw, material.texts, material, packages)
    english = gather_tests(material, folder, photographs)
    tests = [*english, *_in_other_languages(material, packages)]
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
    # as the starter's are found: what is a clear match there shall be one here
    write_sheet(bridge_path, quality, find_score_ranges(bridge, last, material, english))
    return quality


def _train_text_tower(folder: Path, material: Material, drawings: Captioned, tell: Tell, path: Path) -> None:
    """Train the head, then the last layers and the head; writes a file with both."""
    recipe = TuningRecipe()
    parallel = _parallel(material, folder / "packages")
    tell("training the text head", 0, 1)
    head = train_text_head(parallel, drawings, TextHeadRecipe())
    nouns = read_nouns(folder / "packages")
    english = gather(folder, plan_minilm(), tell, queries=nouns)
    texts = list(dict.fromkeys([*material.texts.places, *nouns]))  # the drawings' own first, in their order
    network, plan = load_e5(E5.find()), plan_e5(None)

    def on_texts(done: int) -> None:
        tell("texts through the lower layers", done, len(texts))

    states = compute_states(network, plan.tokens, [plan.prompt + text for text in texts], recipe.first, on_texts)

    def on_step(steps: int, loss: float) -> None:
        tell(f"training the last layers: loss {loss:.3f}, step", steps, recipe.steps)

    tune_text_tower(network, head, states, parallel, drawings, _taught(english, nouns, texts), recipe, on_step)
    save_text_tower(head, network, recipe.first, path)


def _taught(english: Material, nouns: Sequence[str], texts: Sequence[str]) -> Taught:
    """Captions of drawings to train on and of classes, and nouns, as MiniLM has them; their rows are places in `texts`."""
    drawn = [english.clipart[place] for place in english.train.tolist()]
    drawn += [one for one in english.emoji if one.key not in english.held_out_emoji]
    captions = {text: None for one in drawn for text in captions_of(one)}
    captions |= {text: None for names in class_texts() for text in names}
    rows = {text: place for place, text in enumerate(texts)}
    first, second = (np.array([rows[text] for text in side]) for side in (captions, nouns))
    return Taught(first, second, english.texts.of([*captions, *nouns]))


def _parallel(material: Material, packages: Path) -> Parallel:
    things = [
        {language: material.texts.rows(ways) for language, ways in thing.items()}
        for thing in same_things(material.emoji, material.held_out_emoji, packages)
    ]
    titles = [material.clipart[place].name for place in material.train.tolist()]
    kept = sorted(set(material.texts.rows([title for title in titles if title])))
    return Parallel(things, np.array(kept))


def _write_text_sheet(path: Path, raw: Texts, texts: Texts, material: Material, packages: Path) -> None:
    english = {one.key: one.name for one in material.emoji if one.key in material.held_out_emoji}
    others = {language: names_in(language, list(english), packages) for language in LANGUAGES}
    meeting = measure_meeting(raw, texts, list(english.values()), others)
    definitions = [(names[0], definition) for *names, definition in class_texts()]
    write_sheet(path, meeting, {"text to text": find_text_range(texts, definitions)}, [WORDNET])


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
