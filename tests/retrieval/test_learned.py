"""The learned fusion behind the retriever: it orders by taste, and words still decide where something is asked for."""

from pathlib import Path

import numpy as np
import pytest

from retrieval.candidates import Candidate
from retrieval.channels.factors import FactorsChannel
from retrieval.channels.graph import GraphChannel
from retrieval.channels.ratings import read_ratings
from retrieval.channels.trend import TrendChannel
from retrieval.datasets import Dataset
from retrieval.datasets.dataset import Interactions
from retrieval.errors import IndexMissingError
from retrieval.fusion.lists import FUSIONS
from retrieval.fusion.others.attention import AttentionSettings
from retrieval.fusion.others.fused import POPULARITY_NOW, FusionSettings
from retrieval.fusion.others.learned import TASTE, LearnedFusion, build_fusion
from retrieval.fusion.others.ranker import RankerSettings
from retrieval.fusion.others.request_weights import dimension_weights, taste_weights
from retrieval.history import Interaction, UserHistory
from retrieval.models import ease
from retrieval.parts import Parts
from retrieval.preference import Preference, Wish
from retrieval.retriever import Retriever
from retrieval.settings import LEARNED, RetrievalSettings
from tests.fakes import tea_catalog, tea_dataset

SMALL = FusionSettings(
    members=("ease", "transitions", "sessions", "trend", "facts"),
    pool=12,
    attention=AttentionSettings(epochs=4, seeds=1, width=8),
    ranker=RankerSettings(trees=20, seeds=1, least_in_leaf=20),
)
WEIGHTS = {"content": 1.0, "factors": 1.0, "neighbors": 0.5, "graph": 0.8}


@pytest.fixture(scope="module")
def guests() -> Dataset:
    """A hundred guests who take tea 0 then 1, 2 then 3 ..., three such pairs each, a minute apart."""
    catalog, rng = tea_catalog(), np.random.default_rng(0)
    firsts = [rng.permutation(6)[:3] * 2 for _ in range(100)]
    rows = [[int(first) + step for first in firsts_of_user for step in (0, 1)] for firsts_of_user in firsts]
    taken = [
        Interaction(f"guest:{user}", catalog.items[row].item_id, 0.5, 1e9 + 60.0 * place)
        for user, rows_of_user in enumerate(rows)
        for place, row in enumerate(rows_of_user)
    ]
    return Dataset(catalog, Interactions.of(catalog, taken))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, guests: Dataset) -> RetrievalSettings:
    settings = RetrievalSettings(
        data_dir=tmp_path_factory.mktemp("learned"), encoder="hash", diversity=0.0, fusion="attention"
    )
    build_fusion(guests, settings, model_settings=SMALL)
    return settings


@pytest.fixture(scope="module")
def retriever(guests: Dataset, settings: RetrievalSettings) -> Retriever:
    ratings = read_ratings(guests)
    opened = (
        FactorsChannel(guests.catalog, ease.fit(ratings.log()), ratings),
        GraphChannel(guests.catalog),
        TrendChannel(guests.catalog, ratings),
    )
    learned = LearnedFusion.open(guests, settings)
    return Retriever(Parts(guests, {channel.name: channel for channel in opened}, learned=learned), settings)


def ranked(retriever, preference, history, k=5):
    lists = {name: retriever.run(name, preference, history) for name in retriever.channel_names}
    return retriever.rank(lists, preference, history, k)


def history_of(catalog, *rows):
    return UserHistory.of(
        "x", [Interaction("x", catalog.items[row].item_id, 0.5, 1e9 + i) for i, row in enumerate(rows)]
    )


def test_what_always_follows_comes_first(retriever, guests):
    items = guests.catalog.items

    ranking = ranked(retriever, Preference(), history_of(guests.catalog, 0, 1, 6, 7, 4))

    assert ranking.fit[0].item_id == items[5].item_id
    assert ranking.fit[0].parts
    assert ranking.fit[0].evidence


def test_the_weights_of_the_dimensions_and_each_ones_part_are_told(retriever, guests):
    ranking = ranked(retriever, Preference(), history_of(guests.catalog, 0, 1, 4))

    assert sum(ranking.dimensions.values()) == pytest.approx(1.0)
    assert set(ranking.dimensions) == {"sentiment", "timeliness", "collaborative", "graph", "content"}
    assert all(set(candidate.parts) == set(ranking.dimensions) for candidate in ranking.fit)
    best, last = (sum(candidate.parts.values()) for candidate in (ranking.fit[0], ranking.fit[-1]))
    assert best > last


def test_what_is_asked_for_goes_before_taste(retriever, guests):
    wish = Wish("notes", "smoky")
    smoky = {guests.catalog.items[row].item_id for row in guests.catalog.holders("notes", "smoky")}

    ranking = ranked(retriever, Preference(wishes=(wish,)), history_of(guests.catalog, 0, 1, 2))

    assert ranking.fit[0].item_id in smoky


