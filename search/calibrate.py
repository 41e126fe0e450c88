"""From the score of a space to a relevance that people can compare across pictures and passages.

In one space, pictures and passages answer the same words on different scales (the modality gap), so their scores cannot be
ranked together as they are. A model card states, for each kind of query and candidate, the score that unrelated pairs
reach and the score of a clear match; relevance is the straight line between them.
"""

from encoders.cards import ModelCard

__all__ = ["position", "relevance"]


def position(score: float, card: ModelCard, query: str, candidate: str) -> float:
    """Where a score lies between noise (0) and a clear match (1), not cut off: what one list is ranked by.

    `query` and `candidate` are modalities, "text" or "image".
    """
    low, high = card.score_ranges[query, candidate]
    return (score - low) / (high - low)


def relevance(place: float) -> float:
    """The same, cut off to [0, 1].

    >>> relevance(-0.2), relevance(0.5), relevance(1.7)
    (0.0, 0.5, 1.0)
    """
    return min(1.0, max(0.0, place))
