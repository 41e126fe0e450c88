"""From a ranking to numbers with intervals: what is measured in one direction, and an evaluation of one or two of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from encoders.errors import InputError
from encoders.evaluation.bootstrap import Statistic, interval, summarise
from encoders.evaluation.metrics import at_chance, coverage, gini, score_queries, tail_shares
from encoders.evaluation.ranking import Ranking, Truth, rank
from encoders.training.pairs import Refused
from encoders.vectors import Vectors

__all__ = [
    "BACKWARD",
    "FORWARD",
    "Direction",
    "Estimate",
    "Evaluation",
    "Subject",
    "evaluate_vectors",
    "measure",
    "statistic_of",
]

FORWARD = "query to item"
BACKWARD = "item to query"
_KEPT = 10  # candidates of each query that are kept, for the catalogue metrics and for what came first


@dataclass(frozen=True)
class Estimate:
    """One metric, over all queries of a direction."""

    value: float
    low: float | None = None  # 95% bootstrap interval over queries; None for coverage, Gini, one group, no rounds
    high: float | None = None
    chance: float | None = None  # what a model that tells nothing apart would get; None where that says nothing


@dataclass(frozen=True)
class Direction:
    """Everything measured one way: queries asked, candidates ranked."""

    name: str  # "query to item" or "item to query"
    ranking: Ranking
    scores: Mapping[str, NDArray[np.float64]]  # metric -> (n,), one number a query, as in metrics.score_queries
    estimates: Mapping[str, Estimate]  # metric -> its summary over queries, and coverage and Gini of the whole
    groups: NDArray[np.int64]  # (n,) queries of one group are resampled together
    queries: tuple[str, ...] = ()  # what each query is, for people; empty when only vectors were given
    candidates: tuple[str, ...] = ()  # what each candidate is

    def __getitem__(self, metric: str) -> float:
        """The value of one metric. Raises InputError, naming those there are."""
        try:
            return self.estimates[metric].value
        except KeyError:
            raise InputError(f"there is no metric {metric!r}. There are: {', '.join(self.estimates)}") from None


@dataclass(frozen=True)
class Subject:
    """What was measured, on what."""

    model: str = ""  # card
    runtime: str = ""  # what ran its towers
    dimension: int = 0  # of its vectors
    data: str = ""  # name of the pairs
    fingerprint: str = ""  # of the pairs
    pairs: int = 0  # that were measured on


@dataclass(frozen=True)
class Evaluation:
    """One model, measured on one set of pairs."""

    directions: tuple[Direction, ...]
    seconds: float = 0.0  # reading and encoding included
    subject: Subject = field(default_factory=Subject)
    refused: tuple[Refused, ...] = ()  # what could not be used, each with its reason
    notes: tuple[str, ...] = ()  # what somebody who reads the numbers must know

    def __getitem__(self, direction: str) -> Direction:
        """One direction by its name. Raises InputError, naming those that were measured."""
        for one in self.directions:
            if one.name == direction:
                return one
        measured = ", ".join(one.name for one in self.directions)
        raise InputError(f"the direction {direction!r} was not measured, only: {measured}")


def evaluate_vectors(
    queries: Vectors,
    items: Vectors,
    truth: Truth,
    groups: ArrayLike | None = None,
    *,
    popularity: ArrayLike | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> Evaluation:
    """Measure (n, d) query vectors against (m, d) item vectors, unit rows both; `truth[i]` holds the right items of query i.

    `groups` (n,): which queries belong together; `popularity` (m,): see `metrics.tail_shares`; `rounds` of the bootstrap,
    0 for no intervals (an early stop needs none). Raises InputError as `ranking.rank` does.

    >>> vectors = np.eye(4, dtype=np.float32)
    >>> evaluate_vectors(vectors, vectors, [{0}, {1}, {2}, {0}], rounds=0)["query to item"]["R@1"]
    0.75
    """
    ranking = rank(queries, items, truth, k=_KEPT)
    return Evaluation((measure(FORWARD, ranking, groups, popularity=popularity, rounds=rounds, seed=seed),))


def measure(
    name: str,
    ranking: Ranking,
    groups: ArrayLike | None = None,
    *,
    popularity: ArrayLike | None = None,
    rounds: int = 1000,
    seed: int = 0,
) -> Direction:
    """Every metric of a ranking that keeps at least ten candidates, each with its interval and its chance level.

    Coverage and Gini have no interval: a resample holds fewer different queries, so it always retrieves less of the catalogue.
    """
    labels = np.arange(ranking.queries) if groups is None else np.asarray(groups)
    if labels.shape != (ranking.queries,):
        raise InputError(f"groups must name one group a query: {ranking.queries} queries, groups of shape {labels.shape}")
    clusters = np.unique(labels, return_inverse=True)[1].ravel().astype(np.int64)
    scores = {**score_queries(ranking), f"tail@{_KEPT}": tail_shares(ranking, _KEPT, popularity)}
    chances = score_queries(at_chance(ranking))
    estimates = {}
    for metric, values in scores.items():
        statistic = statistic_of(metric)
        chance = summarise(chances[metric], statistic) if metric in chances else None
        estimate = Estimate(summarise(values, statistic), chance=chance)
        if rounds and clusters.any():  # one group alone says nothing about another
            low, high = interval(values, clusters, statistic=statistic, rounds=rounds, seed=seed)
            estimate = replace(estimate, low=low, high=high)
        estimates[metric] = estimate
    estimates[f"coverage@{_KEPT}"] = Estimate(coverage(ranking, _KEPT))
    estimates[f"Gini@{_KEPT}"] = Estimate(gini(ranking, _KEPT))
    return Direction(name, ranking, scores, estimates, clusters)


def statistic_of(metric: str) -> Statistic:
    """How a metric is summed up over queries: ranks by their median, everything else by its mean."""
    return "median" if metric.startswith("median") else "mean"
