"""The bridge on made-up features: what each reader says, and who is heard."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from encoders.bridge import Blend, Bridge, Gate, Head, join_bridges, load_bridge, load_last_stage, save_bridge
from encoders.errors import ModelError
from encoders.stages import CLASSES, DRAWN, POOLED, SEEN, STAGES, LastStage, StagedPictures, with_last_stage

EARLY = slice(POOLED, POOLED + sum(STAGES[:4]))


def made_bridge(seed=0, hidden=6, dimension=8, blend=None):
    torch.manual_seed(seed)
    bridge = Bridge(functional.normalize(torch.randn(CLASSES, dimension), dim=-1), hidden, blend or Blend())
    for head in (bridge.drawing, bridge.classes):
        torch.nn.init.normal_(head.line.weight, std=0.02)
    bridge.fit(drawn())
    return bridge.eval()


def drawn(count=600, seed=1):
    return torch.randn(count, SEEN, generator=torch.Generator().manual_seed(seed))


def test_vectors_are_of_unit_length_whatever_comes_in():
    odd = torch.stack([torch.zeros(SEEN), torch.full((SEEN,), 1e4), torch.full((SEEN,), -1e4)])
    vectors = made_bridge()(torch.cat([drawn(), odd]))
    assert torch.isfinite(vectors).all()
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(603))


def test_the_gate_opens_with_the_distance_from_the_drawings():
    gate = Gate()
    seen = drawn()
    gate.fit(seen)
    assert gate(seen).max() < 0.1
    moved = seen[:1].repeat(3, 1)
    moved[:, EARLY] += torch.tensor([0.0, 1.0, 6.0])[:, None]
    near, middle, far = gate(moved)[:, 0].tolist()
    assert near < middle < far
    assert far > 0.99
    elsewhere = seen[:1].clone()
    elsewhere[:, EARLY.stop :] += 100
    assert gate(elsewhere) == gate(seen[:1]), "only the early stages are looked at"


def test_who_is_heard_depends_on_the_gate():
    bridge, seen = made_bridge(), drawn(5)
    near, far = torch.zeros(5, 1), torch.ones(5, 1)
    for head, where in ((bridge.drawing, near), (bridge.classes, far)):
        before = bridge(seen, near), bridge(seen, far)
        with torch.no_grad():
            head.line.bias += 3
        after = bridge(seen, near), bridge(seen, far)
        heard, unheard = (0, 1) if where is near else (1, 0)
        assert not torch.allclose(before[heard], after[heard], atol=1e-3)
        torch.testing.assert_close(before[unheard], after[unheard])


def test_far_away_the_classes_names_weigh_more():
    bridge, seen = made_bridge(), drawn(200)
    named = functional.normalize(functional.normalize(bridge.conse(seen[:, SEEN - CLASSES :]), dim=-1) - bridge.offset, dim=-1)
    near, far = ((bridge(seen, torch.full((200, 1), gate)) * named).sum(1).mean() for gate in (0.0, 1.0))
    assert far > near + 0.1


def test_far_away_the_likeliest_classes_weigh_more():
    logits = drawn(50)[:, SEEN - CLASSES :]
    sharp, flat = (made_bridge(blend=Blend(near_temperature=each, far_temperature=each)) for each in (0.1, 100.0))
    mixed = made_bridge(blend=Blend(near_temperature=100.0, far_temperature=0.1))
    seen = torch.cat([drawn(50)[:, : SEEN - CLASSES], logits], 1)
    near, far = torch.zeros(50, 1), torch.ones(50, 1)
    torch.testing.assert_close(mixed(seen, near), flat(seen, near))
    torch.testing.assert_close(mixed(seen, far), sharp(seen, far))
    assert not torch.allclose(sharp(seen, far), flat(seen, far), atol=1e-2)


def test_training_may_overrule_the_gate_for_some():
    bridge, seen = made_bridge(), drawn(2)
    mixed = bridge(seen, torch.tensor([[torch.nan], [1.0]]))
    torch.testing.assert_close(mixed[0], bridge(seen)[0])
    torch.testing.assert_close(mixed[1], bridge(seen, torch.ones(2, 1))[1])


def test_joined_heads_answer_with_the_mean():
    members = [made_bridge(seed) for seed in range(3)]
    for member in members[1:]:  # they are trained on the same classes
        member.load_state_dict({**member.state_dict(), "conse.class_vectors": members[0].conse.class_vectors})
    joined = join_bridges(members)
    assert joined.hidden == 18
    scaled = drawn(9)
    for name, columns in (("drawing", DRAWN + POOLED), ("classes", POOLED)):
        apart = torch.stack([getattr(member, name)(scaled[:, :columns]) for member in members])
        torch.testing.assert_close(getattr(joined, name)(scaled[:, :columns]), apart.mean(0))


def test_what_is_saved_is_loaded_but_for_rounding(tmp_path):
    bridge = made_bridge(blend=Blend(0.25, 3.0, 1.75, 0.5))
    torch.manual_seed(1)
    last = LastStage()
    save_bridge(bridge, last, tmp_path / "deep" / "one.safetensors")
    loaded = load_bridge(tmp_path / "deep" / "one.safetensors")
    seen = drawn(50, seed=3)
    assert not loaded.training
    assert loaded.blend == bridge.blend
    assert (loaded(seen) * bridge(seen)).sum(1).min() > 0.9999
    assert torch.equal(loaded.gate.precision, bridge.gate.precision), "distances need all their digits"
    states = torch.rand(3, STAGES[-2], 5, 5)
    read = load_last_stage(tmp_path / "deep" / "one.safetensors")
    torch.testing.assert_close(read(states), last(states), rtol=0.01, atol=0.01)


@pytest.mark.parametrize("content", [None, b"", b"no safetensors at all"])
def test_a_bridge_that_cannot_be_read_is_a_sentence(tmp_path, content):
    path = tmp_path / "bad.safetensors"
    if content is not None:
        path.write_bytes(content)
    for load in (load_bridge, load_last_stage):
        with pytest.raises(ModelError, match=r"bad\.safetensors cannot be read"):
            load(path)


def test_a_head_begins_as_its_curve_alone():
    torch.manual_seed(0)
    head = Head(5, 7, 3)
    features = torch.randn(4, 5)
    expected = head.out(functional.gelu(head.bend(features))) + head.line.bias
    torch.testing.assert_close(head(features), expected)


def test_stages_are_read_as_the_network_computes_them():
    """Against timm's own forward pass, on random weights."""
    import timm

    torch.manual_seed(0)
    network = timm.create_model("tf_efficientnet_lite2", pretrained=False).eval()
    pictures = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        features = StagedPictures(network)(pictures)
        logits, states = network(pictures), network.forward_features(pictures)
    assert features.shape == (2, SEEN)
    torch.testing.assert_close(features[:, SEEN - CLASSES :], logits)
    for columns in (features[:, :POOLED], features[:, DRAWN : DRAWN + POOLED]):
        torch.testing.assert_close(columns, states.mean((2, 3)))
    last = POOLED + sum(STAGES)
    assert (features[:, last : last + STAGES[0]] >= features[:, POOLED : POOLED + STAGES[0]]).all(), "peaks above means"
    assert np.isfinite(features.numpy()).all()


