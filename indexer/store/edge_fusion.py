"""A plan in the words of Qdrant Edge: prefetched legs, each rescored by its cosine, joined by a linear formula.

The engine chooses by codes, which are in memory: rescoring hundreds of candidates by their vectors would read each from disk.
The few that it chose are judged by their vectors, and only their payloads are read: asked for them with the formula, the
engine reads many more.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from indexer.items import Payload
from indexer.store.base import FusedItem, Plan, ScoredItem
from indexer.store.edge_vectors import code_params, exact_params
from indexer.store.filters import edge_filter
from indexer.store.fused import fused
from indexer.store.paging import best_page, leg_beams
from indexer.store.sparse import WORDS, embed_item, embed_query

if TYPE_CHECKING:
    from qdrant_edge import EdgeShard, Prefetch, QueryRequest, Record

__all__ = ["bring_words", "edge_words", "fuse", "renew_words", "word_peaks"]


def edge_words(payload: Payload) -> dict[str, Any]:
    """The sparse vector of an item by its name, or nothing for an item without words."""
    from qdrant_edge import SparseVector

    words = embed_item(payload)
    return {WORDS: SparseVector(list(words.indices), list(words.values))} if words else {}


def renew_words(shard: "EdgeShard", ids: Sequence[str]) -> None:
    """Take the words of items anew whose payload has changed."""
    _update_words(shard, shard.retrieve(list(ids), with_payload=True, with_vector=False))


def bring_words(shard: "EdgeShard", page: int) -> None:
    """Give every item its words, in a collection that was made without."""
    from qdrant_edge import Modifier, ScrollRequest, UpdateOperation

    shard.update(UpdateOperation.create_sparse_vector(WORDS, modifier=Modifier.Idf))
    start, more = None, True
    while more:
        records, start = shard.scroll(ScrollRequest(start, page, None, with_payload=True, with_vector=False))
        _update_words(shard, records)
        more = start is not None
    shard.flush()


def _update_words(shard: "EdgeShard", records: Sequence["Record"]) -> None:
    from qdrant_edge import PointVectors, UpdateOperation

    told = [(record.id, edge_words(record.payload or {})) for record in records]
    points = [PointVectors(point, words) for point, words in told if words]
    if points:
        shard.update(UpdateOperation.update_vectors(points))


def fuse(shard: "EdgeShard", space: str, plan: Plan, limit: int) -> list[FusedItem]:
    """`Store.fuse` on an open shard."""
    from qdrant_edge import Query, QueryRequest

    words = _sparse(plan.words)
    conditions = [edge_filter(leg.condition) for leg in plan.legs]

    def fetch(most: int) -> list[ScoredItem]:
        depth = max(plan.depth, most)
        sides = zip(conditions, leg_beams(plan, most), strict=True)
        prefetches = [_dense(space, plan, condition, depth, beam, words) for condition, beam in sides]
        if words is not None:
            prefetches += [_nearest(words, WORDS, depth, condition) for condition in conditions]
        request = QueryRequest(
            limit=most, prefetches=prefetches, query=_formula(plan, words is not None), with_payload=False, with_vector=False
        )
        return [ScoredItem(str(hit.id), hit.score, {}) for hit in shard.query(request)]

    ids = [item.id for item in best_page(fetch, limit, 0)]
    if not ids:
        return []
    asked = [Query.Nearest(plan.vector, using=space)]  # type: ignore[arg-type]  # a row as it is
    if words is not None:
        asked.append(Query.Nearest(words, using=WORDS))
    cosines, *found = _scores(shard, asked, ids)
    records = shard.retrieve([*ids], with_payload=True, with_vector=False)
    payloads = {str(record.id): record.payload or {} for record in records}
    return fused(plan, payloads, cosines, found[0] if found else {})


def word_peaks(shard: "EdgeShard", words: Sequence[str]) -> list[float]:
    """`Store.word_peaks` on an open shard: one batch."""
    from qdrant_edge import QueryBatchRequest

    asked = [_sparse([word]) for word in words]
    requests = [_best(one) for one in asked if one is not None]
    answers = iter(shard.query_batch(QueryBatchRequest(requests)) if requests else [])
    peaks = []
    for one in asked:
        best = next(answers) if one is not None else []
        peaks.append(best[0].score if best else 0.0)
    return peaks


def _best(words: Any) -> "QueryRequest":
    from qdrant_edge import Query, QueryRequest

    return QueryRequest(limit=1, query=Query.Nearest(words, using=WORDS), with_payload=False, with_vector=False)


def _sparse(words: Sequence[str]) -> Any:
    from qdrant_edge import SparseVector

    vector = embed_query(words)
    return SparseVector(list(vector.indices), list(vector.values)) if vector else None


def _dense(space: str, plan: Plan, condition: Any, depth: int, beam: int, words: Any) -> "Prefetch":
    """Candidates by vector and by words, all with their cosine."""
    from qdrant_edge import Prefetch, Query

    nearest = _nearest(plan.vector, space, depth, condition, beam, plan.exact)
    if words is None:
        return nearest
    both = [nearest, _nearest(words, WORDS, depth, condition)]
    query = Query.Nearest(plan.vector, using=space)  # type: ignore[arg-type]  # a row as it is
    return Prefetch(2 * depth, query, both, params=exact_params() if plan.exact else code_params())


def _nearest(vector: Any, using: str, limit: int, condition: Any, beam: int | None = None, exact: bool = False) -> "Prefetch":
    from qdrant_edge import Prefetch, Query

    params = None if beam is None else exact_params() if exact else code_params(beam)
    return Prefetch(limit, Query.Nearest(vector, using=using), params=params, filter=condition)


def _formula(plan: Plan, with_words: bool) -> Any:
    """The sum of all evidence. A leg that did not bring an item takes the cosine at which it says nothing."""
    from qdrant_edge import Expression, Formula

    terms, defaults = [], {}
    for place, leg in enumerate(plan.legs):
        score = f"$score[{place}]"
        scaled = Expression.Mult([Expression.Constant(leg.slope), Expression.Variable(score)])
        terms.append(Expression.Sum([Expression.Constant(leg.offset), scaled]))
        defaults[score] = -leg.offset / leg.slope
    for place in range(len(plan.legs), 2 * len(plan.legs) if with_words else 0):
        score = f"$score[{place}]"
        terms.append(Expression.Mult([Expression.Constant(plan.words_slope), Expression.Variable(score)]))
        defaults[score] = 0.0
    return Formula(Expression.Sum(terms), defaults)


def _scores(shard: "EdgeShard", queries: Sequence[Any], ids: list[str]) -> list[dict[str, float]]:
    """Exact scores of these items by each query: one batch."""
    from qdrant_edge import Filter, HasIdCondition, QueryBatchRequest, QueryRequest

    these, exact = Filter(must=[HasIdCondition(set(ids))]), exact_params()
    requests = [
        QueryRequest(limit=len(ids), query=query, filter=these, params=exact, with_payload=False, with_vector=False)
        for query in queries
    ]
    answers = shard.query_batch(QueryBatchRequest(requests))
    return [{str(hit.id): hit.score for hit in answer} for answer in answers]
