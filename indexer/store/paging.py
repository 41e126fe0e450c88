"""Pages that never repeat or drop an item, out of an engine whose order among equal scores is open.

An engine asked for n answers may pick any of those that tie at the end. So it is asked for more until the tie
at the border of the page is complete; then our order, by score and id, decides.
"""

from collections.abc import Callable

from indexer.store.base import Plan, ScoredItem

__all__ = ["beam_width", "best_page", "leg_beams", "top_values"]

_FIRST_BEAM = 256  # the engine's default is 100: this costs a millisecond or two and hardly misses anything
_NARROWED_BEAM = 512  # behind a filter that keeps the half where the query is not, 256 miss 4 of 100
_MOST_TIED = 4096  # answers fetched beyond the page to complete a tie; past that the engine's pick stands


def beam_width(needed: int, narrowed: bool = False) -> int:
    """How many candidates HNSW keeps while it looks for `needed` answers; `narrowed`: by a filter.

    It grows in steps of four, not with every page: a wider beam may find an item that a narrower one missed,
    which would shift later pages against earlier ones.

    >>> beam_width(10), beam_width(255), beam_width(256), beam_width(10, narrowed=True)
    (256, 256, 1024, 512)
    """
    beam = _NARROWED_BEAM if narrowed else _FIRST_BEAM
    while beam < needed + 1:
        beam *= 4
    return beam


def leg_beams(plan: Plan, most: int) -> list[int]:
    """The beam of each leg of a plan that is asked for `most` answers, the last of which only tells whether there are more."""
    needed = max(plan.depth, most - 1)
    return [beam_width(needed - 1, leg.narrowed) for leg in plan.legs]


def best_page(fetch: Callable[[int], list[ScoredItem]], limit: int, offset: int) -> list[ScoredItem]:
    """Return answers offset .. offset + limit, best first, ties by id. `fetch(n)`: the engine's best n."""
    if limit == 0:
        return []
    needed = offset + limit
    asked = needed + 1
    while True:
        found = fetch(asked)
        closed = len(found) < asked or found[-1].score < found[needed - 1].score
        if closed or asked - needed > _MOST_TIED:
            break
        asked = needed + (asked - needed) * 8
    found.sort(key=lambda hit: (-hit.score, hit.id))
    return found[offset:needed]


def top_values(fetch: Callable[[int], list[tuple[str, int]]], limit: int) -> list[tuple[str, int]]:
    """Return the `limit` most frequent values with counts, ties by value. `fetch(n)`: the engine's top n."""
    if limit <= 0:
        return []
    asked = limit + 1
    while True:
        found = fetch(asked)
        if len(found) < asked or found[-1][1] < found[limit - 1][1]:
            break
        asked *= 4
    found.sort(key=lambda pair: (-pair[1], pair[0]))
    return found[:limit]
