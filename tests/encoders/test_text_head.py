import pytest
import torch

from encoders.errors import ModelError
from encoders.text_head import TextHead, load_text_head, save_text_head


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
    save_text_head(head, tmp_path / "head.safetensors")
    loaded = load_text_head(tmp_path / "head.safetensors")
    assert torch.equal(loaded.centre, head.centre)
    torch.testing.assert_close(loaded.line.weight, head.line.weight, atol=2e-3, rtol=0)  # kept in float16
    assert not loaded.training


@pytest.mark.parametrize("content", [b"", b"nonsense" * 40, None])
def test_a_damaged_or_missing_head_is_a_model_error(tmp_path, content):
    path = tmp_path / "head.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"head\.safetensors cannot be read"):
        load_text_head(path)
