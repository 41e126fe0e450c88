"""What a cosine and a word score say for an item, in one currency: the logarithm of the odds that it is what was asked for.

How often would an item that does not fit score as high? The query's own background tells (`search.background`): far out,
the tail of such scores falls off exponentially (peaks over threshold, Pickands 1975), so the negative logarithm of that
probability, `t`, is a line in the cosine. Among N items about N * exp(-t) reach the score by chance, so what counts is
t - ln N. Where the cosine lies between what the model's card calls unrelated and a clear match says something, too: most in
collections of pictures, where an item may stand out from the background and still not fit.

Words add to it: BM25, measured by the best that the query's words could reach in this collection, so that all of the words
outweigh the size of the collection, and rare ones weigh most.

Both are lines, so the engine can add them up while it searches, and relevance is the logistic function of the sum. The few
constants are fitted by `python -m benchmarks.fit_evidence` on queries with and without an answer. All but two: `words`, below,
and `phrase`, since whoever puts words in quotes says that what holds them is what was asked for, and six makes 0.5 of what else
would be 0.0025.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from indexer.words import is_compound
from search.background import Background

__all__ = ["EVIDENCE", "Evidence", "Tail", "relevance"]


@dataclass(frozen=True)
class Tail:
    """How a background ends: exponentially from some point on."""

    begins: float  # deviations above the centre of the background
    weight: float  # -ln of the share of the background beyond it
    scale: float  # mean excess over it, in deviations


@dataclass(frozen=True)
class Evidence:
    """The constants of the straight lines from scores to log odds."""

    tails: Mapping[str, Tail]  # by candidate modality: passages have more of the far out than pictures
    meaning: float  # log odds of one unit of t - ln N
    level: float  # log odds of a clear match over an unrelated pair, by the card's own cosines
    words: float  # log odds of an item that holds all of the words, beyond what outweighs ln N
    bias: Mapping[str, float]  # candidate modality -> log odds of every item of it
    phrase: float  # log odds of an item that holds a phrase in quotes, word for word

    def line(self, background: Background, modality: str) -> tuple[float, float]:
        """(slope, offset): log odds of a cosine of a candidate of this modality, before this background."""
        slope = self.meaning / (self.tails[modality].scale * background.spread)
        slope += self.level / background.span
        crowd = self.meaning * math.log(max(2, background.items))
        return slope, self._surprise(background, modality, 0.0) - crowd + self.bias[modality]

    def surprise(self, background: Background, modality: str, cosine: float) -> float:
        """What the cosine alone adds to the log odds, without bias and without the collection's size; at least 0."""
        return max(0.0, self._surprise(background, modality, cosine))

    def words_line(self, words: Sequence[str], peaks: Sequence[float], items: int) -> float:
        """Log odds of one unit of BM25. `peaks`: for each word of the query the BM25 of the item it suits best.

        A word that no item holds counts like the rarest possible one: what is missing must not be taken for found. Not so a
        compound such as a file's name: its parts are words of the query as well. Nor a word such as "picture".
        """
        rarest = math.log(1 + 2 * max(1, items))
        silent = [is_compound(word) or word in _KINDS for word in words]
        best = sum(peak or (0.0 if says else rarest) for says, peak in zip(silent, peaks, strict=True))
        return (self.meaning * math.log(max(2, items)) + self.words) / best if best else 0.0

    def _surprise(self, background: Background, modality: str, cosine: float) -> float:
        tail, deviations = self.tails[modality], (cosine - background.centre) / background.spread
        place = (cosine - background.unrelated) / background.span
        return self.meaning * (tail.weight + (deviations - tail.begins) / tail.scale) + self.level * place


EVIDENCE = Evidence(
    tails={"image": Tail(2.181, 3.912, 0.319), "text": Tail(2.622, 3.912, 0.522)},
    meaning=0.17,
    level=6.008,
    words=6.0,
    bias={"image": -4.492, "text": -6.877},
    phrase=6.0,
)
"""By `python -m benchmarks.fit_evidence`, all but `phrase` and `words`: that gave 4.5, and 6 lets a file that is asked for by
its name fit where its meaning says nothing. On the fit half, 1.7% more of the matches and 1% more of the others pass."""

_KINDS = frozenset(
    word
    for line in (
        "picture pictures photo photos photograph photographs image images file files document documents",
        "bild bilder foto fotos fotografie bilddatei datei dateien dokument dokumente",
        "photographie photographies fichier fichiers",
        "imagen imagenes fotografia fotografias archivo archivos documento documentos",
        "фото фотография фотографии картинка картинки изображение файл файлы документ документы",
        "图片 照片 文件 文档 写真 画像 صورة صور ملف مستند",
    )
    for word in line.split()
)
"""Words that say what kind of thing is looked for; few things say it of themselves."""


def relevance(log_odds: float) -> float:
    """Log odds -> probability, in (0, 1).

    >>> relevance(0.0)
    0.5
    """
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, log_odds))))
