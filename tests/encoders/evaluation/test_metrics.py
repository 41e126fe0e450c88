"""Metrics against eyes, against every order of the ties written out, and against sentence-transformers."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from encoders.errors import InputError
from encoders.evaluation import metrics
from encoders.evaluation.metrics import Ranking, rank, score_queries
from encoders.vectors import unit_rows

# 4 queries, 8 candidates. Query i is the axis i; the columns say what each candidate scores on each query.
SCORES = np.array(
    [
        [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2],  # right: 0       -> rank 1
        [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2],  # right: 1 and 3 -> ranks 2, 4
        [0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9],  # right: 2       -> rank 6
        [0.5, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1],  # right: 3       -> one of the first four: 2.5 on average
    ]
)
TRUTH = [{0}, {1, 3}, {2}, {3}]


def vectors_of(scores):
    """Unit vectors whose dot products are `scores` / 4: queries are axes, candidates have a private axis to fill up."""
    rows, columns = scores.shape
    candidates = np.zeros((columns, rows + columns))
    candidates[:, :rows] = scores.T / 4
    candidates[np.arange(columns), rows + np.arange(columns)] = np.sqrt(1 - np.sum(candidates**2, axis=1))
    return np.eye(rows, rows + columns, dtype=np.float32), candidates.astype(np.float32)


def ranked(scores, truth, **options):
    return rank(*vectors_of(np.asarray(scores, float)), truth, **options)


def in_every_order(scores, truth, k, measure):
    """Mean of measure(right or not, in order) over all orders of the tied: the definition, slowly."""
    columns = range(len(scores))
    orders = [order for order in permutations(columns) if all(scores[a] >= scores[b] for a, b in pairwise(order))]
    return np.mean([measure([column in truth for column in order], k) for order in orders])


def hit(right, k):
    return float(any(right[:k]))


def share(right, k):
    return sum(right[:k]) / sum(right)


def reciprocal(right, _):
    return 1 / (right.index(True) + 1)


def first(right, _):
    return right.index(True) + 1


def ndcg(right, k):
    gain = sum(1 / np.log2(place + 2) for place, one in enumerate(right[:k]) if one)
    return gain / sum(1 / np.log2(place + 2) for place in range(min(k, sum(right))))


def precision(right, _):
    return np.mean([sum(right[: place + 1]) / (place + 1) for place, one in enumerate(right) if one])


def test_a_4x8_matrix_by_eye():
    ranking = ranked(SCORES, TRUTH, k=3)
    assert ranking.ranks.tolist() == [1, 2, 4, 6, 2.5]
    assert ranking.top.tolist() == [[0, 1, 2], [0, 1, 2], [7, 6, 5], [0, 1, 2]]
    assert metrics.hits_at(ranking, 1).tolist() == [1, 0, 0, 0.25]
    assert metrics.hits_at(ranking, 3).tolist() == [1, 1, 0, 0.75]
    assert metrics.shares_at(ranking, 3).tolist() == [1, 0.5, 0, 0.75]
    assert metrics.recall_at(ranking, 1) == 0.3125
    assert metrics.first_ranks(ranking).tolist() == [1, 2, 6, 2.5]
    assert metrics.median_rank(ranking) == 2.25
    assert metrics.reciprocal_ranks(ranking) == pytest.approx([1, 1 / 2, 1 / 6, (1 + 1 / 2 + 1 / 3 + 1 / 4) / 4])
    assert metrics.average_precisions(ranking) == pytest.approx([1, (1 / 2 + 2 / 4) / 2, 1 / 6, 25 / 48])
    best = 1 + 1 / np.log2(3)
    tied = (1 + 1 / np.log2(3) + 1 / np.log2(4)) / 4
    assert metrics.gains_at(ranking, 3) == pytest.approx([1, (1 / np.log2(3)) / best, 0, tied])


def test_what_is_retrieved_by_eye():
    ranking = ranked(SCORES, TRUTH, k=3)
    assert metrics.coverage(ranking, 3) == 6 / 8  # 0 1 2 5 6 7
    assert metrics.coverage(ranking, 1) == 2 / 8
    # counts in the first three: 3 3 3 0 0 1 1 1, sorted 0 0 1 1 1 3 3 3; weights -7 -5 -3 -1 1 3 5 7
    assert metrics.gini(ranking, 3) == (-3 - 1 + 1 + 3 * (3 + 5 + 7)) / (8 * 12)
    # the 6.4 least popular of 8: 3 to 7 and 1.4 of the pair 1, 2
    popularity = [9, 5, 5, 4, 3, 2, 1, 0]
    assert metrics.tail_shares(ranking, 3, popularity) == pytest.approx([1.4 / 3, 1.4 / 3, 1, 1.4 / 3])
    assert metrics.tail_share(ranking, 3, popularity) == pytest.approx((1.4 + 1) / 4)


def test_without_popularity_it_is_how_many_queries_want_an_item():
    ranking = ranked(SCORES, [{0}, {0, 1}, {0}, {1}], k=1)
    assert metrics.tail_shares(ranking, 1) == pytest.approx(
        [0, 0, 1, 0]
    )  # wanted: 3 2 0 0 0 0 0 0; tail: 6.4 of the last six and .4 of 1
    assert metrics.tail_share(ranked(SCORES, TRUTH, k=3), 3) == pytest.approx(
        metrics.tail_share(ranked(SCORES, TRUTH, k=3), 3, [1, 1, 1, 2, 0, 0, 0, 0])
    )


def test_equal_popularity_makes_every_list_eighty_percent_tail():
    assert metrics.tail_shares(ranked(SCORES, TRUTH, k=3), 3, np.ones(8)) == pytest.approx([0.8] * 4)


@pytest.mark.parametrize("seed", range(6))
def test_ties_are_the_mean_over_all_their_orders(seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 3, (4, 5)) / 4
    truth = [set(rng.choice(5, rng.integers(1, 4), replace=False).tolist()) for _ in range(4)]
    ranking = ranked(scores, truth)
    for k in (1, 2, 3, 5, 9):
        for fast, slow in ((metrics.hits_at, hit), (metrics.shares_at, share), (metrics.gains_at, ndcg)):
            expected = [in_every_order(row, right, k, slow) for row, right in zip(scores, truth, strict=True)]
            assert fast(ranking, k) == pytest.approx(expected), (fast, k)
    pairs = ((metrics.reciprocal_ranks, reciprocal), (metrics.average_precisions, precision), (metrics.first_ranks, first))
    for fast, slow in pairs:
        expected = [in_every_order(row, right, 5, slow) for row, right in zip(scores, truth, strict=True)]
        assert fast(ranking) == pytest.approx(expected), fast


def test_trap_4_a_picture_with_five_captions_is_found_by_any_of_them():
    scores = np.full((1, 8), 0.1)
    scores[0, [3, 6]] = 0.9, 0.5  # one caption first; the other four far behind
    five = ranked(scores, [{0, 1, 2, 3, 4}], k=5)
    one_to_one = ranked(scores, [{0}], k=5)
    assert metrics.recall_at(five, 1) == 1
    assert metrics.recall_at(one_to_one, 1) == 0  # what 1:1 truth would have said
    assert metrics.shares_at(five, 1).tolist() == [0.2]


@pytest.mark.parametrize("collapsed", ["queries", "candidates", "both"])
def test_trap_5_a_tower_that_collapsed_to_a_constant_scores_as_chance(collapsed):
    rng = np.random.default_rng(7)
    n, m = 37, 101
    vectors = {"queries": unit_rows(rng.standard_normal((n, 48))), "candidates": unit_rows(rng.standard_normal((m, 48)))}
    truth = [{int(column)} for column in rng.permutation(m)[:n]]
    constant = unit_rows(rng.standard_normal((1, 48)))
    for side in ("candidates", "both"):
        if collapsed in (side, "both"):
            vectors["candidates"] = np.repeat(constant, m, axis=0)
    if collapsed == "queries":  # every query the same: the list is one and the same, so R@k summed over all items is k
        vectors["queries"] = np.repeat(constant, m, axis=0)
        truth = [{column} for column in range(m)]
    ranking = rank(vectors["queries"], vectors["candidates"], truth, chunk=(8, 16))
    for k in (1, 5, 10, 50, m):
        assert metrics.recall_at(ranking, k) == pytest.approx(k / m, abs=1e-12)
    assert metrics.mrr(ranking) == pytest.approx(np.mean(1 / np.arange(1, m + 1)), abs=1e-12)
    assert metrics.first_ranks(ranking).mean() == pytest.approx((m + 1) / 2)
    if collapsed != "queries":
        chance = score_queries(metrics.at_chance(ranking))
        for name, values in score_queries(ranking).items():
            assert np.array_equal(values, chance[name]), name
        assert metrics.coverage(ranking, 10) == 10 / m  # and it shows in the catalogue that nothing is told apart


def test_chance_with_many_right_items():
    ranking = metrics.at_chance(ranked(SCORES, [{0, 1}, {2, 3}, {4}, {5}]))
    assert metrics.hits_at(ranking, 1).tolist() == pytest.approx([2 / 8, 2 / 8, 1 / 8, 1 / 8])
    assert metrics.hits_at(ranking, 2)[0] == pytest.approx(1 - 6 / 8 * 5 / 7)
    assert metrics.shares_at(ranking, 2)[0] == pytest.approx(2 / 8)


def slow_ranking(queries, candidates, truth, k):
    """The whole matrix at once, in Python's whole numbers."""
    left, right = (np.rint(side.astype(np.float64) * 2**26).astype(np.int64).astype(object) for side in (queries, candidates))
    scores = left @ right.T
    above, tied, columns = [], [], []
    for row, wanted in enumerate(truth):
        order = sorted(wanted, key=lambda column: (-scores[row][column], column))
        columns += order
        above += [sum(scores[row] > scores[row][column]) for column in order]
        tied += [sum(scores[row] == scores[row][column]) for column in order]
    top = [sorted(range(len(candidates)), key=lambda column: (-scores[row][column], column))[:k] for row in range(len(queries))]
    return columns, above, tied, top


