"""What a cosine and a word score say for an item, in one currency: the logarithm of the odds that it is what was asked for.

How often would an item that does not fit score as high? The query's own background tells (`search.background`): far out,
the tail of such scores falls off exponentially (peaks over threshold, Pickands 1975), so the negative logarithm of that
probability, `t`, is a line in the cosine. Among N items about N * exp(-t) reach the score by chance, so what counts is
t - ln N. Words add to it: BM25, measured by the best that the query's words could reach in this collection, so that all of
the words outweigh the size of the collection, and rare ones weigh most.

Both are lines, so the engine can add them up while it searches, and relevance is the logistic function of the sum. The few
constants are fitted by `python -m benchmarks.fit_evidence` on queries with and without an answer. All but `phrase`: whoever
puts words in quotes says that what holds them is what was asked for, and six makes 0.5 of what else would be 0.0025.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from search.background import Background

__all__ = ["EVIDENCE", "Evidence", "relevance"]


@dataclass(frozen=True)
class Evidence:
    """The constants of one straight line from scores to log odds."""

    tail_begins: float  # deviations above the centre of the background
    tail_weight: float  # -ln of the share of the background beyond it
    tail_scale: float  # mean excess over it, in deviations
    meaning: float  # log odds of one unit of t - ln N
    words: float  # log odds of an item that holds all of the words, beyond what outweighs ln N
    bias: Mapping[str, float]  # candidate modality -> log odds of every item of it
    phrase: float  # log odds of an item that holds a phrase in quotes, word for word

    def line(self, background: Background, modality: str) -> tuple[float, float]:
        """(slope, offset): log odds of a cosine of a candidate of this modality, before this background."""
        slope = self.meaning / (self.tail_scale * background.spread)
        return slope, self._surprise(background, 0.0) - self.meaning * math.log(max(2, background.items)) + self.bias[modality]

    def surprise(self, background: Background, cosine: float) -> float:
        """What the cosine alone adds to the log odds, without bias and without the collection's size; at least 0."""
        return max(0.0, self._surprise(background, cosine))

    def words_line(self, peaks: Sequence[float], items: int) -> float:
        """Log odds of one unit of BM25. `peaks`: for each word of the query the BM25 of the item it suits best.

        A word that no item holds counts like the rarest possible one: what is missing must not be taken for found.
        """
        rarest = math.log(1 + 2 * max(1, items))
        best = sum(peak or rarest for peak in peaks)
        return (self.meaning * math.log(max(2, items)) + self.words) / best if best else 0.0

    def _surprise(self, background: Background, cosine: float) -> float:
        deviations = (cosine - background.centre) / background.spread
        return self.meaning * (self.tail_weight + (deviations - self.tail_begins) / self.tail_scale)


EVIDENCE = Evidence(
    tail_begins=2.355,
    tail_weight=3.912,
    tail_scale=0.399,
    meaning=0.371,
    words=3.772,
    bias={"image": -1.059, "text": -4.826},
    phrase=6.0,
)
"""By `python -m benchmarks.fit_evidence`, but for `phrase`, which is set so that holding one outweighs nearly everything."""


def relevance(log_odds: float) -> float:
    """Log odds -> probability, in (0, 1).

    >>> relevance(0.0)
    0.5
    """
    return 1 / (1 + math.exp(-max(-50.0, min(50.0, log_odds))))
