"""The whole retriever over a real data folder."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.belief_index import build_taste
from retrieval.candidates import EvidenceKind
from retrieval.channels.factors import build_factors
from retrieval.channels.graph import build_graph_vectors
from retrieval.channels.neighbors import build_neighbors
from retrieval.channels.sequence import build_sequence
from retrieval.datasets import Dataset, save_dataset
from retrieval.errors import IndexMissingError, UnknownItemError
from retrieval.fusion.others.learned import build_fusion
from retrieval.fusion.others.request_weights import request_weights
from retrieval.graph import build_graph
from retrieval.history import Interaction, UserHistory
from retrieval.models.typicality import build_typicality
from retrieval.parts import Parts
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.ranking import Ranked
from retrieval.retriever import Retriever
from retrieval.settings import RetrievalSettings
from retrieval.vectors import build_vectors
from tests.fakes import HashEncoder, tea_catalog, tea_dataset
from tests.retrieval.conftest import SMALL

NOBODY = UserHistory()


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> RetrievalSettings:
    settings, dataset = RetrievalSettings(data_dir=tmp_path_factory.mktemp("shop"), encoder="hash"), tea_dataset()
    save_dataset(dataset, settings.data_dir)
    build_vectors(dataset, settings, encoder=HashEncoder())
    build_graph(dataset, settings)
    build_taste(dataset, settings)
    build_typicality(dataset, settings)
    build_factors(dataset, settings)
    build_neighbors(dataset, settings)
    build_graph_vectors(dataset, settings)
    build_sequence(dataset, settings, model_settings=SMALL)
    build_fusion(dataset, settings)
    return settings


@pytest.fixture(scope="module")
def retriever(settings: RetrievalSettings) -> Retriever:
    retriever = Retriever.open(settings, encoder=HashEncoder())
    retriever.warm()
    return retriever


def ranked(retriever: Retriever, preference: Preference, history: UserHistory = NOBODY, k: int = 4) -> Ranked:
    lists = {name: retriever.run(name, preference, history) for name in retriever.channel_names}
    return retriever.rank(lists, preference, history, k)


def ids(ranking: Ranked) -> list[str]:
    return [candidate.item_id for candidate in ranking.fit]


def test_what_was_shown_and_not_answered_makes_room_and_is_not_lost(retriever: Retriever) -> None:
    preference = Preference(text="smoky")
    lists = {name: retriever.run(name, preference, NOBODY) for name in retriever.channel_names}
    plain = ids(retriever.rank(lists, preference, NOBODY, len(retriever.catalog)))

    again = ids(retriever.rank(lists, preference, NOBODY, len(retriever.catalog), (tuple(plain[1:3]),)))

    assert again != plain
    assert again.index(plain[2]) > 2
    assert set(again) == set(plain)


def test_everything_that_was_built_is_open(retriever: Retriever) -> None:
    assert retriever.channel_names == ("content", "factors", "neighbors", "sequence", "graph", "trend")
    assert retriever.notices == ()


def test_a_wish_comes_first_with_facts_that_can_be_checked(retriever: Retriever) -> None:
    preference = Preference(text="smoky", wishes=(Wish("notes", "smoky"),))

    ranking = ranked(retriever, preference)

    assert set(ids(ranking)[:2]) & {"tea:4", "tea:5", "tea:15"}
    assert len(ranking.fit) == 4
    held = retriever.catalog.item(ranking.fit[0].item_id).values
    facts = [piece for piece in ranking.fit[0].evidence if piece.kind is EvidenceKind.FACT]
    assert facts
    assert all(piece.value in held[piece.field] for piece in facts)


def test_words_that_name_a_value_rank_and_show_what_has_it(retriever: Retriever) -> None:
    ranking = ranked(retriever, Preference(text="something smoky"))

    first = retriever.explain(ranking.fit[0], Preference(text="something smoky"))
    assert "smoky" in retriever.catalog.item(first.item_id).values["notes"]
    assert ("notes", "smoky") in {
        (piece.field, piece.value) for piece in first.evidence if piece.kind is EvidenceKind.FACT
    }


def test_words_that_refuse_a_value_keep_it_from_the_list_and_the_guesses(retriever: Retriever) -> None:
    preference = Preference(text="nothing smoky", liked=("tea:6",), novelty=1.0, count=6)

    ranking = ranked(retriever, preference, k=6)

    for seed in range(10):
        slots = retriever.explore(ranking, preference, NOBODY, np.random.default_rng(seed))
        notes = [retriever.catalog.item(slot.candidate.item_id).values["notes"] for slot in slots]
        assert any(slot.exploratory for slot in slots)
        assert not any("smoky" in held for held in notes)


def test_every_limit_holds_and_its_facts_are_shown(retriever: Retriever) -> None:
    limits = (Constraint("year", Op.MIN, (2000.0,)), Constraint("kinds", Op.IS, ("Black", "Oolong")))
    preference = Preference(text="sweet", liked=("tea:0",), constraints=limits)

    ranking = ranked(retriever, preference)

    assert len(ranking.fit) == 4
    for candidate in ranking.fit:
        assert all(retriever.catalog.satisfies(retriever.catalog.item(candidate.item_id), limit) for limit in limits)
        assert {"year", "kinds"} <= {why.field for why in candidate.evidence if why.kind is EvidenceKind.FACT}


def test_too_few_that_fit_bring_near_misses_with_the_broken_limit(retriever: Retriever) -> None:
    limits = (Constraint("kinds", Op.IS, ("White",)), Constraint("price", Op.MAX, (28.0,)))

    ranking = ranked(retriever, Preference(text="hay", constraints=limits), k=5)

    assert ids(ranking) == ["tea:13"]
    assert len(ranking.near) == 4
    assert all(len(ranking.broken[candidate.item_id]) == 1 for candidate in ranking.near)
    assert not {candidate.item_id for candidate in ranking.near} & set(ids(ranking))


def test_near_misses_keep_what_is_refused_for_good(retriever: Retriever) -> None:
    refused = Constraint("notes", Op.NOT, ("hay", "melon"), lasting=True)
    limits = (Constraint("kinds", Op.IS, ("White",)), Constraint("price", Op.MAX, (28.0,)))

    ranking = ranked(retriever, Preference(text="hay", constraints=(*limits, refused)), k=5)

    assert ranking.fit == ()
    assert len(ranking.near) == 5
    assert all(
        retriever.catalog.satisfies(retriever.catalog.item(candidate.item_id), refused) for candidate in ranking.near
    )
    assert not any(constraint.lasting for broken in ranking.broken.values() for constraint in broken)


def test_where_only_a_lasting_limit_is_broken_nothing_comes_close(retriever: Retriever) -> None:
    refused = Constraint("year", Op.MIN, (2050.0,), lasting=True)

    ranking = ranked(retriever, Preference(constraints=(refused,)), k=3)

    assert (ranking.fit, ranking.near) == ((), ())


def test_nothing_fits_and_nothing_is_known_is_still_no_dead_end(retriever: Retriever) -> None:
    ranking = ranked(retriever, Preference(constraints=(Constraint("year", Op.MIN, (2050.0,)),)), k=3)

    assert ranking.fit == ()
    assert len(ranking.near) == 3


def test_a_request_without_any_signal_gets_the_popular(retriever: Retriever) -> None:
    assert len(ranked(retriever, Preference()).fit) == 4


def test_a_list_longer_than_the_catalog_has_every_item_once(retriever: Retriever) -> None:
    ranking = ranked(retriever, Preference(text="tea"), k=99)

    assert len(ranking.fit) == 15
    assert not {"tea:5", "tea:15"} <= set(ids(ranking))


def test_disliked_and_seen_items_stay_out_of_lists_and_guesses(retriever: Retriever) -> None:
    history = UserHistory.of("x", [Interaction("x", "tea:12", -1.0, 1.0)])
    preference = Preference(text="melon", disliked=("tea:2",), seen=("tea:3",), novelty=1.0, count=6)
    ranking = ranked(retriever, preference, history, k=10)

    shown = {
        slot.candidate.item_id
        for seed in range(30)
        for slot in retriever.explore(ranking, preference, history, np.random.default_rng(seed))
    }

    assert not shown & {"tea:2", "tea:3", "tea:12"}


def test_guesses_keep_the_limits_and_are_marked(retriever: Retriever) -> None:
    limits = (Constraint("price", Op.MAX, (20.0,)),)
    preference = Preference(liked=("tea:0",), constraints=limits, novelty=1.0, count=4)
    ranking = ranked(retriever, preference, k=4)

    slots = retriever.explore(ranking, preference, NOBODY, np.random.default_rng(1))

    guesses = [slot for slot in slots if slot.exploratory]
    assert len(slots) == 4
    assert len(guesses) == 2
    for slot in guesses:
        assert 0 < slot.propensity < 1
        assert slot.why
        assert slot.candidate.evidence[0].kind is EvidenceKind.GUESS
        assert retriever.catalog.satisfies(retriever.catalog.item(slot.candidate.item_id), limits[0])


def test_scores_for_given_items_only(retriever: Retriever) -> None:
    candidates = retriever.run("factors", Preference(liked=("tea:0",)), NOBODY, only=["tea:1", "tea:9", "gone"])

    assert candidates[0].item_id == "tea:1"
    assert {candidate.item_id for candidate in candidates} <= {"tea:1", "tea:9"}


def test_an_unknown_channel_brings_nothing(retriever: Retriever) -> None:
    assert retriever.run("astrology", Preference(text="x"), NOBODY) == []


def test_facts_similar_items_paths_and_users(retriever: Retriever) -> None:
    facts = [(fact.field, fact.value) for fact in retriever.facts("tea:13")]

    assert facts == [
        ("kinds", "White"),
        ("growers", "Farid Aziz"),
        ("notes", "hay"),
        ("notes", "honey"),
        ("year", "2019"),
        ("price", "28"),
    ]
    assert "tea:13" in {candidate.item_id for candidate in retriever.similar("tea:12", 3)}
    path = retriever.path("tea:12", "tea:13")
    assert path is not None
    assert path.path[0][0] == "tea:12"
    assert set(retriever.items_with("growers", "Farid Aziz")) == {"tea:12", "tea:13"}
    assert len(retriever.history_of("u0-0").liked()) == 3
    assert retriever.history_of("nobody").interactions == ()
    assert len(retriever.dataset_users(4)) == 4


def test_unknown_items_are_named(retriever: Retriever) -> None:
    with pytest.raises(UnknownItemError, match="no item 'gone' in the catalog"):
        retriever.similar("gone")
    with pytest.raises(UnknownItemError, match="'gone'"):
        retriever.path("tea:0", "gone")


def test_the_taste_picker_shows_known_and_different_items(retriever: Retriever) -> None:
    picks = retriever.popular_diverse(6)

    kinds = {retriever.catalog.item(item_id).values["kinds"] for item_id in picks}
    assert len(set(picks)) == 6
    assert len(kinds) >= 3


def test_without_a_catalog_nothing_opens(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="reconteur"):
        Retriever.open(RetrievalSettings(data_dir=tmp_path, encoder="hash"))


@pytest.mark.parametrize(
    ("folder", "channel"),
    [("chroma", "content"), ("factors", "factors"), ("neighbors", "neighbors"), ("graph", "graph")],
)
def test_a_missing_index_leaves_its_channel_out_with_a_notice(
    folder: str, channel: str, settings: RetrievalSettings, tmp_path: Path
) -> None:
    copied = tmp_path / "copy"
    shutil.copytree(settings.data_dir, copied)
    shutil.rmtree(copied / folder)

    retriever = Retriever.open(settings.model_copy(update={"data_dir": copied}), encoder=HashEncoder())

    assert channel not in retriever.channel_names
    assert len(retriever.notices) == 1
    assert "Build it with: reconteur build" in retriever.notices[0]
    preference = Preference(text="smoky", liked=("tea:4",))
    ranking = ranked(retriever, preference)
    assert len(ranking.fit) == 4
    assert retriever.explore(ranking, preference, NOBODY, np.random.default_rng(0))
    assert set(retriever.items_with("growers", "Farid Aziz")) == {"tea:12", "tea:13"}


def test_without_learned_vectors_the_graph_still_knows_facts(settings: RetrievalSettings, tmp_path: Path) -> None:
    copied = tmp_path / "copy"
    shutil.copytree(settings.data_dir, copied)
    shutil.rmtree(copied / "graph-vectors")

    retriever = Retriever.open(settings.model_copy(update={"data_dir": copied}), encoder=HashEncoder())

    assert "no graph model" in retriever.notices[0]
    assert retriever.run("graph", Preference(liked=("tea:12",)), NOBODY)[0].item_id == "tea:13"


def test_a_catalog_without_ratings_or_indexes_still_answers(data_dir: Path) -> None:
    retriever = Retriever(Parts(Dataset(tea_catalog())), RetrievalSettings(data_dir=data_dir))

    ranking = retriever.rank({}, Preference(constraints=(Constraint("kinds", Op.IS, ("White",)),)), NOBODY, 2)

    assert set(ids(ranking)) == {"tea:12", "tea:13"}
    assert all(candidate.evidence for candidate in ranking.fit)
    assert len(retriever.popular_diverse(3)) == 3


def test_habits_step_back_once_something_is_asked_for() -> None:
    weights = {"content": 1.0, "factors": 1.0}

    assert request_weights(weights, Preference()) == {"content": 0.4, "factors": 1.0}
    assert request_weights(weights, Preference(liked=("a",))) == weights
    assert request_weights(weights, Preference(text="smoky")) == {"content": 1.0, "factors": 0.4}
    assert request_weights(weights, Preference(liked=("a",), examples=("a",))) == {"content": 1.0, "factors": 0.5}
    opinion = Preference(text="smoky", liked=("a",))
    assert request_weights(weights, opinion)["factors"] == 0.4
    assert request_weights(weights, replace(opinion, examples=("a",)))["factors"] == 0.8


def test_for_a_stranger_the_trend_speaks_for_all_habits():
    weights = {"content": 1.0, "trend": 0.15}

    assert request_weights(weights, Preference()) == {"content": 0.4, "trend": 1.5}
    assert request_weights(weights, Preference(wishes=(Wish("themes", "heist"),)))["trend"] == pytest.approx(0.6)
    assert request_weights(weights, Preference(text="smoky"))["trend"] == pytest.approx(0.06)
    assert request_weights({**weights, "factors": 1.0}, Preference())["trend"] == 0.15
