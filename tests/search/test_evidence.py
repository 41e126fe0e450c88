"""What a cosine and words are worth, as numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest

from encoders.vectors import unit_rows
from search.background import Background, Sample, measure_background
from search.evidence import EVIDENCE, relevance
from search.explain import read_words

GROUND = Background(centre=0.1, spread=0.05, items=1000, unrelated=0.1, span=0.4)


def odds(cosine, ground=GROUND, modality="image"):
    slope, offset = EVIDENCE.line(ground, modality)
    return slope * cosine + offset


def test_a_cosine_is_worth_more_the_higher_it_is_and_less_the_more_items_compete():
    assert odds(0.3) > odds(0.2)
    assert odds(0.3, replace(GROUND, items=100_000)) < odds(0.3)
    assert odds(0.3, replace(GROUND, items=1)) == odds(0.3, replace(GROUND, items=2)), "one item competes with nothing"


def test_what_stands_out_may_still_fit_nothing():
    """Eight deviations above a narrow background, yet far from what the card calls a clear match."""
    narrow = replace(GROUND, spread=0.01)
    assert relevance(odds(0.18, narrow)) < 0.5 < relevance(odds(0.55, narrow))
    deviations = (0.18 - narrow.centre) / narrow.spread
    wide = replace(GROUND, spread=0.05)
    assert relevance(odds(wide.centre + deviations * wide.spread, wide)) > relevance(odds(0.18, narrow))


def test_the_share_of_meaning_is_what_the_line_gives_without_bias_and_crowd():
    slope, offset = EVIDENCE.line(GROUND, "text")
    crowd = EVIDENCE.meaning * math.log(GROUND.items)
    assert EVIDENCE.surprise(GROUND, "text", 0.4) == pytest.approx(slope * 0.4 + offset + crowd - EVIDENCE.bias["text"])
    assert EVIDENCE.surprise(GROUND, "text", -0.9) == 0


def test_all_of_the_words_outweigh_the_size_of_the_collection():
    for items in (10, 10_000_000):
        slope = EVIDENCE.words_line(["harbour", "night"], [4.0, 2.0], items)
        assert slope * 6.0 == pytest.approx(EVIDENCE.meaning * math.log(items) + EVIDENCE.words)


def test_a_word_that_nothing_holds_makes_the_others_count_less():
    both, half = (EVIDENCE.words_line(["harbour", "zyzzyva"], [4.0, rare], 1000) for rare in (4.0, 0.0))
    assert half < both
    assert EVIDENCE.words_line([], [], 1000) == 0


def test_a_background_keeps_the_card_s_own_cosines():
    rng = np.random.default_rng(0)
    vectors = unit_rows(rng.normal(0, 1, (500, 32)).astype(np.float32))
    ground = measure_background(vectors[0], Sample(vectors, 9000), unrelated=0.05, clear=0.45)
    assert (ground.unrelated, ground.items) == (0.05, 9000)
    assert ground.span == pytest.approx(0.4)
    assert abs(ground.centre) < 0.05
    empty = measure_background(vectors[0], Sample(vectors[:0], 0), unrelated=0.2, clear=0.2)
    assert empty.span > 0, "a card that tells no two cosines apart divides by nothing"


@pytest.mark.parametrize("asked", ["photo", "Bilder", "imágenes", "fotografía", "фотография", "图片", "写真", "صورة"])
def test_a_word_for_the_kind_that_nothing_holds_is_not_missed(asked):
    (word,), _ = read_words(asked)
    alone, named = (
        EVIDENCE.words_line(words, peaks, 1000) for words, peaks in ((["otter"], [5.0]), ([word, "otter"], [0.0, 5.0]))
    )
    assert named == alone
    assert EVIDENCE.words_line([word, "otter"], [4.0, 5.0], 1000) < alone, "one that something holds is a word like others"