@pytest.mark.parametrize("chunk", [(1, 1), (2, 5), (7, 3), (1000, 13), (3, 1000), (1024, 8192)])
def test_pieces_of_any_size_give_what_the_whole_matrix_gives(chunk):
    rng = np.random.default_rng(3)
    queries = unit_rows(rng.integers(-1, 2, (17, 6)) + 0.01)
    candidates = unit_rows(rng.integers(-1, 2, (29, 6)) + 0.01)  # few values: many ties
    candidates[11:20] = candidates[4]
    truth = [set(rng.choice(29, rng.integers(1, 9), replace=False).tolist()) for _ in range(17)]
    columns, above, tied, top = slow_ranking(queries, candidates, truth, 4)
    ranking = rank(queries, candidates, truth, k=4, chunk=chunk)
    assert ranking.columns.tolist() == columns
    assert ranking.above.tolist() == above
    assert ranking.tied.tolist() == tied
    assert ranking.top.tolist() == top
    assert ranking.starts.tolist() == np.cumsum([0, *map(len, truth)]).tolist()


def test_scores_are_exact_for_long_vectors_in_any_order_of_summing():
    rng = np.random.default_rng(5)
    queries, candidates = unit_rows(rng.standard_normal((6, 1024))), unit_rows(rng.standard_normal((9, 1024)))
    candidates[5] = candidates[2]
    shuffle = rng.permutation(1024)
    truth = [{row} for row in range(6)]
    one = rank(queries, candidates, truth)
    other = rank(np.ascontiguousarray(queries[:, shuffle]), np.ascontiguousarray(candidates[:, shuffle]), truth, chunk=(1, 2))
    assert np.array_equal(one.above, other.above)
    assert np.array_equal(one.tied, other.tied)
    assert one.tied.tolist() == [1, 1, 2, 1, 1, 2]


