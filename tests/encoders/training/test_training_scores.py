"""Temperature, then logQ, then mask: the order, the traps, and what the corrections are worth."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from encoders.errors import InputError
from encoders.training.losses import softmax_loss
from encoders.training.scores import Temperature, own_cells, own_columns, training_scores

COSINES = torch.tensor([[0.9, 0.1, 0.3, 0.0], [0.2, 0.8, 0.1, 0.4], [0.0, 0.5, 0.7, 0.6]], dtype=torch.float64)
LOG_Q = torch.tensor([0.5, 0.25, 0.2, 0.05], dtype=torch.float64).log()


def test_order_by_eye():
    mask = torch.tensor([[1, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]], dtype=torch.bool)
    scores = training_scores(COSINES, 0.1, log_q=LOG_Q, mask=mask)
    half, quarter, fifth, twentieth = (-LOG_Q).tolist()
    expected = [
        [9 + half, 1 + quarter, -math.inf, 0 + twentieth],  # the row's own positive is masked in vain
        [2 + half, 8 + quarter, 1 + fifth, 4 + twentieth],
        [0 + half, -math.inf, 7 + fifth, 6 + twentieth],
    ]
    assert torch.allclose(scores, torch.tensor(expected, dtype=torch.float64))


def test_trap_logq_before_the_temperature_is_twenty_times_too_strong():
    t = 0.05
    plain = training_scores(COSINES, t)
    ours = training_scores(COSINES, t, log_q=LOG_Q) - plain
    wrong = (COSINES - LOG_Q) / t - plain
    assert torch.allclose(ours, -LOG_Q.expand_as(ours))
    assert torch.allclose(wrong / ours, torch.full_like(ours, 20.0))
    assert softmax_loss(plain + ours) != pytest.approx(softmax_loss(plain + wrong).item(), rel=0.1)


def test_trap_the_temperature_changes_the_loss():
    losses = [softmax_loss(training_scores(COSINES, t)).item() for t in (1.0, 0.1, 0.05)]
    assert losses[0] > 2 * losses[1] > 2 * losses[2]
    learned = Temperature(0.1)
    softmax_loss(training_scores(COSINES, learned())).backward()
    assert learned.log_scale.grad.abs() > 1e-3


def test_without_options_only_the_temperature_works():
    assert torch.equal(training_scores(COSINES, 0.5), COSINES / 0.5)


def test_half_precision_becomes_float32_before_the_division():
    low = COSINES.to(torch.bfloat16)
    assert training_scores(low, 0.01).dtype == torch.float32
    assert torch.equal(training_scores(low, 0.01), low.float() / 0.01)


def test_positives_may_sit_anywhere():
    positives = torch.tensor([3, 0, 3])
    assert own_columns(COSINES, positives).tolist() == [3, 0, 3]
    assert own_cells(COSINES, positives).int().tolist() == [[0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1]]
    everything = torch.ones(3, 4, dtype=torch.bool)
    assert torch.isfinite(training_scores(COSINES, 1.0, positives=positives, mask=everything)).int().tolist() == [
        [0, 0, 0, 1], [1, 0, 0, 0], [0, 0, 0, 1]]  # fmt: skip


def test_corrected_by_eye():
    mask = torch.zeros(3, 4, dtype=torch.bool)
    mask[0, 3] = True
    scores = training_scores(COSINES, 0.1, log_q=LOG_Q, corrected=True, mask=mask)
    q = LOG_Q.exp()
    assert torch.allclose(scores.diagonal(), COSINES.diagonal() / 0.1), "the positive was not drawn"
    rest = 1 - q[0]  # row 0: two negatives left, drawn from what is not column 0
    assert scores[0, 1].item() == pytest.approx(1 - math.log(q[1] / rest) - math.log(2))
    assert scores[0, 2].item() == pytest.approx(3 - math.log(q[2] / rest) - math.log(2))
    assert scores[0, 3] == -math.inf
    assert scores[2, 0].item() == pytest.approx(0 - math.log(q[0] / (1 - q[2])) - math.log(3))


def paper_loss(cosines, t, log_q, mask):
    """Khrylchenko et al. 2025 as it is written: no positive in the sum, weight stop_grad(1 - P(positive))."""
    n = len(cosines)
    own = torch.eye(n, cosines.shape[1], dtype=torch.bool)
    scores = cosines / t
    log_rest = torch.log1p(-log_q[:n].exp())[:, None]
    negatives = (scores - (log_q - log_rest)).masked_fill(mask | own, -math.inf)
    number = (~(mask | own)).sum(1)
    positive = scores.diagonal()
    total = torch.logsumexp(negatives, 1)
    wrong = torch.sigmoid(total - number.log() - positive).detach()  # 1 - P
    return (wrong * (total - positive)).mean()


@given(seed=st.integers(0, 1000), t=st.sampled_from([0.05, 0.3, 1.0]))
@settings(max_examples=30, deadline=None)
def test_corrected_has_exactly_the_papers_gradient(seed, t):
    rng = np.random.default_rng(seed)
    log_q = torch.tensor(rng.dirichlet(np.ones(6))).log()
    mask = torch.tensor(rng.random((4, 6)) < 0.2)
    mask[:, 5] = False  # the paper's form has no answer for a row without negatives
    cosines = torch.tensor(rng.uniform(-1, 1, (4, 6)))
    a, b = (cosines.clone().requires_grad_() for _ in range(2))
    softmax_loss(training_scores(a, t, log_q=log_q, corrected=True, mask=mask)).backward()
    paper_loss(b, t, log_q, mask).backward()
    assert torch.allclose(a.grad, b.grad, atol=1e-12)


def test_expected_gradient_is_nearest_to_that_of_the_full_softmax():
    """Every draw of 3 from 5 items, with its probability: no luck in it."""
    full = torch.tensor([1.2, -0.4, 0.8, 0.1, -1.0], dtype=torch.float64)
    q = torch.tensor([0.5, 0.25, 0.13, 0.08, 0.04], dtype=torch.float64)
    error = dict.fromkeys(["none", "plain", "corrected"], 0.0)
    for positive in range(5):
        wanted = torch.softmax(full, 0) - functional.one_hot(torch.tensor(positive), 5)
        rest = q.clone()
        rest[positive] = 0
        rest /= rest.sum()
        for kind in error:
            mean = torch.zeros(5, dtype=torch.float64)
            for draw in itertools.product([item for item in range(5) if item != positive], repeat=3):
                columns = torch.tensor([positive, *draw])
                row = full[columns][None].clone().requires_grad_()
                log_q = None if kind == "none" else q[columns].log()
                softmax_loss(training_scores(row, 1.0, log_q=log_q, corrected=kind == "corrected")).backward()
                mean.index_add_(0, columns, rest[list(draw)].prod() * row.grad[0])
            error[kind] += float(q[positive] * (mean - wanted).norm())
    assert error["corrected"] < 0.5 * error["plain"]
    assert error["corrected"] < 0.5 * error["none"]


def learned_table(kind, batch=32, steps=700, queries=6, items=20):
    """Train a free table of scores with in-batch negatives; what it believes, the truth, and the rarer half of the items."""
    rng = np.random.default_rng(0)
    truth = np.exp(1.2 * rng.standard_normal((queries, items))) / np.arange(1, items + 1) ** 1.2
    truth /= truth.sum(1, keepdims=True)
    q = truth.mean(0)
    log_q = torch.tensor(np.log(q))
    table = torch.zeros(queries, items, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([table], lr=0.1)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    for _ in range(steps):
        x = rng.integers(0, queries, batch)
        y = np.minimum((rng.random((batch, 1)) > truth[x].cumsum(1)).sum(1), items - 1)
        mask = torch.tensor(y[:, None] == y)
        scores = training_scores(
            table[x][:, y], 1.0, log_q=None if kind == "none" else log_q[y], corrected=kind == "corrected", mask=mask
        )
        optimiser.zero_grad()
        softmax_loss(scores).backward()
        optimiser.step()
        schedule.step()
    return torch.softmax(table.detach(), 1).numpy(), truth, q < np.median(q)


def test_in_batch_training_learns_the_true_frequencies_only_when_corrected():
    off, tail = {}, {}
    for kind in ("none", "plain", "corrected"):
        believed, truth, rare = learned_table(kind)
        off[kind] = np.abs(believed - truth).sum(1).mean() / 2  # total variation
        tail[kind] = believed[:, rare].sum(1).mean() / truth[:, rare].sum(1).mean()
    assert off["corrected"] < 0.5 * off["plain"] < 0.25 * off["none"]
    assert tail["none"] > 2.5, "uncorrected, what is rare is hardly ever pushed away"
    assert tail["plain"] < 0.85, "plain, a rare positive counts as already found"
    assert tail["corrected"] == pytest.approx(1.0, abs=0.12)


def trained_recall(kind, seed, items=150, dimension=12, batch=32, steps=300):
    """R@5 of two small towers, trained in-batch on a catalogue whose popularity falls as 1 / rank: rare half, natural mix."""
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    looks = rng.standard_normal((items, 24)).astype(np.float32)
    q = 1 / np.arange(1, items + 1)
    q /= q.sum()
    log_q = torch.tensor(np.log(q), dtype=torch.float32)
    query_tower, item_tower = torch.nn.Linear(24, dimension), torch.nn.Embedding(items, dimension)
    optimiser = torch.optim.Adam([*query_tower.parameters(), *item_tower.parameters()], lr=0.03)

    def encode(ids):
        noisy = torch.tensor(looks[ids] + rng.standard_normal((len(ids), 24)), dtype=torch.float32)
        return functional.normalize(query_tower(noisy), dim=1)

    for _ in range(steps):
        ids = rng.choice(items, batch, p=q)
        cosines = encode(ids) @ functional.normalize(item_tower(torch.tensor(ids)), dim=1).T
        scores = training_scores(
            cosines,
            0.1,
            log_q=None if kind == "none" else log_q[ids],
            corrected=kind == "corrected",
            mask=torch.tensor(ids[:, None] == ids),
        )
        optimiser.zero_grad()
        softmax_loss(scores).backward()
        optimiser.step()
    asked = np.repeat(np.arange(items), 4)
    with torch.no_grad():
        cosines = (encode(asked) @ functional.normalize(item_tower.weight, dim=1).T).numpy()
    found = (cosines > cosines[np.arange(len(asked)), asked][:, None]).sum(1) < 5
    return np.array([found[asked >= items // 2].mean(), found @ q[asked] / q[asked].sum()])


def test_corrected_training_recovers_more_of_a_skewed_catalogue():
    rare, natural = {}, {}
    for kind in ("none", "plain", "corrected"):
        rare[kind], natural[kind] = np.mean([trained_recall(kind, seed) for seed in (1, 3)], axis=0)
    assert natural["corrected"] > natural["none"] + 0.02
    assert natural["corrected"] > natural["plain"] + 0.01
    assert rare["corrected"] > rare["plain"] + 0.05


@given(seed=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_a_common_factor_of_q_plays_no_part_in_plain_logq(seed):
    rng = np.random.default_rng(seed)
    cosines = torch.tensor(rng.uniform(-1, 1, (3, 5)))
    log_q = torch.tensor(rng.dirichlet(np.ones(5))).log()
    one, other = (softmax_loss(training_scores(cosines, 0.1, log_q=log_q + shift)) for shift in (0.0, -3.0))
    assert one.item() == pytest.approx(other.item())


def test_a_row_without_negatives_costs_nothing_and_breaks_nothing():
    cosines = torch.tensor([[0.5, 0.1], [0.2, 0.3]], requires_grad=True)
    mask = torch.tensor([[False, True], [True, False]])
    loss = softmax_loss(training_scores(cosines, 0.1, log_q=torch.tensor([0.5, 0.5]).log(), corrected=True, mask=mask))
    loss.backward()
    assert loss.item() == 0 and torch.equal(cosines.grad, torch.zeros(2, 2))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": 0.0}, "temperature must be above 0, got 0.0"),
        ({"log_q": LOG_Q[:2]}, r"one number a column, \(4,\), got \(2,\)"),
        ({"log_q": torch.tensor([0.0, -1.0, -math.inf, -1.0])}, "column 2 is -inf"),
        ({"log_q": torch.tensor([0.0, 0.5, -1.0, -1.0])}, "column 1 is 0.5"),
        ({"corrected": True}, "needs log_q"),
        ({"mask": torch.zeros(3, 3, dtype=torch.bool)}, r"must be \(3, 4\) bool"),
        ({"mask": torch.zeros(3, 4)}, "float32"),
        ({"positives": torch.tensor([0, 1])}, r"\(3,\) int64, got \(2,\)"),
        ({"positives": torch.tensor([0.0, 1, 2])}, "float32"),
    ],
)
def test_what_does_not_fit_is_refused_with_both_values(options, words):
    with pytest.raises(InputError, match=words):
        training_scores(COSINES, **{"temperature": 0.1, **options})


def test_more_rows_than_columns_need_positives():
    with pytest.raises(InputError, match="4 rows and only 3 columns"):
        training_scores(COSINES.T, 0.1)
    with pytest.raises(InputError, match=r"\(n queries, m columns\)"):
        training_scores(COSINES[0], 0.1)


def test_a_learned_temperature_starts_at_clips_and_stays_within_its_bounds():
    temperature = Temperature()
    assert temperature.log_scale.item() == pytest.approx(math.log(1 / 0.07))
    for far in (50.0, -50.0):
        with torch.no_grad():
            temperature.log_scale.fill_(far)
        value = temperature()
        assert value.item() == pytest.approx(0.01 if far > 0 else 1.0)
        value.backward()
        assert temperature.log_scale.grad.abs() > 0.005, "at the bound there must be a way back"
        temperature.zero_grad()


def test_a_fixed_temperature_has_nothing_to_train_and_is_saved():
    fixed = Temperature(0.2, learned=False)
    assert list(fixed.parameters()) == [] and fixed().item() == pytest.approx(0.2)
    other = Temperature(0.5, learned=False)
    other.load_state_dict(fixed.state_dict())
    assert other().item() == pytest.approx(0.2)


@pytest.mark.parametrize(("value", "learned"), [(0.005, True), (2.0, True), (0.0, False), (math.inf, False)])
def test_an_impossible_temperature_is_refused(value, learned):
    with pytest.raises(InputError, match="temperature must be"):
        Temperature(value, learned)
