import pytest
import torch

from encoders.bert import Bert
from encoders.bert_shape import BertShape


@pytest.mark.parametrize("layer", [0, 1, 2, 3])
def test_what_is_below_and_what_is_above_are_the_whole(layer):
    torch.manual_seed(0)
    network = Bert(BertShape(width=8, layers=3, heads=2, inner=16, vocabulary=20, positions=12, epsilon=1e-12)).eval()
    ids, mask = torch.tensor([[3, 4, 5, 1], [6, 1, 1, 1]]), torch.tensor([[1, 1, 1, 0], [1, 0, 0, 0]])
    with torch.inference_mode():
        whole = network(ids, mask)
        halves = network.above(layer, network.below(layer, ids, mask), mask)
    assert torch.equal(whole, halves)
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(2))
