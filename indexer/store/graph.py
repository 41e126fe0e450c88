"""How many vectors are in the HNSW graph, by what an engine says of itself."""

__all__ = ["SMALL_BYTES", "graph_size"]

SMALL_BYTES = 4 << 20
"""Below these many bytes of vectors the engines build no graph: asking takes no time and needs no child."""


def graph_size(counted: int, items: int, worded: int, dimension: int) -> int:
    """Dense vectors in the graph. `counted`: what the engine counts as indexed, `worded`: items that have words.

    Engines count words as indexed from the start, and go on counting what was deleted until they clean up.

    >>> graph_size(counted=21_000, items=14_000, worded=7_000, dimension=256), graph_size(250, 500, 250, 256)
    (14000, 0)
    """
    return 0 if items * dimension * 4 < SMALL_BYTES else min(items, max(0, counted - worded))
