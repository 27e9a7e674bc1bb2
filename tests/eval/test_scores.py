"""Figures worked out by hand."""

import math

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from agent.learning.transcripts import Dialogue
from eval.bootstrap import bootstrap_means, paired_difference
from eval.metrics import gini, intra_list_diversity, ndcg_at_k
from eval.places import ground_truths, within
from eval.predictions import Prediction, RankedItem
from eval.scores import Crowd, acceptance, score_run
from eval.tables import scores_table
from retrieval.datasets import Dataset, Interactions
from retrieval.history import Interaction
from retrieval.items import Catalog, Item
from retrieval.schema import CatalogSchema, FieldKind, FieldSpec


def made(dialogue_id: str, turn: int, *items: str, **more: object) -> Prediction:
    ranked = tuple(RankedItem(item_id=item_id) for item_id in items)
    return Prediction(dialogue_id=dialogue_id, turn_index=turn, items=ranked, **more)


def dialogue(dialogue_id: str, *turns: dict) -> Dialogue:
    return Dialogue.model_validate({"dialogue_id": dialogue_id, "turns": turns})


def assistant(*items: str, **more: object) -> dict:
    return {"role": "assistant", "text": "x", "recommended": items, **more}


def user(*items: str, liked: bool | None = None) -> dict:
    return {"role": "user", "text": "x", "mentions": [{"item_id": item_id, "liked": liked} for item_id in items]}


@pytest.fixture
def dataset() -> Dataset:
    field = FieldSpec(name="kind", kind=FieldKind.CATEGORY, label={"en": "kind"})
    items = tuple(Item(f"i{n}", f"Item {n}", {"kind": ("odd" if n % 2 else "even",)}) for n in range(10))
    catalog = Catalog(CatalogSchema(name="things", fields=(field,)), items)
    # i0 is liked by four users, i1 by two, i2 by one
    pairs = [(user, item) for item, users in (("i0", "abcd"), ("i1", "ab"), ("i2", "a")) for user in users]
    return Dataset(catalog, Interactions.of(catalog, [Interaction(account, item, 1.0, 0.0) for account, item in pairs]))


def test_both_readings_by_hand():
    talk = dialogue("d", user("i5"), assistant("i1", "i2"), user(), assistant("i1", "i3"))
    runs = [made("d", 1, "i5", "i1", "i9"), made("d", 3, "i1", "i8", "i3")]

    scores = score_run(runs, list(ground_truths([talk])))
    left_out, left_in = (scores.readings[name]["all"].scores for name in ("excluded", "included"))

    # without i5 the first list is i1, i9: one of two found, at place 1; the second, without i1, is i8, i3: place 2
    assert left_out["recall@1"].mean == pytest.approx((1 / 2 + 0) / 2)
    assert left_out["recall@5"].mean == pytest.approx((1 / 2 + 1) / 2)
    assert left_out["precision@5"].mean == pytest.approx((1 / 5 + 1 / 5) / 2)
    assert left_out["mrr"].mean == pytest.approx((1 + 1 / 2) / 2)
    ideal = 1 + 1 / math.log2(3)
    assert left_out["ndcg@10"].mean == pytest.approx((1 / ideal + 1 / math.log2(3)) / 2)
    # left in, the first list has i1 at place 2, the second i1 and i3 at 1 and 3
    assert left_in["recall@1"].mean == pytest.approx((0 + 1 / 2) / 2)
    assert left_in["recall@5"].mean == pytest.approx((1 / 2 + 1) / 2)
    assert left_in["mrr"].mean == pytest.approx((1 / 2 + 1) / 2)


def test_turns_are_scored_apart_by_what_came_before():
    talk = dialogue("d", assistant("i1"), user("i2", "i3"), assistant("i4"))

    groups = score_run([made("d", 0, "i1"), made("d", 2, "i9")], list(ground_truths([talk]))).readings["excluded"]

    assert {name: group.turns for name, group in groups.items()} == {
        "all": 2, "first turn": 1, "later turns": 1, "0 items before": 1, "1-2 items before": 0, "3+ items before": 1,
    }  # fmt: skip
    assert groups["first turn"].scores["recall@1"].mean == 1
    assert groups["later turns"].scores["recall@50"].mean == 0
    assert groups["1-2 items before"].scores["mrr"].mean is None


def test_a_turn_that_only_repeats_counts_in_one_reading():
    talk = dialogue("d", user("i1"), assistant("i1"))

    readings = score_run([made("d", 1, "i1")], list(ground_truths([talk]))).readings

    assert readings["excluded"]["all"].turns == 0
    assert readings["included"]["all"].scores["recall@1"].mean == 1


def test_what_was_not_ranked_counts_as_not_found():
    talk = dialogue("d", assistant("i1"), assistant("i2"))

    scores = score_run([made("d", 0, "i1")], list(ground_truths([talk])))

    assert scores.unranked_turns == 1
    assert scores.readings["excluded"]["all"].scores["recall@10"].mean == 0.5


