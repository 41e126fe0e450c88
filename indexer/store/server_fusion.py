"""A plan in the words of a Qdrant server: what `edge_fusion` says to the engine in the process, over the wire."""

from collections.abc import Callable, Sequence
from typing import Any

from encoders.errors import ItemsGone
from indexer.items import Payload
from indexer.store.base import FusedItem, Plan, ScoredItem
from indexer.store.filters import server_filter
from indexer.store.fused import fused
from indexer.store.paging import best_page, leg_beams
from indexer.store.sparse import WORDS, embed_item, embed_query

__all__ = ["Ask", "fuse", "holding_words", "renew_words", "server_words", "word_peaks"]

Ask = Callable[..., Any]
"""Calls a method of the client on the collection."""


def server_words(payload: Payload) -> dict[str, Any]:
    """The sparse vector of an item by its name, or nothing for an item without words."""
    from qdrant_client import models

    words = embed_item(payload)
    return {WORDS: models.SparseVector(indices=list(words.indices), values=list(words.values))} if words else {}


def holding_words() -> Any:
    """The filter that only items with words pass."""
    from qdrant_client import models

    return models.Filter(must=[models.HasVectorCondition(has_vector=WORDS)])


def renew_words(ask: Ask, ids: Sequence[str]) -> None:
    """Take the words of items anew whose payload has changed. As many ids as one request may hold."""
    from qdrant_client import models

    records = ask("retrieve", ids=list(ids), with_payload=True, with_vectors=False)
    told = [(record.id, server_words(record.payload or {})) for record in records]
    points = [models.PointVectors(id=point, vector=words) for point, words in told if words]
    if points:
        ask("update_vectors", points=points, wait=True)


def fuse(ask: Ask, space: str, plan: Plan, limit: int) -> list[FusedItem]:
    """`Store.fuse` through the client."""
    vector, words = plan.vector.tolist(), _sparse(plan.words)
    conditions = [server_filter(leg.condition) for leg in plan.legs]

    def fetch(most: int) -> list[ScoredItem]:
        depth = max(plan.depth, most)
        sides = zip(conditions, leg_beams(plan, most), strict=True)
        prefetches = [_dense(vector, space, plan, condition, depth, beam, words) for condition, beam in sides]
        if words is not None:
            prefetches += [_nearest(words, WORDS, depth, condition) for condition in conditions]
        formula = _formula(plan, words is not None)
        answer = ask("query_points", prefetch=prefetches, query=formula, limit=most, with_payload=True)
        return [ScoredItem(str(hit.id), hit.score, hit.payload or {}) for hit in answer.points]

    page = {item.id: item.payload for item in best_page(fetch, limit, 0)}
    if not page:
        return []
    ids = list(page)
    cosines = _scores(ask, vector, space, ids)
    if len(cosines) < len(ids):
        raise ItemsGone("items were removed from the collection while they were compared with the query. Ask again.")
    found = _scores(ask, words, WORDS, ids) if words is not None else {}
    return fused(plan, page, cosines, found)


def word_peaks(ask: Ask, words: Sequence[str]) -> list[float]:
    """`Store.word_peaks` through the client: one request."""
    from qdrant_client import models

    asked = [_sparse([word]) for word in words]
    requests = [models.QueryRequest(query=one, using=WORDS, limit=1) for one in asked if one is not None]
    answers = iter(ask("query_batch_points", requests=requests) if requests else [])
    peaks = []
    for one in asked:
        best = next(answers).points if one is not None else []
        peaks.append(best[0].score if best else 0.0)
    return peaks


def _sparse(words: Sequence[str]) -> Any:
    from qdrant_client import models

    vector = embed_query(words)
    return models.SparseVector(indices=list(vector.indices), values=list(vector.values)) if vector else None


def _dense(vector: list[float], space: str, plan: Plan, condition: Any, depth: int, beam: int, words: Any) -> Any:
    """Candidates by vector and by words, all with their true cosine."""
    from qdrant_client import models

    params = models.SearchParams(hnsw_ef=beam, exact=plan.exact)
    nearest = _nearest(vector, space, depth, condition, params)
    if words is None:
        return nearest
    both = [nearest, _nearest(words, WORDS, depth, condition)]
    return models.Prefetch(prefetch=both, query=vector, using=space, limit=2 * depth)


def _nearest(vector: Any, using: str, limit: int, condition: Any, params: Any = None) -> Any:
    from qdrant_client import models

    return models.Prefetch(query=vector, using=using, limit=limit, filter=condition, params=params)


def _formula(plan: Plan, with_words: bool) -> Any:
    """The sum of all evidence. A leg that did not bring an item takes the cosine at which it says nothing."""
    from qdrant_client import models

    terms: list[Any] = []
    defaults: dict[str, Any] = {}
    for place, leg in enumerate(plan.legs):
        score = f"$score[{place}]"
        terms += [leg.offset, models.MultExpression(mult=[leg.slope, score])]
        defaults[score] = -leg.offset / leg.slope
    for place in range(len(plan.legs), 2 * len(plan.legs) if with_words else 0):
        score = f"$score[{place}]"
        terms.append(models.MultExpression(mult=[plan.words_slope, score]))
        defaults[score] = 0.0
    return models.FormulaQuery(formula=models.SumExpression(sum=terms), defaults=defaults)


def _scores(ask: Ask, query: Any, using: str, ids: list[str]) -> dict[str, float]:
    """Exact scores of these items."""
    from qdrant_client import models

    these = models.Filter(must=[models.HasIdCondition(has_id=list(ids))])
    params = models.SearchParams(exact=True)
    answer = ask("query_points", query=query, using=using, query_filter=these, search_params=params, limit=len(ids))
    return {str(hit.id): hit.score for hit in answer.points}
