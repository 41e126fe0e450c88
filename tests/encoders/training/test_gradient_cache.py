"""Gradients in parts against gradients of the whole, dropout and all; what is moved, and what is left alone."""

import pytest
import torch
from torch import nn
from toy_towers import ToyTower, toy_config

from encoders.errors import InputError
from encoders.training.gradient_cache import Part, backward
from encoders.training.learner import Learner
from encoders.training.objective import Objective
from encoders.training.precision import Precision, _cpu_flags, choose_precision

F32 = Precision("cpu", "f32", "a test")


def parts_of(network, inputs, pieces):
    def part(rows, seed):
        def run():
            torch.manual_seed(seed)
            return network(rows)

        return Part(run)

    return [part(rows, seed) for seed, rows in enumerate(inputs.chunk(pieces))]


def loss_of(vectors):
    whole = torch.cat(vectors)
    return (whole @ whole.T).square().mean()


def gradients(network, in_parts, scale=None):
    network.zero_grad()
    inputs = torch.arange(24.0).reshape(8, 3).sin()
    fixed = Part(lambda: torch.ones(2, 4), learns=False)
    loss = backward([*parts_of(network, inputs, 4), fixed], loss_of, in_parts, scale)
    return loss, [parameter.grad.clone() for parameter in network.parameters()]


def test_gradients_in_parts_are_those_of_the_whole():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Dropout(0.5), nn.Linear(5, 4)).double()
    network.double()
    torch.set_default_dtype(torch.float64)
    try:
        (whole, slow), (parts, fast) = gradients(network, False), gradients(network, True)
        _, scaled = gradients(network, True, lambda loss: loss * 8)
    finally:
        torch.set_default_dtype(torch.float32)
    assert float(whole) == float(parts) > 0
    for one, other, eight in zip(slow, fast, scaled, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(one * 8, eight, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("in_parts", [False, True])
def test_a_loss_that_is_not_finite_gives_no_gradient(in_parts):
    network = nn.Linear(3, 4)
    parts = parts_of(network, torch.ones(4, 3), 2)
    assert torch.isnan(backward(parts, lambda vectors: torch.cat(vectors).sum() * torch.nan, in_parts))
    assert all(parameter.grad is None for parameter in network.parameters())


def learner(tmp_path, **optimiser):
    config = toy_config(tmp_path, optimiser={"weight_decay": 0.5, **optimiser})
    towers = [ToyTower("query.text", "text", True), ToyTower("candidate.text", "text", True)]
    return Learner(towers, Objective(config.loss, 16), config, F32)


def test_matrices_are_drawn_to_zero_and_biases_and_the_temperature_are_not(tmp_path):
    one = learner(tmp_path, rates=[{"pattern": "query.*", "rate": 0.1}])
    decay = {id(p): group["weight_decay"] for group in one.optimiser.param_groups for p in group["params"]}
    rates = {id(p): group["lr"] for group in one.optimiser.param_groups for p in group["params"]}
    for tower, rate in zip(one.towers, (0.1, 0.02), strict=True):
        for name, parameter in tower.module.named_parameters():
            assert decay[id(parameter)] == (0.5 if name.endswith("weight") else 0.0)
            assert rates[id(parameter)] == rate
    assert decay[id(one.objective.temperature.log_scale)] == 0.0
    assert one.rates == [0.02, 0.1]


def test_a_gradient_that_is_not_finite_moves_nothing(tmp_path):
    one = learner(tmp_path)
    before = one.tensors()
    for tower in one.towers:
        for parameter in tower.module.parameters():
            parameter.grad = torch.full_like(parameter, torch.inf)
    assert not one.update(1.0) < torch.inf
    assert all(torch.equal(tensor, before[name]) for name, tensor in one.tensors().items())
    assert all(parameter.grad is None for tower in one.towers for parameter in tower.module.parameters())


def test_bf16_only_where_the_hardware_has_it(tmp_path, monkeypatch):
    cpu = tmp_path / "cpuinfo"
    cpu.write_text("processor : 0\nflags\t\t: fpu avx512f amx_bf16 sse\n")
    assert "amx_bf16" in _cpu_flags(cpu) and _cpu_flags(tmp_path / "none") == set()
    for flags, kind in (({"sse", "avx512_bf16"}, "bf16"), ({"sse", "avx512f"}, "f32")):
        monkeypatch.setattr("encoders.training.precision._cpu_flags", lambda flags=flags: flags)
        assert choose_precision("auto", "cpu", networks_learn=True).kind == kind
    assert choose_precision("auto", "mps", networks_learn=True).kind == "f32"
    with pytest.raises(InputError, match=r"fp16.* needs an NVIDIA GPU"):
        choose_precision("fp16", "cpu", networks_learn=True)


def test_networks_run_in_the_precision_that_was_chosen():
    layer, rows = nn.Linear(4, 4), torch.ones(2, 4)
    with Precision("cpu", "bf16", "a test").running():
        assert layer(rows).dtype == torch.bfloat16
    with F32.running():
        assert layer(rows).dtype == torch.float32