def test_the_numbers_of_sentence_transformers():
    pytest.importorskip("sentence_transformers")
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator

    rng = np.random.default_rng(11)
    n, m = 12, 40
    candidates = unit_rows(rng.standard_normal((m, 16)))
    truth = [set(rng.choice(m, size, replace=False).tolist()) for size in rng.integers(1, 5, n)]
    queries = unit_rows([candidates[sorted(right)].sum(0) + 0.25 * rng.standard_normal(16) for right in truth])
    evaluator = InformationRetrievalEvaluator(
        {str(i): str(i) for i in range(n)},
        {str(j): str(j) for j in range(m)},
        {str(i): {str(j) for j in right} for i, right in enumerate(truth)},
        accuracy_at_k=[1, 5, 10],
        precision_recall_at_k=[10],
        mrr_at_k=[m],
        ndcg_at_k=[10],
        map_at_k=[m],
    )
    scores = queries.astype(np.float64) @ candidates.T.astype(np.float64)
    results = [[{"corpus_id": str(j), "score": float(scores[i, j])} for j in range(m)] for i in range(n)]
    theirs = evaluator.compute_metrics(results)
    ranking = rank(queries, candidates, truth)
    assert 0.3 < metrics.recall_at(ranking, 1) < 1
    for k in (1, 5, 10):
        assert metrics.recall_at(ranking, k) == pytest.approx(theirs["accuracy@k"][k])
    assert metrics.shares_at(ranking, 10).mean() == pytest.approx(theirs["recall@k"][10])
    assert metrics.mrr(ranking) == pytest.approx(theirs["mrr@k"][m])
    assert metrics.ndcg_at(ranking, 10) == pytest.approx(theirs["ndcg@k"][10])
    assert metrics.mean_average_precision(ranking) == pytest.approx(theirs["map@k"][m])


