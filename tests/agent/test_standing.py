"""Shares of a score, an item's place among all others, and what would have changed a list."""

import pytest

from retrieval.history import UserHistory
from retrieval.preference import Constraint, Op, Preference
from retrieval.retriever import Retriever
from retrieval.standing import decisive, run_all, stand
from tests.agent.films import film_id

NOBODY = UserHistory()
CRIME = Constraint("genres", Op.IS, ("Crime",))


def ranked(retriever: Retriever, preference: Preference) -> list[str]:
    ranking = retriever.rank(run_all(retriever, preference, NOBODY), preference, NOBODY, preference.count)
    return [candidate.item_id for candidate in ranking.fit]


def test_the_shares_of_a_score_sum_to_it(film_retriever: Retriever) -> None:
    preference = Preference(text="a robbery", liked=(film_id("Casino"),), constraints=(CRIME,))

    order = film_retriever.order(run_all(film_retriever, preference, NOBODY), preference, NOBODY, [[film_id("Fargo")]])

    for candidate in order:
        assert sum(candidate.shares.values()) == pytest.approx(candidate.score)
    assert {candidate.item_id: candidate.shares.get("repeat", 0.0) < 0 for candidate in order}[film_id("Fargo")]


def test_a_place_in_the_ranking_is_held_against_the_last_one_ahead(film_retriever: Retriever) -> None:
    preference = Preference(liked=(film_id("Toy Story"),), count=3)
    shown = ranked(film_retriever, preference)

    lists = run_all(film_retriever, preference, NOBODY)
    standing = stand(film_retriever, lists, film_id("Nosferatu"), preference, NOBODY, shown=shown)

    assert standing.rank > 3
    assert standing.rival in shown
    assert standing.behind


def test_what_a_limit_brought_is_gone_without_it(film_retriever: Retriever) -> None:
    horror = Constraint("genres", Op.IS, ("Horror",))
    preference = Preference(liked=(film_id("Toy Story"),), constraints=(horror,), count=2)

    lists = run_all(film_retriever, preference, NOBODY)
    decided = decisive(film_retriever, lists, film_id("Nosferatu"), preference, NOBODY, places=2, seconds=60)

    assert [removal.limit for removal in decided.removals if removal.limit] == [horror]
    assert decided.is_complete


def test_what_the_ranking_did_not_show_is_not_explained_by_it(film_retriever: Retriever) -> None:
    preference = Preference(liked=(film_id("Toy Story"),), count=2)

    lists = run_all(film_retriever, preference, NOBODY)
    decided = decisive(film_retriever, lists, film_id("Nosferatu"), preference, NOBODY, places=2, seconds=60)

    assert not decided.is_ranked
