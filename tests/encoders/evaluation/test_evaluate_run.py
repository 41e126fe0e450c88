"""From pairs to numbers, on real files and the tiny dual encoder."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from evaluation_doubles import Constant, Counting

from encoders.errors import InputError
from encoders.evaluation.metrics import at_chance, score_queries
from encoders.evaluation.run import BACKWARD, FORWARD, compare, evaluate, evaluate_vectors
from encoders.evaluation.worst import Miss, find_worst
from encoders.training.pairs import Pair, PairSet, Refused
from encoders.vectors import unit_rows

from tiny import _Colours, _Words


def texts(*rows):
    return PairSet("texts", tuple(Pair(query, item, f"id of {item}") for query, item in rows))


def test_words_find_pictures_and_pictures_find_words(encoder, colours):
    found = evaluate(encoder, colours, rounds=50)
    assert [one.name for one in found.directions] == [FORWARD, BACKWARD]
    for direction in found.directions:
        assert (direction["R@1"], direction["MRR"], direction["median rank"], direction["MAP"]) == (1, 1, 1, 1)
        assert (direction.ranking.queries, direction.ranking.candidates) == (6, 6)
    assert (found.subject.model, found.subject.data, found.subject.pairs) == ("tiny", "colours", 6)
    assert found.subject.fingerprint == colours.fingerprint
    assert found[FORWARD].queries[0] == "red"
    assert found[BACKWARD].candidates[0] == "red"
    assert found[BACKWARD].queries[0].endswith("red.png")
    assert found.refused == ()


def test_what_evaluate_finds_is_what_the_encoder_and_evaluate_vectors_find(encoder, colours):
    pairs = PairSet(
        "mixed up", (*colours.pairs, Pair("red", colours.pairs[1].item, "green"), Pair("sky", colours.pairs[2].item, "blue"))
    )
    whole = evaluate(encoder, pairs)[FORWARD]
    queries = np.stack([encoder.encode_query(text) for text in ("red", "green", "blue", "yellow", "white", "black", "sky")])
    items = np.stack([encoder.encode_query(image=_open(pair.item)) for pair in colours.pairs])
    by_hand = evaluate_vectors(queries, items, [{0, 1}, {1}, {2}, {3}, {4}, {5}, {2}], [0, 1, 2, 3, 4, 5, 2])[FORWARD]
    for metric, estimate in by_hand.estimates.items():
        assert whole.estimates[metric] == estimate
    assert whole["share@10"] == 1
    assert whole["MAP"] < 1


def _open(path):
    from PIL import Image

    with Image.open(path) as image:
        return image.convert("RGB")


def test_the_same_query_twice_is_one_query_with_two_right_items(encoder):
    pairs = texts(("red", "red"), ("red", "a red house"), ("blue", "blue"))
    forward = evaluate(encoder, pairs, rounds=0)[FORWARD]
    assert forward.queries == ("red", "blue")
    assert np.diff(forward.ranking.starts).tolist() == [2, 1]
    assert forward["R@1"] == 1


def test_five_captions_a_picture_are_five_queries_one_way_and_five_right_answers_the_other(encoder, colours):
    pairs = [Pair(f"{pair.query} {'very ' * times}", pair.item, pair.item_id) for pair in colours.pairs for times in range(5)]
    found = evaluate(encoder, PairSet("captions", tuple(pairs)))
    assert (found[FORWARD].ranking.queries, found[FORWARD].ranking.candidates) == (30, 6)
    assert (found[BACKWARD].ranking.queries, found[BACKWARD].ranking.candidates) == (6, 30)
    assert np.diff(found[BACKWARD].ranking.starts).tolist() == [5] * 6
    assert found[BACKWARD]["R@1"] == 1
    assert len(np.unique(found[FORWARD].groups)) == 6  # captions of one picture are resampled together


def test_groups_given_and_items_of_one_group_are_one_cluster(encoder, colours):
    pairs = tuple(
        Pair(pair.query, pair.item, pair.item_id, group="warm" if pair.query in ("red", "yellow") else "")
        for pair in colours.pairs
    )
    groups = evaluate(encoder, PairSet("grouped", pairs))[FORWARD].groups
    assert groups[0] == groups[3]
    assert len(np.unique(groups)) == 5


def test_one_group_alone_gives_no_interval_and_says_so(encoder):
    pairs = PairSet("one group", tuple(Pair(word, word, word, group="all") for word in ("red", "blue", "green")))
    found = evaluate(encoder, pairs)
    assert found[FORWARD].estimates["R@1"].low is None
    assert any("only 1 group" in note for note in found.notes)


@pytest.mark.parametrize("side", ["words", "colours"])
def test_trap_5_end_to_end_a_collapsed_tower_is_at_chance(build_encoder, colours, side):
    forward = evaluate(build_encoder(**{side: Constant()}), colours)[FORWARD]
    assert forward["R@1"] == pytest.approx(1 / 6)
    assert forward["R@5"] == pytest.approx(5 / 6)
    if side == "colours":
        for metric, values in score_queries(at_chance(forward.ranking)).items():
            assert np.array_equal(values, forward.scores[metric])
    assert forward.estimates["R@1"].chance == pytest.approx(1 / 6)


def test_a_tower_on_both_sides_sees_each_content_once(build_encoder, colours):
    words, pictures = Counting(_Words()), Counting(_Colours())
    evaluate(build_encoder(words, pictures), colours)
    assert (words.seen, pictures.seen) == (6, 6)
    evaluate(build_encoder(words, pictures, apart=True), colours)
    assert (words.seen, pictures.seen) == (6 + 12, 6 + 12)


def test_query_and_candidate_towers_are_not_mixed_up(build_encoder, colours):
    """Only the query towers know anything: queries differ, and every candidate is the same."""
    good, blind = build_encoder(apart=True), build_encoder(Constant(), Constant(), apart=True)
    mixed = type(good)(good.card, good._query, blind._candidates)
    found = evaluate(mixed, colours)
    assert (found[FORWARD].ranking.tied == 6).all()
    assert (found[BACKWARD].ranking.tied == 6).all()


def test_pictures_and_texts_may_share_a_catalogue_and_ask_together(encoder, colours):
    more = (Pair("harbour night", "night at the harbour", "note"), Pair(colours.pairs[0].item, "red", "word"))
    found = evaluate(encoder, PairSet("mixed", (*colours.pairs, *more)))
    assert found[FORWARD].ranking.candidates == 8
    assert found[FORWARD].scores["R@1"][6] == 1
    assert found[FORWARD].queries[7].endswith("red.png")
    assert found[FORWARD].scores["R@5"][7] == 1


def test_bad_pictures_are_named_and_cost_the_others_nothing(encoder, colours, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    more = (Pair("a broken one", broken, "broken"), Pair("red", broken, "broken"), Pair(tmp_path / "gone.png", "blue", "word"))
    found = evaluate(encoder, PairSet("some bad", (*colours.pairs, *more), (Refused("captions.csv, line 3", "no text"),)))
    assert [one.where for one in found.refused] == ["captions.csv, line 3", str(tmp_path / "gone.png"), str(broken)]
    assert "cannot be read as a picture" in found.refused[2].why
    assert found[FORWARD].queries == tuple(pair.query for pair in colours.pairs)  # red keeps its other right item
    assert found[FORWARD].ranking.candidates == 7
    assert found[FORWARD]["R@5"] == 1
    assert found.subject.fingerprint == ""
    assert any("no fingerprint" in note and "gone.png" in note for note in found.notes)


def test_when_nothing_can_be_read_it_says_why(encoder, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"nothing is left to measure on.*cannot be read as a picture"):
        evaluate(encoder, PairSet("bad", (Pair("red", tmp_path / "broken.png", "1"),)))


def test_no_pairs_is_an_error_with_the_first_reason(encoder):
    with pytest.raises(InputError, match="none has no pairs to evaluate on"):
        evaluate(encoder, PairSet("none", ()))
    with pytest.raises(InputError, match=r"1 were refused, the first is a\.csv, line 2: no item"):
        evaluate(encoder, PairSet("none", (), (Refused("a.csv, line 2", "no item"),)))


def test_items_that_answer_nothing_are_found_but_not_asked_with(encoder):
    pairs = PairSet("with others", texts(("red", "a red house"), ("blue", "blue")).pairs, others=(("wrong", "red"),))
    found = evaluate(encoder, pairs, rounds=0)
    assert (found[FORWARD].ranking.candidates, found[BACKWARD].ranking.queries) == (3, 2)
    assert find_worst(found[FORWARD], 1)[0].instead == "red"


def test_one_item_only_is_measured_and_the_numbers_are_called_what_they_are(encoder):
    found = evaluate(encoder, texts(("red", "blue")))
    assert found[FORWARD]["R@1"] == 1
    assert any("one candidate only" in note for note in found.notes)


def test_a_text_model_measures_texts_and_refuses_pictures_clearly(text_only, colours):
    assert evaluate(text_only, texts(("red house", "a house in red"), ("blue sky", "sky")))[FORWARD]["R@1"] == 1
    with pytest.raises(InputError, match="tiny takes no pictures as candidates, and 6 of the 6 items are pictures"):
        evaluate(text_only, colours)


def test_a_model_that_cannot_be_asked_with_pictures_is_measured_one_way(build_encoder, colours):
    one_way = build_encoder(query=("text",))
    found = evaluate(one_way, colours)
    assert [one.name for one in found.directions] == [FORWARD]
    assert any(note.startswith("item to query is left out: tiny takes no pictures as queries") for note in found.notes)
    with pytest.raises(InputError, match="takes no pictures as queries"):
        evaluate(one_way, colours, [BACKWARD])


def test_directions_can_be_chosen_and_wrong_names_are_named(encoder, colours):
    found = evaluate(encoder, colours, [BACKWARD], rounds=0)
    assert [one.name for one in found.directions] == [BACKWARD]
    assert found[BACKWARD].estimates["R@1"].low is None
    with pytest.raises(InputError, match="was not measured, only: item to query"):
        found[FORWARD]
    with pytest.raises(InputError, match="no metric 'R@3'"):
        found[BACKWARD]["R@3"]
    with pytest.raises(InputError, match="directions are"):
        evaluate(encoder, colours, ["sideways"])


def test_popularity_of_training_decides_what_the_tail_is(encoder):
    pairs = texts(*((word, word) for word in "abcdefghijkl"))
    top = evaluate(encoder, pairs, popularity={"id of a": 100.0, "id of b": 50.0}, rounds=0)[FORWARD]
    whole = top.ranking.top
    tail = np.array([0, 0, *[9.6 / 10] * 10])  # two known ones are the head; ten share the 9.6 items of the tail
    assert top["tail@10"] == pytest.approx(tail[whole].mean())


def test_progress_tells_of_every_content(encoder, colours):
    told = []
    evaluate(encoder, colours, on_progress=lambda *all_of_it: told.append(all_of_it))
    assert told == [("queries: texts", 0, 6), ("queries: texts", 6, 6), ("items: pictures", 0, 6), ("items: pictures", 6, 6)]


def test_the_same_twice_gives_the_same(encoder, colours):
    one, other = (evaluate(encoder, colours, seed=5) for _ in range(2))
    assert [d.estimates for d in one.directions] == [d.estimates for d in other.directions]


def test_the_worst_queries_with_what_came_first_instead(encoder):
    pairs = texts(("red", "red"), ("blue", "green sky"), ("green", "blue"), ("green", "green"))
    worst = find_worst(evaluate(encoder, pairs, rounds=0)[FORWARD], 5)
    assert [(miss.query, miss.right, miss.instead) for miss in worst] == [("blue", "green sky", "blue")]
    assert worst[0].rank > 1
    vectors = np.eye(3, dtype=np.float32)
    by_place = find_worst(evaluate_vectors(vectors, vectors, [{0}, {1}, {1}])[FORWARD], 1)
    assert by_place == (Miss("2", "1", 2.5, "2"),)


def test_two_models_query_by_query(build_encoder):
    words = [f"word{number}" for number in range(24)]
    pairs = texts(*((word, word) for word in words))
    both = compare(evaluate(build_encoder(), pairs), evaluate(build_encoder(words=Constant()), pairs))
    difference = both.differences[FORWARD]
    assert difference["R@1"].value == pytest.approx(1 - 1 / 24)
    assert difference["R@1"].p == pytest.approx(1 / 2001)
    assert difference["R@1"].low == pytest.approx(1 - 1 / 24)
    assert difference["median rank"].value == pytest.approx(1 - 12.5)
    assert (difference["coverage@10"].p, difference["coverage@10"].low) == (None, None)
    same = compare(both.first, both.first).differences[BACKWARD]
    assert all(one.value == 0 and one.p in (1, None) for one in same.values())


def test_only_what_is_alike_can_be_compared(encoder, colours):
    one = evaluate(encoder, texts(("red", "red"), ("blue", "blue")))
    with pytest.raises(InputError, match=r"2 queries of 2 items, 6 of 6"):
        compare(one, evaluate(encoder, colours))
    with pytest.raises(InputError, match="same items right"):
        compare(one, evaluate(encoder, texts(("red", "red"), ("red", "blue"), ("blue", "blue"))))
    with pytest.raises(InputError, match="not measured in any direction"):
        compare(evaluate(encoder, colours, [FORWARD]), evaluate(encoder, colours, [BACKWARD]))


def test_vectors_with_groups_of_another_length_are_refused():
    vectors = unit_rows(np.random.default_rng(0).standard_normal((4, 8)))
    with pytest.raises(InputError, match="4 queries, groups of shape"):
        evaluate_vectors(vectors, vectors, [{0}, {1}, {2}, {3}], [0, 1])


def test_the_default_model_on_real_photographs(starter):
    folder = Path(find_spec("skimage").submodule_search_locations[0]) / "data"
    captions = {
        "chelsea.png": "a cat",
        "coffee.png": "a cup of coffee",
        "rocket.jpg": "a rocket",
        "motorcycle_left.png": "a motorbike",
    }
    pairs = PairSet("photographs", tuple(Pair(text, folder / name, name) for name, text in captions.items()))
    found = evaluate(starter, pairs, rounds=0)
    assert found[FORWARD]["R@1"] == 1
    assert found[BACKWARD]["R@1"] >= 0.75
