"""How large a BERT is: plain numbers, so that looking at a file of weights imports no torch."""

from dataclasses import dataclass

__all__ = ["BertShape"]


@dataclass(frozen=True)
class BertShape:
    """How large a BERT is."""

    width: int  # of every token's vector, and of the answer
    layers: int
    heads: int  # of attention, in each layer
    inner: int  # width between the two dense layers
    vocabulary: int
    positions: int  # the longest text, in tokens
    epsilon: float  # of the norms
