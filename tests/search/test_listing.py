"""Pages that are cut from one list, however deep, in every arrangement."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.store.base import FusedItem
from search import Arrangement
from search.listing import BLOCK, WIDE_BLOCK, list_hits

ARRANGEMENTS = st.builds(
    Arrangement,
    st.booleans(),
    st.sampled_from([None, "document", "folder", "day"]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from(["relevance", "newest", "oldest"]),
)

NEAR = {"image": 0.9, "document": 0.9}


def collection(count, seed, documents=9):
    """Items, best first, half of them passages, with few hashes; every seventh says what is looked for."""
    draw = np.random.default_rng(seed)
    items = []
    for place, score in enumerate(np.sort(draw.normal(0, 3, count))[::-1]):
        which = int(draw.integers(documents))
        shared = {
            "date": f"2020-01-{which + 1:02}T00:00:00Z",
            "text": f"{'a black cat' if place % 7 == 3 else 'a dog'}, {which}",
        }
        if draw.random() < 0.5:
            payload = {"kind": "document", "content": f"document {which}", "paths": [f"/{which}/d"], **shared}
        else:
            phash = f"{int(draw.integers(1 << 8)):016x}"
            payload = {"kind": "image", "content": f"{place}", "paths": [f"/{which}/p"], "phash": phash, **shared}
        items.append(FusedItem(f"{place:05}", float(score), payload, 0.0, 0.0))
    return items


def rows(ids):
    return {each: np.array([1, 0], np.float32) if int(each) % 2 else np.array([0, 1], np.float32) for each in ids}


def ids(placed):
    return [each.item.id for each in placed]


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 3 * WIDE_BLOCK), st.integers(0, 99), ARRANGEMENTS, st.sampled_from([(), ("black cat",)]), st.integers(7, 400)
)
def test_pages_are_the_whole_list_and_every_item_is_in_it_once(count, seed, wanted, phrases, page):
    items = collection(count, seed)
    left_out = {items[0].id} if items else set()

    def listed(needed):
        return list_hits(lambda most: items[:most], rows, wanted, needed, NEAR, phrases, left_out)

    whole = listed(2 * count + 1)
    assert not whole.more
    pages, more = [], True
    while more:
        listing = listed(len(pages) + page)
        assert ids(listing.placed[: len(pages)]) == ids(pages)
        assert listing.placed[: len(pages)] == tuple(pages)
        pages, more = list(listing.placed), listing.more
    assert pages == list(whole.placed)
    heads = ids(pages)
    under = [name for each in pages for name in ids(each.under)]
    assert len({*heads, *under}) == len(heads) + len(under)
    documents = {each.item.payload["content"] for each in pages if each.item.payload["kind"] == "document"}
    missing = {item.id for item in items} - {*heads, *under} - left_out
    if wanted.stack:
        assert all(items[int(name)].payload["content"] in documents for name in missing)
        assert len(documents) == sum(each.item.payload["kind"] == "document" for each in pages)
    else:
        assert not missing
        assert not under


def test_no_more_is_fetched_than_a_page_needs():
    items = collection(5000, 1)
    asked = []

    def fetch(most):
        asked.append(most)
        return items[:most]

    list_hits(fetch, rows, Arrangement(), 10, NEAR)
    assert asked == [BLOCK]
    asked.clear()
    list_hits(fetch, rows, Arrangement(), 10, NEAR, ("black cat",))
    assert asked == [WIDE_BLOCK]
    asked.clear()
    listing = list_hits(fetch, rows, Arrangement(stack=False), BLOCK, NEAR)
    assert asked == [BLOCK, 4 * BLOCK]  # to know whether there is more
    assert listing.more


@pytest.mark.parametrize("newest", [True, False])
def test_all_that_fits_is_sorted_by_date_however_much_it_is(newest):
    items = collection(4000, 2, documents=28)
    sort = "newest" if newest else "oldest"
    placed = list_hits(lambda most: items[:most], rows, Arrangement(stack=False, sort=sort), 4000, NEAR).placed
    fitting = [each.item for each in placed if each.item.score >= 0]
    assert len(fitting) > WIDE_BLOCK
    dates = [item.payload["date"] for item in fitting]
    assert dates == sorted(dates, reverse=newest)
    assert [each.item.score >= 0 for each in placed] == [True] * len(fitting) + [False] * (4000 - len(fitting))


def test_a_phrase_is_evidence_and_comes_first():
    items = collection(40, 3)
    placed = list_hits(lambda most: items[:most], rows, Arrangement(stack=False), 40, NEAR, ("black cat",)).placed
    assert [bool(each.held) for each in placed] == sorted((bool(each.held) for each in placed), reverse=True)
    best = next(item for item in items if "cat" in item.payload["text"])
    assert placed[0].item.id == best.id
    assert placed[0].item.score == pytest.approx(best.score + 6.0)
    assert placed[0].held == ("black cat",)
