"""Limits, doubles and diversity."""

import numpy as np
import pytest

from retrieval.candidates import Candidate
from retrieval.channels.tastes import taste_of
from retrieval.datasets import Dataset
from retrieval.history import Interaction, UserHistory
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.ranking import breaches, broken_by, diversify, drop_doubles, known_ids, wish_changes

LIMITS = (Constraint("kinds", Op.IS, ("Green",)), Constraint("year", Op.MIN, (1995.0,)))


def ids(candidates: list[Candidate]) -> list[str]:
    return [candidate.item_id for candidate in candidates]


def scored(*scores: float) -> list[Candidate]:
    return [Candidate(f"tea:{row}", score=score) for row, score in enumerate(scores)]


def test_seen_and_disliked_items_never_come_back(teas: Dataset) -> None:
    history = UserHistory.of("u", [Interaction("u", "tea:0", -1.0, 1)])
    preference = Preference(liked=("tea:1",), disliked=("tea:2",), seen=("tea:3",))

    assert known_ids(teas.catalog, preference, history) >= {"tea:0", "tea:1", "tea:2", "tea:3"}
    assert "tea:4" not in known_ids(teas.catalog, preference, history)


def test_what_was_passed_over_stays_away_and_is_no_opinion(teas: Dataset) -> None:
    preference = Preference(passed_over=("tea:1",))

    assert "tea:1" in known_ids(teas.catalog, preference, UserHistory())
    assert not taste_of(teas.catalog, preference, UserHistory()).weights.size


def test_the_double_of_a_seen_item_is_seen_too(teas: Dataset) -> None:
    known = known_ids(teas.catalog, Preference(seen=("tea:5",)), UserHistory())

    assert known == {"tea:5", "tea:15"}


def test_doubles_are_never_together(teas: Dataset) -> None:
    candidates = [Candidate("tea:15"), Candidate("tea:6"), Candidate("tea:5")]

    assert ids(drop_doubles(candidates, teas.catalog)) == ["tea:15", "tea:6"]


def test_breaches_are_counted_per_item(teas: Dataset) -> None:
    counts = breaches(teas.catalog, LIMITS)

    assert (counts[0], counts[2], counts[4]) == (1, 0, 1)
    assert broken_by(teas.catalog, "tea:0", LIMITS) == (LIMITS[1],)


def test_a_wish_against_a_value_lowers_whatever_found_it(teas: Dataset) -> None:
    preference = Preference(wishes=(Wish("notes", "grassy", -1.0), Wish("notes", "sea breeze", 1.0)))

    change = wish_changes(teas.catalog, preference)

    assert change["tea:1"] == change["tea:2"] < change["tea:0"] < 0 < change["tea:3"]
    assert "tea:4" not in change


def test_diversity_skips_the_look_alike() -> None:
    vectors = np.asarray([[1, 0], [1, 0], [0, 1]], dtype=np.float32)

    assert ids(diversify(scored(1.0, 0.9, 0.5), vectors, 2, diversity=0.5)) == ["tea:0", "tea:2"]
    assert ids(diversify(scored(1.0, 0.9, 0.5), vectors, 2, diversity=0.0)) == ["tea:0", "tea:1"]


def test_diversity_looks_at_what_is_shown_already() -> None:
    vectors = np.asarray([[1, 0], [0, 1]], dtype=np.float32)
    shown = np.asarray([[1, 0]], dtype=np.float32)

    assert ids(diversify(scored(0.6, 0.5), vectors, 1, diversity=0.9, chosen=shown)) == ["tea:1"]


@pytest.mark.parametrize("k", [0, 1, 9])
def test_diversity_returns_at_most_k_and_survives_equal_scores(k: int) -> None:
    vectors = np.ones((3, 1), dtype=np.float32)

    assert len(diversify(scored(1, 1, 1), vectors, k, diversity=1.0)) == min(k, 3)
    assert diversify([], vectors[:0], k, diversity=0.5) == []
