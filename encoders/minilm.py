"""The starter's text network: a BERT encoder, mean pooling, unit length.

Written out here rather than taken from transformers: it is sixty lines, and the first start saves the seconds that
importing transformers takes. A test holds it against sentence-transformers' own.
"""

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["DIMENSION", "MiniLm", "load_minilm"]

DIMENSION = 384
_LAYERS, _HEADS, _INNER, _EPSILON = 6, 12, 1536, 1e-12
_MASKED = -1e4  # added to the score of padding: nothing is left of it after the softmax, and bfloat16 holds it


class _Layer(nn.Module):
    """Self-attention, then two dense layers, each added to its input and normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.query_key_value = nn.Linear(DIMENSION, 3 * DIMENSION)
        self.attended = nn.Linear(DIMENSION, DIMENSION)
        self.attention_norm = nn.LayerNorm(DIMENSION, eps=_EPSILON)
        self.inner = nn.Linear(DIMENSION, _INNER)
        self.outer = nn.Linear(_INNER, DIMENSION)
        self.outer_norm = nn.LayerNorm(DIMENSION, eps=_EPSILON)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """(n, length, 384), (n, 1, 1, length) added to attention scores -> (n, length, 384)."""
        count, length, _ = states.shape
        query, key, value = (
            part.reshape(count, length, _HEADS, DIMENSION // _HEADS).transpose(1, 2)
            for part in self.query_key_value(states).chunk(3, -1)
        )
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        attended = attended.transpose(1, 2).reshape(count, length, DIMENSION)
        states = self.attention_norm(states + self.attended(attended))
        normed: Tensor = self.outer_norm(states + self.outer(functional.gelu(self.inner(states))))
        return normed


class MiniLm(nn.Module):
    """(n, length) int64 ids and mask -> (n, 384) float32, unit rows."""

    def __init__(self, vocabulary: int, positions: int) -> None:
        super().__init__()
        self.words = nn.Embedding(vocabulary, DIMENSION)
        self.positions = nn.Embedding(positions, DIMENSION)
        self.norm = nn.LayerNorm(DIMENSION, eps=_EPSILON)
        self.layers = nn.ModuleList(_Layer() for _ in range(_LAYERS))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Mask is 1 where a token is and 0 where padding is."""
        places = torch.arange(ids.shape[1], device=ids.device)
        states = self.norm(self.words(ids) + self.positions(places))
        kept = mask.to(states.dtype)
        bias = ((1 - kept) * _MASKED)[:, None, None, :]
        for layer in self.layers:
            states = layer(states, bias)
        mean = (states * kept[:, :, None]).sum(1) / kept.sum(1, keepdim=True)
        return functional.normalize(mean, dim=-1)


def load_minilm(path: Path) -> MiniLm:
    """Load the weights of a BERT checkpoint in safetensors, as Hugging Face names them."""
    from safetensors.torch import load_file

    saved = load_file(path)
    words = saved["embeddings.word_embeddings.weight"]
    places = saved["embeddings.position_embeddings.weight"]
    ours = {
        "words.weight": words,
        # every token is of type 0, so its vector is added once here
        "positions.weight": places + saved["embeddings.token_type_embeddings.weight"][0],
    }
    names = {"norm": "embeddings.LayerNorm"}
    for layer in range(_LAYERS):
        theirs = f"encoder.layer.{layer}"
        names[f"layers.{layer}.attended"] = f"{theirs}.attention.output.dense"
        names[f"layers.{layer}.attention_norm"] = f"{theirs}.attention.output.LayerNorm"
        names[f"layers.{layer}.inner"] = f"{theirs}.intermediate.dense"
        names[f"layers.{layer}.outer"] = f"{theirs}.output.dense"
        names[f"layers.{layer}.outer_norm"] = f"{theirs}.output.LayerNorm"
        for kind in ("weight", "bias"):
            parts = [saved[f"{theirs}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
            ours[f"layers.{layer}.query_key_value.{kind}"] = torch.cat(parts)
    for name, theirs in names.items():
        for kind in ("weight", "bias"):
            ours[f"{name}.{kind}"] = saved[f"{theirs}.{kind}"]
    network = MiniLm(len(words), len(places))
    network.load_state_dict(ours)
    return network.eval()
