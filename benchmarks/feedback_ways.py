"""Ways to take judgements into account, each as a ranking of vectors by the real engine: ours, and Qdrant's own queries."""

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from encoders.vectors import Vectors
from search.feedback import Rocchio

__all__ = ["Way", "Ways"]

_SPACE = "dense"
Way = Callable[[Vectors, Vectors, Vectors], Any]
"""The query's vector, those of what fits and of what does not -> the engine's query."""


class Ways:
    """Some vectors in a shard of Qdrant Edge, searched exactly."""

    def __init__(self, folder: Path, vectors: Vectors, centre: Vectors) -> None:
        import qdrant_edge as engine

        folder.mkdir(parents=True)
        config = engine.EdgeConfig(
            vectors={_SPACE: engine.EdgeVectorParams(size=vectors.shape[1], distance=engine.Distance.Cosine)}
        )
        self._shard = engine.EdgeShard.create(str(folder), config)
        points = [engine.Point(str(uuid.UUID(int=place + 1)), {_SPACE: row}, {}) for place, row in enumerate(vectors)]
        self._shard.update(engine.UpdateOperation.upsert_points(points))
        self._vectors, self._centre = vectors, centre
        self._first: dict[str, list[int]] = {}

    def first(self, text: str, vector: Vectors, limit: int) -> list[int]:
        """What is shown before anybody judges."""
        if text not in self._first:
            self._first[text] = self.ranking(self.none, vector, {}, limit)
        return self._first[text]

    def ranking(self, way: Way, vector: Vectors, judged: Mapping[int, bool], limit: int) -> list[int]:
        """Places of the best vectors. `judged`: place -> whether it fits."""
        from qdrant_edge import QueryRequest, SearchParams

        likes, dislikes = (
            self._vectors[[place for place, fits in judged.items() if fits is wanted]] for wanted in (True, False)
        )
        params = SearchParams(exact=True)
        query = way(vector, likes, dislikes)
        found = self._shard.query(QueryRequest(limit=limit, query=query, params=params, with_payload=False, with_vector=False))
        return [uuid.UUID(str(hit.id)).int - 1 for hit in found]

    def none(self, vector: Vectors, likes: Vectors, dislikes: Vectors) -> Any:
        """As if nobody had judged."""
        from qdrant_edge import Query

        return Query.Nearest(vector, using=_SPACE)  # type: ignore[arg-type]  # a row as it is

    def rocchio(self, weights: Rocchio, centred: bool = True) -> Way:
        """Ours: the vector moves."""
        centre = self._centre if centred else 0 * self._centre

        def ask(vector: Vectors, likes: Vectors, dislikes: Vectors) -> Any:
            return self.none(weights.move(vector, likes - centre, dislikes - centre), likes, dislikes)

        return ask

    def naive(self, pair: float) -> Way:
        """Qdrant's feedback query: the score and, for each pair of what fits and what does not, which of them is nearer."""
        from qdrant_edge import FeedbackItem, FeedbackNaiveQuery, NaiveFeedbackStrategy, Query

        def ask(vector: Vectors, likes: Vectors, dislikes: Vectors) -> Any:
            items = [FeedbackItem(row.tolist(), fits) for rows, fits in ((likes, 1.0), (dislikes, 0.0)) for row in rows]
            query = FeedbackNaiveQuery(vector.tolist(), items, NaiveFeedbackStrategy(1.0, 1.0, pair))
            return Query.FeedbackNaive(query, using=_SPACE)

        return ask

    def best_score(self, vector: Vectors, likes: Vectors, dislikes: Vectors) -> Any:
        """Qdrant's recommendation by the best score, the query among what fits."""
        from qdrant_edge import Query, RecommendQuery

        positives = [vector.tolist(), *likes.tolist()]
        return Query.RecommendBestScore(RecommendQuery(positives, dislikes.tolist()), using=_SPACE)

    def discovery(self, vector: Vectors, likes: Vectors, dislikes: Vectors) -> Any:
        """Qdrant's discovery: the query as the target, each of what fits with each of what does not as context."""
        from qdrant_edge import ContextPair, DiscoverQuery, Query

        pairs = [ContextPair(one.tolist(), other.tolist()) for one in likes for other in dislikes]
        if not pairs:
            return self.none(vector, likes, dislikes)  # discovery without context is the nearest
        return Query.Discover(DiscoverQuery(vector.tolist(), pairs), using=_SPACE)
