import pytest
import torch

from encoders.bert import Bert
from encoders.bert_shape import BertShape
from encoders.errors import ModelError
from encoders.text_head import TextHead, load_last_layers, load_text_head, save_text_tower


def small_bert(seed, **other):
    torch.manual_seed(seed)
    shape = {"width": 8, "layers": 3, "heads": 2, "inner": 16, "vocabulary": 20, "positions": 12, "epsilon": 1e-12}
    return Bert(BertShape(**(shape | other))).eval()


def test_a_new_head_changes_nothing():
    rows = torch.randn(3, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(TextHead(8)(rows), rows)


def test_it_takes_the_centre_away_and_turns_the_rest():
    head = TextHead(2)
    head.centre.copy_(torch.tensor([1.0, 0.0]))
    with torch.no_grad():
        head.line.weight.copy_(torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    assert head(torch.tensor([[1.0, 3.0], [2.0, 0.0]])).tolist() == [[3.0, 0.0], [0.0, 1.0]]


def test_what_is_saved_is_loaded(tmp_path):
    head = TextHead(8)
    torch.nn.init.normal_(head.line.weight, generator=torch.Generator().manual_seed(0))
    head.centre.fill_(0.123456)
    save_text_tower(head, small_bert(0), 1, tmp_path / "head.safetensors")
    loaded = load_text_head(tmp_path / "head.safetensors")
    assert torch.equal(loaded.centre, head.centre)
    torch.testing.assert_close(loaded.line.weight, head.line.weight, atol=2e-3, rtol=0)  # kept in float16
    assert not loaded.training


def test_last_layers_are_saved_with_the_head_and_replace_a_networks_own(tmp_path):
    path = tmp_path / "head.safetensors"
    trained, other = small_bert(0), small_bert(1)
    before = {name: tensor.clone() for name, tensor in other.state_dict().items()}
    save_text_tower(TextHead(8), trained, 1, path)
    load_last_layers(path, other)
    for name, tensor in other.state_dict().items():
        theirs = trained.state_dict()[name] if name.startswith(("layers.1.", "layers.2.")) else before[name]
        torch.testing.assert_close(tensor, theirs, atol=2e-3, rtol=0)


@pytest.mark.parametrize("other", [{"layers": 1}, {"width": 16}])
def test_layers_of_another_network_are_refused(tmp_path, other):
    path = tmp_path / "head.safetensors"
    save_text_tower(TextHead(8), small_bert(0), 1, path)
    with pytest.raises(ModelError, match=r"head\.safetensors cannot be read"):
        load_last_layers(path, small_bert(1, **other))


@pytest.mark.parametrize("content", [b"", b"nonsense" * 40, None])
def test_a_damaged_or_missing_head_is_a_model_error(tmp_path, content):
    path = tmp_path / "head.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"head\.safetensors cannot be read"):
        load_text_head(path)
