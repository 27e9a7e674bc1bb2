"""The channels over fitted models: which model, whose neighbors, and what was said a second ago."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from retrieval.candidates import EvidenceKind
from retrieval.channels.base import Channel, Scoring
from retrieval.channels.factors import FactorsChannel, build_factors
from retrieval.channels.graph import GraphChannel, build_graph_vectors, open_graph_vectors
from retrieval.channels.neighbors import NeighborsChannel, build_neighbors
from retrieval.channels.profiles import folded_profile
from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.history import Interaction, UserHistory
from retrieval.preference import Preference, Wish
from retrieval.settings import RetrievalSettings
from tests.fakes import START

NOBODY = UserHistory()
ALL = ("content", "factors", "neighbors", "graph", "trend")


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(
    "preference",
    [Preference(liked=("tea:4",), disliked=("tea:0",)), Preference(text="smoky", wishes=(Wish("notes", "cocoa"),))],
    ids=["examples", "wishes"],
)
def test_candidates_are_ranked_by_the_scores_of_all_items(
    name: str, preference: Preference, channels: Mapping[str, Channel], teas: Dataset
) -> None:
    channel = channels[name]
    assert isinstance(channel, Scoring)

    scores = channel.scores(preference, NOBODY)
    candidates = channel.retrieve(preference, NOBODY, k=20)

    assert scores.shape == (len(teas.catalog),)
    assert scores.dtype == np.float32
    assert not np.isnan(scores).any()
    assert [candidate.scores[name] for candidate in candidates] == pytest.approx(
        [scores[teas.catalog.row(candidate.item_id)] for candidate in candidates], abs=1e-5
    )


@pytest.mark.parametrize("name", ["content", "factors", "neighbors", "graph"])
def test_who_tells_nothing_has_no_scores(name: str, channels: Mapping[str, Channel]) -> None:
    channel = channels[name]
    assert isinstance(channel, Scoring)

    assert np.isneginf(channel.scores(Preference(), NOBODY)).all()


def test_what_was_said_is_newer_than_what_is_known(teas: Dataset) -> None:
    known = [Interaction("g", "tea:6", 1.0, START + 50), Interaction("g", "tea:5", -0.5, START)]

    user = folded_profile(teas.catalog, Preference(liked=("tea:5",), disliked=("tea:9",)), UserHistory.of("g", known))

    assert user.profile.items.tolist() == [6, 5, 9]
    assert user.profile.weights.tolist() == [1.0, 1.0, -1.0]
    assert user.said.tolist() == [False, True, True]
    assert user.profile.times[0] < user.profile.times[1] == user.profile.times[2]


def test_dislikes_repel_and_mild_ones_do_not_count(teas: Dataset) -> None:
    known = [Interaction("g", f"tea:{row}", weight, START) for row, weight in enumerate((1.0, 0.0, -0.5, -1.0))]

    user = folded_profile(teas.catalog, Preference(liked=("tea:8",), disliked=("tea:9",)), UserHistory.of("g", known))

    strengths = user.strengths(np.ones(6, dtype=np.float32))
    assert strengths.tolist() == pytest.approx([1.0, 1.0, 0.0, -0.2, 3.4, -3.4])


@pytest.mark.parametrize(("factors", "model"), [("ease", "EaseModel"), ("als", "AlsModel")])
def test_the_factor_model_is_chosen_by_settings(factors: str, model: str, teas: Dataset, data_dir: Path) -> None:
    settings = RetrievalSettings.model_validate({"data_dir": data_dir, "factors": factors})
    build_factors(teas, settings)

    channel = FactorsChannel.open(teas, settings)
    candidates = channel.retrieve(Preference(liked=("tea:4", "tea:5")), NOBODY, k=2)

    assert type(channel._model).__name__ == model
    assert {candidate.item_id for candidate in candidates} == {"tea:6", "tea:7"}
    assert candidates[0].evidence[0].kind is EvidenceKind.CO_LIKED
    assert candidates[0].evidence[0].count > 0


def test_another_factor_model_than_the_chosen_one_is_refused(teas: Dataset, data_dir: Path) -> None:
    build_factors(teas, RetrievalSettings(data_dir=data_dir, factors="als"))

    with pytest.raises(IndexMissingError, match="Build it with: reconteur build"):
        FactorsChannel.open(teas, RetrievalSettings(data_dir=data_dir, factors="ease"))


@pytest.mark.parametrize("similarity", ["cosine", "pearson", "euclidean"])
@pytest.mark.parametrize(("of", "kind"), [("user", EvidenceKind.NEIGHBORS), ("item", EvidenceKind.CO_LIKED)])
def test_neighbors_are_chosen_by_settings_and_are_the_evidence(
    of: str, similarity: str, kind: EvidenceKind, teas: Dataset, data_dir: Path
) -> None:
    settings = RetrievalSettings.model_validate({"data_dir": data_dir, "neighbors": of, "similarity": similarity})
    build_neighbors(teas, settings)

    candidates = NeighborsChannel.open(teas, settings).retrieve(
        Preference(liked=("tea:4", "tea:5"), disliked=("tea:8",)), NOBODY, k=5
    )

    assert (len(candidates) > 0) or similarity == "pearson"
    assert all(candidate.evidence[0].kind is kind and candidate.evidence[0].count > 0 for candidate in candidates)
    if similarity == "cosine":
        assert {candidate.item_id for candidate in candidates[:2]} == {"tea:6", "tea:7"}


def test_neighbors_of_the_other_kind_are_refused(teas: Dataset, data_dir: Path) -> None:
    build_neighbors(teas, RetrievalSettings(data_dir=data_dir, neighbors="item"))

    with pytest.raises(IndexMissingError, match="Build it with: reconteur build"):
        NeighborsChannel.open(teas, RetrievalSettings(data_dir=data_dir, neighbors="user"))


@pytest.mark.parametrize("vectors", ["lightgcn", "complex"])
def test_learned_vectors_have_a_say_among_items_that_share_something(
    vectors: str, teas: Dataset, data_dir: Path
) -> None:
    settings = RetrievalSettings.model_validate({"data_dir": data_dir, "graph_vectors": vectors})
    build_graph_vectors(teas, settings)
    facts, channel = GraphChannel(teas.catalog), GraphChannel(teas.catalog, open_graph_vectors(teas, settings))
    preference = Preference(liked=("tea:5",))

    before, after = facts.scores(preference, NOBODY), channel.scores(preference, NOBODY)

    assert np.array_equal(np.isfinite(before), np.isfinite(after))
    assert not np.array_equal(before, after)
    assert all(candidate.evidence for candidate in channel.retrieve(preference, NOBODY, k=9))
    assert np.array_equal(
        facts.scores(Preference(wishes=(Wish("notes", "cocoa"),)), NOBODY),
        channel.scores(Preference(wishes=(Wish("notes", "cocoa"),)), NOBODY),
    )


def test_vectors_that_are_not_wanted_need_no_file(teas: Dataset, data_dir: Path) -> None:
    assert open_graph_vectors(teas, RetrievalSettings(data_dir=data_dir, graph_vectors="none")) is None


def test_missing_vectors_name_the_command(teas: Dataset, data_dir: Path) -> None:
    with pytest.raises(IndexMissingError, match=r"no graph model .*Build it with: reconteur build"):
        open_graph_vectors(teas, RetrievalSettings(data_dir=data_dir))