def test_a_copied_last_stage_begins_as_the_network_s_own():
    """Against timm's, on random weights with batch norms that do something."""
    import timm

    torch.manual_seed(0)
    network = timm.create_model("tf_efficientnet_lite2", pretrained=False).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
    last = LastStage()
    last.copy_from(network)
    pictures = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        without, copied = StagedPictures(network)(pictures), StagedPictures(network, last)(pictures)
        torch.testing.assert_close(copied, without, rtol=1e-3, atol=1e-4)
        moved = StagedPictures(network, LastStage())(pictures)
    assert torch.equal(moved[:, DRAWN:], without[:, DRAWN:]), "the network's own answer stays"
    assert not torch.allclose(moved[:, :POOLED], without[:, :POOLED])


def test_another_last_stage_is_laid_into_its_own_columns():
    features = torch.zeros(1, SEEN)
    last = torch.arange(1.0, 1 + POOLED + 2 * STAGES[-1])[None]
    laid = with_last_stage(features, last)
    places = laid.nonzero()[:, 1]
    middle = POOLED + sum(STAGES)
    expected = [*range(POOLED), *range(middle - STAGES[-1], middle), *range(DRAWN - STAGES[-1], DRAWN)]
    assert places.tolist() == expected
    assert torch.equal(laid[0, places], last[0])
