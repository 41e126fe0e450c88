"""How the local engine keeps vectors, and how it is asked for the nearest: small codes first, then the vectors themselves.

The graph is built and walked over codes of one byte a dimension, a quarter of float32; what comes of it is scored anew by the
original vectors, which stay on disk. So scores are true cosines, and `exact` never looks at a code. A shard that was made
without codes answers as it always did, and gets them when its graph is built again (`build`). docs/performance.md has what was
measured, and why not other codes.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qdrant_edge import EdgeVectorParams, SearchParams

__all__ = ["code_params", "exact_params", "search_params", "vector_params"]

_OVERSAMPLING = 2.0  # times as many answers by code as are asked for, among which the vectors choose


def vector_params(dimension: int) -> "EdgeVectorParams":
    """Of the one dense vector of a new shard. The engine makes codes when it builds the graph."""
    from qdrant_edge import Distance, EdgeVectorParams, Memory, ScalarQuantizationConfig, ScalarType

    codes = ScalarQuantizationConfig(ScalarType.Int8, quantile=0.99, memory=Memory.Pinned)
    return EdgeVectorParams(dimension, Distance.Cosine, memory=Memory.Cold, quantization_config=codes)


def search_params(beam: int, exact: bool = False) -> "SearchParams":
    """Walk the graph with this beam, or compare with every vector."""
    from qdrant_edge import QuantizationSearchParams, SearchParams

    # Said aloud: by default the engine leaves the scores of these codes as they come.
    rescored = QuantizationSearchParams(rescore=True, oversampling=_OVERSAMPLING)
    return SearchParams(hnsw_ef=beam, exact=exact, quantization=rescored)


def code_params(beam: int | None = None) -> "SearchParams":
    """Walk the graph with this beam, or score items that are known, by codes alone where there are any: no vector is read."""
    from qdrant_edge import QuantizationSearchParams, SearchParams

    return SearchParams(hnsw_ef=beam, quantization=QuantizationSearchParams(rescore=False))


def exact_params() -> "SearchParams":
    """Score by the vectors themselves: for a few items that are known."""
    from qdrant_edge import SearchParams

    return SearchParams(exact=True)
