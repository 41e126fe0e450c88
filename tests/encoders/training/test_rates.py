import pytest
import torch
from torch import nn

from encoders.errors import InputError
from encoders.training.rates import group_parameters, parameter_groups
from encoders.training.workpiece import TrainableNetwork


def network():
    trunk = nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten())
    return TrainableNetwork(trunk, nn.Linear(16, 2))


def test_first_pattern_that_fits_counts_and_zero_freezes():
    module = network()
    groups = parameter_groups(module, [("head.bias", 0), ("head.*", 1e-3), ("trunk.0.*", 1e-5), ("*", 0)])
    assert [(group["names"], group["lr"]) for group in groups] == [
        (["trunk.0.weight", "trunk.0.bias"], 1e-5),
        (["head.weight"], 1e-3),
    ]
    assert [parameter.requires_grad for parameter in module.parameters()] == [True, True, False, False, True, False]


def test_pattern_that_fits_nothing_names_the_nearest():
    with pytest.raises(InputError, match=r"no parameter is called 'heads\.wieght'\. The nearest: head\.weight, head\.bias"):
        parameter_groups(network(), [("heads.wieght", 1e-3), ("*", 0)])


def test_parameter_without_a_rate_is_named():
    with pytest.raises(InputError, match=r"no learning rate is given for trunk\.0\.weight.*'\*', RATE"):
        parameter_groups(network(), [("head.*", 1e-3)])


@pytest.mark.parametrize("rate", [-1e-3, float("nan"), float("inf")])
def test_impossible_rates_are_refused(rate):
    with pytest.raises(InputError, match="0 \\(frozen\\) or more"):
        parameter_groups(network(), [("*", rate)])


def test_shared_parameters_are_taken_once():
    module = nn.Linear(2, 2)
    named = [(f"{side}.{name}", one) for side in ("query", "candidate") for name, one in module.named_parameters()]
    (group,) = group_parameters(named, [("candidate.*", 1.0), ("*", 0.1)])
    assert group["names"] == ["query.weight", "query.bias"]


def test_what_is_frozen_already_stays_so():
    module = nn.Linear(2, 2)
    module.weight.requires_grad_(False)
    (group,) = parameter_groups(module, [("*", 0.1)])
    assert group["names"] == ["bias"]


def test_frozen_parts_stay_in_evaluation_mode():
    module = network()
    parameter_groups(module, [("head.*", 1e-3), ("*", 0)])
    module.train()
    assert module.head.training
    assert not any(part.training for part in module.trunk.modules())
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    rows = torch.randn(5, 3, 2, 2)
    assert (module(rows) == module(rows)).all()  # nothing is dropped out
    module(rows).sum().backward()
    assert all((tensor == before[name]).all() for name, tensor in module.state_dict().items())  # running statistics


def test_batch_norm_that_learns_keeps_its_statistics_up_to_date():
    module = network()
    parameter_groups(module, [("trunk.1.*", 1e-3), ("*", 0)])
    module.train()
    module(torch.randn(5, 3, 2, 2))
    assert module.trunk[1].num_batches_tracked == 1
    module.eval()
    module(torch.randn(5, 3, 2, 2))
    assert module.trunk[1].num_batches_tracked == 1


def test_frozen_batch_norm_in_a_part_that_learns():
    module = network()
    parameter_groups(module, [("trunk.1.*", 0), ("*", 1e-3)])
    module.train()
    module(torch.randn(5, 3, 2, 2))
    assert module.trunk[1].num_batches_tracked == 0
    assert module.trunk[2].training
