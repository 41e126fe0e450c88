"""Losses: by eye, against finite differences, against other people's, and against the wrong variants."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from encoders.errors import InputError
from encoders.training.losses import bpr_loss, hinge_loss, initial_bias, matryoshka, sigmoid_loss, softmax_loss
from encoders.training.scores import training_scores

LOSSES = {
    "softmax": softmax_loss,
    "softmax both ways": partial(softmax_loss, both=True),
    "sigmoid": lambda scores, positives=None, weights=None: sigmoid_loss(
        scores, positives, 0.3, -1.0, weights, torch.isneginf(scores)
    ),
    "bpr": bpr_loss,
    "hinge": partial(hinge_loss, margin=0.5),
}
every_loss = pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES.keys())


def matrix(seed, n=3, m=5):
    return torch.tensor(np.random.default_rng(seed).uniform(-1, 1, (n, m)))


@every_loss
def test_gradients_against_finite_differences(loss):
    scores = matrix(1)
    weights = torch.tensor([1.0, 0.5, 2.0], dtype=torch.float64)
    positives = torch.tensor([4, 1, 0])
    masked = scores.clone()
    masked[0, 1] = masked[1, 4] = -math.inf

    def of_free_cells(free):
        return loss(torch.where(torch.isneginf(masked), masked, free), positives, weights)

    assert torch.autograd.gradcheck(of_free_cells, (scores.clone().requires_grad_(),))


def test_sigmoid_gradients_of_temperature_and_bias():
    t, bias = (torch.tensor(value, dtype=torch.float64, requires_grad=True) for value in (0.2, -1.5))
    assert torch.autograd.gradcheck(lambda t, b: sigmoid_loss(matrix(2), None, t, b), (t, bias))


@every_loss
@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_the_order_of_rows_and_columns_plays_no_part(loss, seed):
    rng = np.random.default_rng(seed)
    scores, weights = matrix(seed), torch.tensor(rng.uniform(0.5, 2, 3))
    rows, columns = torch.tensor(rng.permutation(3)), torch.tensor(rng.permutation(5))
    places = torch.argsort(columns)
    shuffled = loss(scores[rows][:, columns], places[rows], weights[rows])
    assert shuffled.item() == pytest.approx(loss(scores, None, weights).item())


@every_loss
@given(seed=st.integers(0, 10_000), cell=st.sampled_from([(0, 1), (0, 3), (1, 4), (2, 0)]))
@settings(max_examples=20, deadline=None)
def test_a_masked_column_has_no_say(loss, seed, cell):
    scores = matrix(seed)
    mask = torch.zeros(3, 5, dtype=torch.bool)
    mask[cell] = True
    other = scores.clone()
    other[cell] = 7.0
    a, b = (loss(training_scores(s, 1.0, mask=mask)) for s in (scores, other))
    assert a.item() == b.item()
    assert loss(training_scores(scores, 1.0)).item() != loss(training_scores(other, 1.0)).item()


@every_loss
def test_weights_are_those_of_a_mean(loss):
    scores = matrix(3)
    square = scores[:, :3]  # so that both directions drop the same row
    twice = loss(scores, None, torch.tensor([2.0, 2.0, 2.0]))
    assert twice.item() == pytest.approx(loss(scores).item())
    only = loss(square, None, torch.tensor([0.0, 1.0, 0.0])).item()
    assert only != pytest.approx(loss(square).item())
    singles = [loss(square, None, functional.one_hot(torch.tensor(i), 3).double()).item() for i in range(3)]
    mixed = loss(square, None, torch.tensor([1.0, 2.0, 1.0])).item()
    assert mixed == pytest.approx((singles[0] + 2 * singles[1] + singles[2]) / 4)


@every_loss
def test_weights_of_another_length_are_refused(loss):
    with pytest.raises(InputError, match=r"one number a row, \(3,\), got \(2,\)"):
        loss(matrix(0), None, torch.ones(2))


def test_softmax_by_eye():
    scores = torch.tensor([[2.0, 0.0, 1.0, -math.inf], [0.0, 3.0, -math.inf, 1.0], [1.0, 1.0, 1.0, 1.0]])
    e = math.exp
    rows = [math.log((e(2) + 1 + e(1)) / e(2)), math.log((1 + e(3) + e(1)) / e(3)), math.log(4)]
    assert softmax_loss(scores).item() == pytest.approx(sum(rows) / 3)
    columns = [math.log((e(2) + 1 + e(1)) / e(2)), math.log((1 + e(3) + e(1)) / e(3)), math.log((e(1) + e(1)) / e(1))]
    assert softmax_loss(scores, both=True).item() == pytest.approx((sum(rows) + sum(columns)) / 6)


def test_both_directions_are_symmetric():
    square = matrix(4, 4, 4)
    assert softmax_loss(square, both=True).item() == pytest.approx(softmax_loss(square.T, both=True).item())
    assert softmax_loss(square).item() != pytest.approx(softmax_loss(square.T).item())


def test_hard_negatives_make_it_harder_and_only_from_query_to_item():
    square, extra = matrix(5, 3, 3), matrix(6, 3, 2)
    wide = torch.cat([square, extra], 1)
    assert softmax_loss(wide) > softmax_loss(square)
    other_way = 2 * softmax_loss(wide, both=True) - softmax_loss(wide)
    assert other_way.item() == pytest.approx(softmax_loss(square.T).item())


def test_two_captions_of_one_column_are_not_each_others_negatives():
    scores = torch.tensor([[2.0, 0.0], [1.0, 0.5], [0.0, 3.0]])
    positives = torch.tensor([0, 0, 1])
    back = [math.log(1 + math.exp(0 - 2)), math.log(1 + math.exp(0 - 1)), 0.0]
    back[2] = math.log((math.exp(3) + 1 + math.exp(0.5)) / math.exp(3))
    ahead = softmax_loss(scores, positives).item()
    assert softmax_loss(scores, positives, both=True).item() == pytest.approx((ahead + sum(back) / 3) / 2)


def test_corrected_logq_leaves_the_other_direction_alone():
    cosines, log_q = matrix(7, 3, 3), torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64).log()
    bare = training_scores(cosines, 0.1)
    plain = training_scores(cosines, 0.1, log_q=log_q)
    corrected = training_scores(cosines, 0.1, log_q=log_q, corrected=True)
    back = softmax_loss(bare.T).item()
    assert 2 * softmax_loss(plain, both=True) - softmax_loss(plain) == pytest.approx(back)
    assert 2 * softmax_loss(corrected, both=True) - softmax_loss(corrected) != pytest.approx(back, rel=0.01)
    both = softmax_loss(corrected, both=True, column_scores=bare)
    assert 2 * both - softmax_loss(corrected) == pytest.approx(back)


def test_column_scores_without_a_use_or_of_another_shape_are_refused():
    with pytest.raises(InputError, match="both=True"):
        softmax_loss(matrix(0), column_scores=matrix(0))
    with pytest.raises(InputError, match=r"\(3, 5\), got \(3, 4\)"):
        softmax_loss(matrix(0), both=True, column_scores=matrix(0, 3, 4))


def vectors(seed, n, d=8):
    return functional.normalize(torch.tensor(np.random.default_rng(seed).standard_normal((n, d)), dtype=torch.float32), dim=1)


@pytest.mark.parametrize("hard", [0, 1, 2])
@pytest.mark.parametrize("both", [False, True])
def test_softmax_equals_sentence_transformers(hard, both):
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    queries, columns = vectors(0, 4), [vectors(1 + i, 4) for i in range(1 + hard)]
    options = {"directions": ("query_to_doc", "doc_to_query"), "partition_mode": "per_direction"} if both else {}
    theirs = MultipleNegativesRankingLoss(model=None, scale=20.0, **options)
    expected = theirs.compute_loss_from_embeddings([queries, *columns], torch.empty(0))
    ours = softmax_loss(training_scores(queries @ torch.cat(columns).T, 1 / 20), both=both)
    assert ours.item() == pytest.approx(expected.item(), rel=1e-5)


def test_sigmoid_equals_open_clip():
    from open_clip.loss import SigLipLoss

    queries, items = vectors(3, 5), vectors(4, 5)
    scale, bias = torch.tensor(10.0), torch.tensor(-3.0)
    expected = SigLipLoss()(queries, items, scale, bias)
    assert sigmoid_loss(queries @ items.T, None, 1 / scale, bias).item() == pytest.approx(expected.item(), rel=1e-6)


def test_trap_a_bare_cosine_in_a_cross_entropy_never_ends():
    perfect = torch.ones(1, 1)
    wrong = functional.binary_cross_entropy_with_logits(perfect, torch.ones(1, 1))
    assert wrong.item() == pytest.approx(0.3133, abs=1e-4)
    assert sigmoid_loss(perfect, None, 0.1, 0.0).item() < 1e-4
    nearly = torch.eye(4)  # perfect pairs, orthogonal negatives
    assert sigmoid_loss(nearly, None, 0.05, -10.0).item() < 1e-3
    assert sigmoid_loss(nearly, None, 1.0, 0.0).item() > 2
    assert sigmoid_loss(nearly, None, 0.1, -5.0) != sigmoid_loss(nearly, None, 0.2, -5.0)


def test_trap_bpr_as_the_log_of_a_sigmoid_breaks():
    wrong, ours = (torch.tensor([[0.0, 100.0]], requires_grad=True) for _ in range(2))
    bad = -torch.log(torch.sigmoid(wrong[0, 0] - wrong[0, 1]))
    bad.backward()
    assert not torch.isfinite(bad) and not torch.isfinite(wrong.grad).any()
    good = bpr_loss(ours)
    good.backward()
    assert good.item() == pytest.approx(100.0)
    assert ours.grad.tolist() == [[-1.0, 1.0]]
    far = torch.tensor([[100.0, 0.0]], requires_grad=True)
    bpr_loss(far).backward()
    assert torch.isfinite(far.grad).all()


def test_initial_bias_makes_the_first_guess_the_share_of_positives():
    assert initial_bias(256) == pytest.approx(-5.54, abs=0.005)
    assert 1 / (1 + math.exp(-initial_bias(50))) == pytest.approx(1 / 50)
    with pytest.raises(InputError, match="at least 2"):
        initial_bias(1)


def test_bpr_and_hinge_by_eye():
    scores = torch.tensor([[1.0, 0.0, -math.inf, 0.9], [0.0, 0.5, 0.6, -1.0], [-math.inf, -math.inf, 0.0, -math.inf]])
    cost = lambda lead: math.log(1 + math.exp(-lead))  # noqa: E731
    bpr = [(cost(1.0) + cost(0.1)) / 2, (cost(0.5) + cost(-0.1) + cost(1.5)) / 3, 0.0]
    assert bpr_loss(scores).item() == pytest.approx(sum(bpr) / 3)
    hinge = [0.1 / 2, 0.3 / 3, 0.0]
    assert hinge_loss(scores, margin=0.2).item() == pytest.approx(sum(hinge) / 3)
    with pytest.raises(InputError, match="margin must be above 0"):
        hinge_loss(scores, margin=0.0)


@every_loss
def test_no_nan_when_all_is_masked(loss):
    scores = torch.full((3, 4), -math.inf)
    scores[range(3), range(3)] = 0.5
    free = scores.clone().requires_grad_()
    loss(free).backward()
    assert torch.isfinite(free.grad).all()


def of_vectors(queries, items):
    return softmax_loss(training_scores(queries @ items.T, 0.1))


def test_matryoshka_at_full_dimension_alone_is_the_plain_loss():
    queries, items = vectors(5, 4), vectors(6, 6)
    assert matryoshka(of_vectors, queries, items, [8]).item() == pytest.approx(of_vectors(queries, items).item())


def test_matryoshka_is_a_weighted_mean_over_unit_prefixes():
    queries, items = vectors(5, 4), vectors(6, 6)
    cut = [functional.normalize(v[:, :3], dim=1) for v in (queries, items)]
    whole, short = of_vectors(queries, items), of_vectors(*cut)
    assert matryoshka(of_vectors, queries, items, [8, 3]).item() == pytest.approx((whole + short).item() / 2)
    assert matryoshka(of_vectors, queries, items, [8, 3], [3, 1]).item() == pytest.approx((3 * whole + short).item() / 4)
    bare = of_vectors(queries[:, :3], items[:, :3])
    assert bare.item() != pytest.approx(short.item(), rel=0.01), "a prefix that is not brought back to length 1"
    lengths = []
    matryoshka(lambda q, v: lengths.append((q.norm(dim=1), v.norm(dim=1))) or q.sum(), queries, items, [2, 5])
    assert all(torch.allclose(length, torch.ones_like(length)) for pair in lengths for length in pair)


@pytest.mark.parametrize(
    ("dimensions", "weights", "words"),
    [
        ([], None, "different numbers from 1 to 8"),
        ([9], None, r"got \[9\]"),
        ([4, 4], None, "different"),
        ([4], [1, 2], "one weight"),
        ([4], [0], "above 0"),
    ],
)
def test_matryoshka_refuses_impossible_dimensions(dimensions, weights, words):
    with pytest.raises(InputError, match=words):
        matryoshka(of_vectors, vectors(0, 2), vectors(1, 2), dimensions, weights)
