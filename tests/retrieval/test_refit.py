"""What counts of what own users say, and how two retrievers are compared on it."""

from collections.abc import Iterator

import numpy as np
import pytest

from retrieval.datasets import Dataset, Interactions
from retrieval.items import Catalog, Item
from retrieval.refit import Opinions, read_opinions, together
from retrieval.refit.measure import compare, questions, without
from retrieval.refit.opinions import SUPPORT
from retrieval.state import FeedbackKind, StateStore
from tests.fakes import tea_catalog, tea_dataset, tea_schema

LIKE, DISLIKE, SEEN = FeedbackKind.LIKE, FeedbackKind.DISLIKE, FeedbackKind.SEEN
YEARS = 20 * 365 * 86_400.0


@pytest.fixture
def state() -> Iterator[StateStore]:
    with StateStore("sqlite://") as made:
        yield made


def said(*rows: tuple[int, int, float, float], sought: bool = True) -> Opinions:
    """User, row, weight and time of each."""
    users, items, weights, times = (np.asarray(column) for column in zip(*rows, strict=True))
    return Opinions(
        users.astype(np.int32),
        items.astype(np.int32),
        weights.astype(np.float32),
        times.astype(np.float64),
        np.full(len(rows), sought),
    )


def test_the_last_opinion_of_each_account_about_an_item_counts_once(state: StateStore):
    catalog = tea_catalog()
    first, second = state.create_user().user_id, state.create_user().user_id
    for conversation in ("a", "b", "c"):
        state.add_feedback(first, "tea:1", LIKE, conversation_id=f"{first}{conversation}")
    state.add_feedback(first, "tea:1", SEEN)
    state.add_feedback(first, "tea:2", LIKE)
    state.add_feedback(first, "tea:2", DISLIKE)
    state.add_feedback(first, "no such tea", LIKE)
    taken_back = state.add_feedback(second, "tea:3", LIKE)
    state.undo_feedback(second, taken_back.feedback_id)
    state.add_feedback(second, "tea:1", SEEN)

    opinions = read_opinions(state, catalog, "")

    assert sorted(zip(opinions.users.tolist(), opinions.rows.tolist(), opinions.weights.tolist(), strict=True)) in (
        [(0, 1, 1.0), (0, 2, -1.0), (1, 1, 0.0)],
        [(0, 1, 0.0), (1, 1, 1.0), (1, 2, -1.0)],  # accounts are in no order that tells who
    )


def test_a_tenants_accounts_are_read_and_no_other_tenants(state: StateStore):
    for realm in ("shop", "shop/ann", "", "other"):
        seen = state.of(realm)
        seen.add_feedback(seen.create_user().user_id, "tea:1", LIKE)

    assert read_opinions(state, tea_catalog(), "shop").people == 2
    assert read_opinions(state, tea_catalog(), "").people == 1


def test_an_account_with_ten_thousand_likes_is_left_out(state: StateStore):
    names = [f"i{number}" for number in range(10_000)]
    catalog = Catalog(tea_schema(), tuple(Item(name, name) for name in names))
    state.bring_feedback(state.create_user().user_id, dict.fromkeys(names, LIKE))
    state.bring_feedback(state.create_user().user_id, dict.fromkeys(names[:5], LIKE))

    opinions = read_opinions(state, catalog, "")

    assert (opinions.people, len(opinions), opinions.left_out) == (1, 5, 1)


def test_what_too_few_accounts_know_counts_nothing():
    few = [(user, 1, 1.0, 10.0) for user in range(SUPPORT - 1)]
    enough = [(user, 2, 1.0, 10.0) for user in range(SUPPORT)]

    assert set(said(*few, *enough).supported().rows.tolist()) == {2}
    assert len(said(*few).supported()) == 0


def test_opinions_begin_where_the_dataset_ends_and_belong_to_nobody_in_it():
    dataset = tea_dataset()
    newest = float(dataset.interactions.timestamps.max())
    own = said((0, 12, 1.0, newest + YEARS), (3, 13, -1.0, newest + YEARS + 50))

    merged = together(dataset, own).interactions

    assert len(merged) == len(dataset.interactions) + 2
    assert merged.timestamps[-2:].tolist() == [newest, newest + 50]
    assert [merged.item_ids[row] for row in merged.rows[-2:]] == ["tea:12", "tea:13"]
    assert merged.user_ids[: len(dataset.interactions.user_ids)] == dataset.interactions.user_ids
    assert set(merged.users[-2:].tolist()).isdisjoint(dataset.interactions.users.tolist())


def test_the_fingerprint_tells_opinions_apart():
    dataset = tea_dataset()
    one, other = said((0, 12, 1.0, 5.0)), said((0, 13, 1.0, 5.0))

    prints = {together(dataset, own).fingerprint for own in (one, other)} | {dataset.fingerprint}

    assert len(prints) == 3
    assert together(dataset, one).fingerprint == together(tea_dataset(), one).fingerprint


def test_opinions_without_a_dataset_of_people_are_a_dataset():
    merged = together(Dataset(tea_catalog(), Interactions()), said((0, 1, 1.0, 100.0)))

    assert merged.interactions.timestamps.tolist() == [100.0]


def test_a_like_of_each_person_is_held_back_that_what_serves_cannot_know():
    catalog = tea_catalog()
    opinions = said(
        *((0, row, 1.0, 10.0 + row) for row in range(3)),  # the newest of these
        *((1, row, 1.0, 5.0) for row in range(3)),  # all known already
        (2, 4, 1.0, 20.0),  # nothing else is liked
        (2, 5, -1.0, 20.0),
        *((3, row, 1.0, 20.0 + row) for row in (6, 7)),
    )
    opinions.sought[[8, 9]] = [True, False]  # 7 was on a list, 6 was not

    asked = questions(opinions, catalog, after=9.0)

    assert [question.item_id for question in asked] == ["tea:2", "tea:6"]
    assert set(asked[0].history.liked()) == {"tea:0", "tea:1"}
    assert len(without(opinions, asked)) == len(opinions) - 2


def test_both_are_measured_on_the_same_likes():
    asked = questions(said(*((0, row, 1.0, 10.0 + row) for row in range(3))), tea_catalog(), after=0.0)

    measured = compare([["tea:5", "tea:6", "tea:2"]], [["tea:2", "tea:6", "tea:9"]], asked)

    assert (measured.people, measured.found_before, measured.found_after) == (1, 1, 1)
    assert (measured.ndcg_before, measured.ndcg_after) == (0.5, 1.0)  # third place, first place
    assert measured.moved == pytest.approx(1 / 3, abs=1e-4)
    assert measured.risen == ("tea:9",)