def test_someone_unknown_is_ranked_by_the_lists_alone(retriever):
    ranking = ranked(retriever, Preference(), UserHistory())

    assert len(ranking.fit) == 5
    assert ranking.dimensions == {}
    assert TASTE not in ranking.fit[0].scores


def test_what_is_disliked_does_not_attract(retriever, guests, settings):
    catalog = guests.catalog
    learned = LearnedFusion.open(guests, settings)

    profile = learned.profile(Preference(disliked=(catalog.items[4].item_id,)), history_of(catalog, 0, 1))

    assert profile.items.tolist() == [0, 1]


def test_what_is_said_by_a_stranger_is_new_not_old(guests, settings):
    learned = LearnedFusion.open(guests, settings)

    profile = learned.profile(Preference(liked=(guests.catalog.items[4].item_id,)), UserHistory())

    assert profile.times.tolist() == [guests.interactions.timestamps.max()]


@pytest.mark.parametrize("name", LEARNED)
def test_every_learned_strategy_serves(guests, tmp_path: Path, name: str):
    settings = RetrievalSettings(data_dir=tmp_path, encoder="hash", fusion=name)
    build_fusion(guests, settings, model_settings=SMALL)
    learned = LearnedFusion.open(guests, settings)
    history = history_of(guests.catalog, 0, 1, 6, 7, 4)
    channel = TrendChannel(guests.catalog, read_ratings(guests))

    judged = learned.judge({"trend": channel.retrieve(Preference(), history, k=12)}, Preference(), history)

    assert judged is not None
    if name != POPULARITY_NOW:  # there, what is popular leads
        assert judged.candidates[0].item_id == guests.catalog.items[5].item_id
    best = judged.candidates[0].item_id
    assert sum(judged.parts(guests.catalog, [best])[best].values()) > 0


def test_an_artifact_of_other_data_or_another_strategy_is_refused(guests, settings):
    with pytest.raises(IndexMissingError, match="reconteur build"):
        LearnedFusion.open(tea_dataset(), settings)
    with pytest.raises(IndexMissingError, match="'multitask'"):
        LearnedFusion.open(guests, settings.model_copy(update={"fusion": "multitask"}))


def test_too_few_interactions_leave_the_lists_to_be_added_up(tmp_path: Path):
    settings, teas = RetrievalSettings(data_dir=tmp_path, encoder="hash"), tea_dataset()
    build_fusion(teas, settings)

    learned = LearnedFusion.open(teas, settings)

    assert not learned.is_learned
    assert "expected at least" in learned.notices[0]


def test_taste_decides_alone_only_where_nothing_is_asked_for():
    assert taste_weights(WEIGHTS, Preference()) == dict.fromkeys(WEIGHTS, 0.0) | {TASTE: 1.5}
    asked = taste_weights(WEIGHTS, Preference(text="smoky"))
    assert asked == {"content": 1.0, "factors": 0.0, "neighbors": 0.0, "graph": 0.8, TASTE: 0.9}
    liked = taste_weights(WEIGHTS, Preference(liked=("a",)))
    assert liked == {"content": 1.0, "factors": 0.0, "neighbors": 0.0, "graph": 0.8, TASTE: 1.5}


def test_words_shift_the_dimensions_towards_what_answers_them():
    attention = {"content": 0.2, "timeliness": 0.8}

    assert dimension_weights(attention, {TASTE: 1.5}) == pytest.approx(attention)
    asked = dimension_weights(attention, {TASTE: 1.0, "content": 1.0, "graph": 2.0, "factors": 0.0})
    assert asked == pytest.approx({"content": 0.3, "timeliness": 0.2, "graph": 0.5})
    assert dimension_weights({}, {TASTE: 1.0}) == {}


def test_plain_ways_to_fuse_need_nothing_learned():
    assert not set(FUSIONS) & set(LEARNED)


def test_far_down_the_list_the_learned_odds_are_not_asked(guests: Dataset, settings: RetrievalSettings) -> None:
    """Candidates that the strategy never saw alike of come below those that it knows, by the sum that recalls."""
    learned = LearnedFusion.open(guests, settings)
    items = guests.catalog.items
    channel = {"trend": [Candidate(item.item_id, {"trend": 1.0}) for item in items]}

    judged = learned.judge(channel, Preference(), history_of(guests.catalog, 0, 1, 4))

    assert judged is not None
    inside = [judged.look.inside[guests.catalog.row(candidate.item_id)] for candidate in judged.candidates]
    assert inside == sorted(inside, reverse=True)
    assert not all(inside)


def test_too_short_a_past_is_left_to_the_lists(guests: Dataset, settings: RetrievalSettings) -> None:
    learned = LearnedFusion.open(guests, settings)
    channel = {"trend": [Candidate(guests.catalog.items[5].item_id, {"trend": 1.0})]}

    assert learned.judge(channel, Preference(), history_of(guests.catalog, 0, 4)) is None