def test_one_item_and_one_query():
    one = np.eye(1, 4, dtype=np.float32)
    ranking = rank(one, one, [{0}])
    assert (metrics.recall_at(ranking, 1), metrics.mrr(ranking), metrics.median_rank(ranking)) == (1, 1, 1)
    assert (metrics.coverage(ranking, 10), metrics.gini(ranking, 10)) == (1, 0)
    assert ranking.top.shape == (1, 1)


@pytest.mark.parametrize(
    ("queries", "candidates", "truth", "says"),
    [
        (np.eye(2, 3), np.eye(3, 3), [{0}], "2 queries, 1 sets"),
        (np.eye(2, 3), np.eye(3, 3), [{0}, set()], "query 1 has no right item"),
        (np.eye(2, 3), np.eye(3, 3), [{0}, {3}], "query 1 wants candidate 3, but there are 3"),
        (np.eye(2, 3), np.eye(3, 3), [{-1}, {2}], "query 0 wants candidate -1"),
        (np.eye(2, 3), np.eye(3, 4), [{0}, {1}], r"shape \(n, 3\)"),
        (2 * np.eye(2, 3), np.eye(3, 3), [{0}, {1}], "length 2"),
        (np.empty((0, 3)), np.eye(3, 3), [], "0 queries, 3 candidates"),
    ],
)
def test_what_cannot_be_ranked_says_why(queries, candidates, truth, says):
    with pytest.raises(InputError, match=says):
        rank(queries.astype(np.float32), candidates.astype(np.float32), truth)


def test_scores_of_queries_have_names_and_one_number_a_query():
    scores = score_queries(ranked(SCORES, TRUTH))
    assert all(values.shape == (4,) for values in scores.values())
    assert isinstance(ranked(SCORES, TRUTH), Ranking)
    assert scores["R@1"].tolist() == [1, 0, 0, 0.25]