def test_the_make_up_of_lists_by_hand(dataset: Dataset):
    talk = dialogue("d", assistant("i0", "gone"))

    scores = score_run([made("d", 0, "i0", "i1", "i9", "gone")], list(ground_truths([talk])), dataset)

    assert scores.coverage == pytest.approx(3 / 10)
    assert scores.outside_catalog_share == pytest.approx(1 / 4)
    assert scores.answers_outside_catalog == 1
    # the head is the two most popular of ten, i0 and i1; i9 is the long tail
    assert scores.make_up["long_tail_share"].mean == pytest.approx(1 / 3)
    # four of four users like i0, two i1, nobody i9 (as one): 0, 1 and 2 bits
    assert scores.make_up["novelty_bits"].mean == pytest.approx(1.0)
    # i1 and i9 are alike, i0 is not like them: distances 1, 1 and 0
    assert scores.make_up["intra_list_diversity"].mean == pytest.approx(2 / 3)
    # seven items are liked by none (the middle of 0..7 is 3.5), i1 is above eight (8.5), i0 above nine (9.5)
    assert scores.make_up["popularity_percentile"].mean == pytest.approx((9.5 + 8.5 + 3.5) / 30)
    assert scores.make_up["popularity_lift"].mean == pytest.approx((9.5 + 8.5 + 3.5) / 30 - 0.95)


def test_popularity_is_that_of_the_answers_where_nobody_rated(dataset: Dataset):
    bare = Dataset(dataset.catalog, Interactions.of(dataset.catalog, ()))

    crowd = Crowd.of(bare, list(ground_truths([dialogue("d", assistant("i3"))])))

    assert crowd.counts["i3"] == 1
    assert "i3" in crowd.head


def test_answers_outside_the_catalog_can_be_left_out(dataset: Dataset):
    places = list(ground_truths([dialogue("d", assistant("i0", "gone"), assistant("lost"))]))

    kept = score_run([made("d", 0, "i0"), made("d", 1, "i1")], within(places, dataset.catalog))

    assert kept.readings["excluded"]["all"].turns == 1
    assert kept.readings["excluded"]["all"].scores["recall@10"].mean == 1


def test_acceptance_of_what_was_shown():
    noted = dialogue("a", assistant("i1", "i2", accepted=["i1"]), assistant("i3", accepted=[]))
    said = dialogue("b", assistant("i4"), user("i4", liked=True))
    silent = dialogue("c", assistant("i5"))

    accepted = acceptance([noted, said, silent])

    assert accepted is not None
    assert accepted[1] == 4
    assert accepted[0].mean == pytest.approx(2 / 4)
    assert acceptance([silent]) is None


def test_gini_and_diversity_by_hand():
    assert gini([1, 1, 1]) == pytest.approx(0)
    assert gini([0, 0, 3]) == pytest.approx(2 / 3)
    assert math.isnan(gini([0]))
    assert math.isnan(intra_list_diversity(np.ones((1, 2))))
    assert intra_list_diversity(np.asarray([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx(1)


def test_ndcg_agrees_with_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(20):
        names = [f"i{n}" for n in rng.permutation(12)]
        relevant = {f"i{n}" for n in rng.choice(12, 3, replace=False)}
        truth = [[float(name in relevant) for name in names]]

        expected = ndcg_score(truth, [[12.0 - place for place in range(12)]], k=5)

        assert ndcg_at_k(names, relevant, 5) == pytest.approx(expected)


def test_intervals_draw_whole_dialogues():
    values = np.asarray([[1.0], [1.0], [0.0], [0.0]])

    together = bootstrap_means(values, ["a", "a", "b", "b"])[0]
    apart = bootstrap_means(values, ["a", "b", "c", "d"])[0]
    alike = bootstrap_means(values[:2], ["a", "b"])[0]

    assert together.mean == apart.mean == 0.5
    assert together.high - together.low >= apart.high - apart.low
    assert (alike.low, alike.high) == (1.0, 1.0)
    assert math.isnan(bootstrap_means(np.zeros((0, 1)), [])[0].mean)


def test_a_mean_skips_what_has_no_value():
    intervals = bootstrap_means(np.asarray([[1.0, math.nan], [0.0, math.nan]]), ["a", "b"])

    assert intervals[0].mean == 0.5
    assert math.isnan(intervals[1].mean)


def test_a_difference_is_taken_turn_by_turn():
    gain, not_better = paired_difference([1, 1, 0.5], [0, 0.5, 0], ["a", "b", "c"])

    assert gain.mean == pytest.approx(2 / 3)
    assert gain.low >= 0.5
    assert not_better == 0


def test_the_tables_hold_every_run(dataset: Dataset):
    places = list(ground_truths([dialogue("d", assistant("i1"))]))
    scores = score_run([made("d", 0, "i1", seconds=0.5)], places, dataset)

    text = scores_table({"a|b": scores, "other": scores})

    assert "| a\\|b | 1.000 [1.000, 1.000] |" in text
    assert "| other |" in text
