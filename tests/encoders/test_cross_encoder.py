"""sentence-transformers' own cross-encoder code on a tiny BERT with random weights."""

import numpy as np
import pytest
import torch

from encoders.cross_encoder import load_cross_encoder
from encoders.errors import ModelError
from encoders.packaged import MINILM_TOKENIZER

PASSAGES = ["a black cat on a sofa", "word " * 900, "x"]


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    def save(labels=1):
        folder = tmp_path_factory.mktemp("cross")
        torch.manual_seed(0)
        shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
        BertForSequenceClassification(BertConfig(num_labels=labels, **shape)).save_pretrained(folder)
        BertTokenizerFast(tokenizer_file=str(MINILM_TOKENIZER.find())).save_pretrained(folder)
        return folder

    return save


def test_it_gives_the_log_odds_that_the_model_itself_gives(make):
    folder = make()
    found = load_cross_encoder(str(folder)).log_odds("cat", PASSAGES)
    from sentence_transformers import CrossEncoder

    theirs = CrossEncoder(str(folder), device="cpu", local_files_only=True, max_length=512)
    sure = theirs.predict([("cat", passage) for passage in PASSAGES])  # a sigmoid over them
    np.testing.assert_allclose(1 / (1 + np.exp(-found)), sure, atol=1e-5)
    assert len(set(found.tolist())) == 3
    assert load_cross_encoder(str(folder)).log_odds("cat", []).shape == (0,)


def test_what_gives_more_than_one_number_is_refused(make):
    with pytest.raises(ModelError, match="gives 3 numbers"):
        load_cross_encoder(str(make(3)))


def test_what_is_none_is_refused(make, tmp_path):
    with pytest.raises(ModelError, match="holds no cross-encoder"):
        load_cross_encoder(str(tmp_path))
    with pytest.raises(ModelError, match="there is no folder"):
        load_cross_encoder(str(tmp_path / "gone"))
    folder = make()
    (folder / "model.safetensors").write_bytes(b"damaged")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_cross_encoder(str(folder))


def test_a_name_without_network_is_one_message(monkeypatch, tmp_path):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("encoders.hub.is_reachable", lambda address: False)
    with pytest.raises(
        ModelError, match=r"cross-encoder/ms-marco-MiniLM-L6-v2 is not on this machine.*cannot be reached.*folder"
    ):
        load_cross_encoder("ms-marco-MiniLM-L6-v2")
