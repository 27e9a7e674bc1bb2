"""One contract for every channel, and for each channel the truth that was planted for it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.candidates import EvidenceKind
from retrieval.channels.base import Channel
from retrieval.channels.content import ContentChannel, unwished_text, wish_text
from retrieval.channels.factors import FactorsChannel, build_factors
from retrieval.channels.graph import GraphChannel
from retrieval.channels.neighbors import NeighborsChannel
from retrieval.channels.ratings import read_ratings
from retrieval.channels.sequence import SequenceChannel
from retrieval.channels.trend import TrendChannel
from retrieval.datasets import Dataset, Interactions
from retrieval.errors import IndexMissingError
from retrieval.history import Interaction, UserHistory
from retrieval.items import Catalog, Item
from retrieval.models import ease, neighbors
from retrieval.models.log import Log
from retrieval.models.sequence import fit as fit_sequence
from retrieval.preference import Constraint, Op, Preference, Wish
from retrieval.settings import RetrievalSettings
from retrieval.vectors import VectorIndex, build_vectors
from tests.fakes import START, HashEncoder, tea_schema

ALL = ("content", "factors", "neighbors", "sequence", "graph", "trend")
NOBODY = UserHistory()
RICH = Preference(
    text="smoky and strong",
    liked=("tea:4",),
    disliked=("tea:0",),
    seen=("tea:5",),
    wishes=(Wish("notes", "cocoa"), Wish("notes", "tar", -1.0)),
)


def guest() -> UserHistory:
    return UserHistory.of("guest", [Interaction("guest", "tea:6", 1.0, START), Interaction("guest", "tea:9", -1.0, 1)])


@pytest.fixture(params=ALL)
def channel(request: pytest.FixtureRequest, channels: Mapping[str, Channel]) -> Channel:
    return channels[request.param]


@pytest.mark.parametrize("k", [0, 1, 3, 1000])
@pytest.mark.parametrize("history", [NOBODY, guest()], ids=["new", "known"])
def test_a_channel_keeps_the_contract(channel: Channel, history: UserHistory, k: int, teas: Dataset) -> None:
    candidates = channel.retrieve(RICH, history, k=k)

    ids = [candidate.item_id for candidate in candidates]
    scores = [candidate.scores[channel.name] for candidate in candidates]
    assert len(candidates) <= k
    assert len(candidates) > 0 or k == 0
    assert len(set(ids)) == len(ids)
    assert scores == sorted(scores, reverse=True)
    assert np.isfinite(scores).all()
    assert all(candidate.evidence for candidate in candidates)
    assert all(item_id in teas.catalog for item_id in ids)
    assert not {"tea:4", "tea:0", "tea:5", "tea:15", *history.seen()} & set(ids)


def test_a_channel_without_any_signal_returns_nothing_or_the_popular(channel: Channel) -> None:
    candidates = channel.retrieve(Preference(), NOBODY, k=5)

    assert len(candidates) == (5 if channel.name == "trend" else 0)


def test_the_same_question_gets_the_same_answer(channel: Channel) -> None:
    assert channel.retrieve(RICH, guest(), k=9) == channel.retrieve(RICH, guest(), k=9)


def test_a_strict_mask_still_brings_k_candidates(channel: Channel, teas: Dataset) -> None:
    allowed = teas.catalog.mask([Constraint("price", Op.MAX, (12.0,)), Constraint("kinds", Op.IS, ("Green", "Black"))])

    candidates = channel.retrieve(Preference(text="cocoa", liked=("tea:5",)), guest(), k=2, allowed=allowed)

    assert len(candidates) == 2
    assert all(allowed[teas.catalog.row(candidate.item_id)] for candidate in candidates)


def test_an_empty_mask_gives_an_empty_answer(channel: Channel, teas: Dataset) -> None:
    assert channel.retrieve(RICH, guest(), k=5, allowed=np.zeros(len(teas.catalog), dtype=np.bool_)) == []


def test_unknown_ids_in_a_preference_are_passed_over(channel: Channel) -> None:
    preference = replace(RICH, liked=("tea:4", "nothing"), disliked=("gone",), seen=("böse:1",))

    assert channel.retrieve(preference, UserHistory.of("x", [Interaction("x", "gone", 1.0, 0)]), k=3)


def test_a_one_item_catalog_works_in_every_channel(data_dir: Path) -> None:
    catalog = Catalog(tea_schema(), (Item("é 1", "Only", {"notes": ("smoky",)}, text="smoky"),))
    dataset = Dataset(catalog, Interactions.of(catalog, [Interaction("u", "é 1", 1.0, 0)]))
    settings = RetrievalSettings(data_dir=data_dir, encoder="hash")
    build_vectors(dataset, settings, encoder=HashEncoder())
    ratings = read_ratings(dataset)
    channels: list[Channel] = [
        ContentChannel(catalog, VectorIndex.open(catalog, settings), HashEncoder()),
        FactorsChannel(catalog, ease.fit(ratings.log()), ratings),
        NeighborsChannel(catalog, neighbors.fit(ratings.log(), neighbors.PEOPLE), ratings),
        SequenceChannel(dataset, fit_sequence(Log.of_dataset(dataset))),
        GraphChannel(catalog),
        TrendChannel(catalog, ratings),
    ]

    lists = [
        opened.retrieve(Preference(text="smoky", wishes=(Wish("notes", "smoky"),)), NOBODY, k=5) for opened in channels
    ]
    known = [opened.retrieve(Preference(text="smoky", liked=("é 1",)), NOBODY, k=5) for opened in channels]

    assert [len(hits) for hits in lists] == [1, 0, 0, 0, 1, 1]
    assert [len(hits) for hits in known] == [0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("name", ["factors", "neighbors"])
@pytest.mark.parametrize(("liked", "block"), [("tea:0", {1, 2, 3}), ("tea:4", {5, 6, 7}), ("tea:8", {9, 10, 11})])
def test_collaborative_channels_find_the_planted_block(
    name: str, liked: str, block: set[int], channels: Mapping[str, Channel]
) -> None:
    candidates = channels[name].retrieve(Preference(liked=(liked,)), NOBODY, k=3)

    assert {candidate.item_id for candidate in candidates} == {f"tea:{row}" for row in block}


def test_factors_show_how_many_people_liked_both(channels: Mapping[str, Channel], teas: Dataset) -> None:
    best = channels["factors"].retrieve(Preference(liked=("tea:0",)), NOBODY, k=1)[0]

    evidence = best.evidence[0]
    fans = [
        {
            interaction.user_id
            for interaction in teas.interactions
            if interaction.item_id == item_id and interaction.weight > 0
        }
        for item_id in ("tea:0", best.item_id)
    ]
    assert evidence.kind is EvidenceKind.CO_LIKED
    assert evidence.item_ids == ("tea:0",)
    assert evidence.count == len(fans[0] & fans[1])


def test_a_dislike_lowers_the_score_of_what_its_fans_like(channels: Mapping[str, Channel]) -> None:
    before = channels["factors"].retrieve(Preference(liked=("tea:5",)), NOBODY, k=20)
    after = channels["factors"].retrieve(Preference(liked=("tea:5",), disliked=("tea:4",)), NOBODY, k=20)

    score = {candidate.item_id: candidate.scores["factors"] for candidate in before}
    lowered = {candidate.item_id: candidate.scores["factors"] for candidate in after}
    assert lowered["tea:6"] < score["tea:6"]


def test_a_user_is_no_neighbor_of_themselves(channels: Mapping[str, Channel], teas: Dataset) -> None:
    history = teas.interactions.of_user("u0-0")

    candidates = channels["neighbors"].retrieve(Preference(), history, k=5)

    assert candidates[0].item_id == "tea:0"
    assert candidates[0].evidence[0].count == 7


def test_factors_survive_a_trip_to_disk(data_dir: Path, teas: Dataset, channels: Mapping[str, Channel]) -> None:
    build_factors(teas, RetrievalSettings(data_dir=data_dir))

    channel = FactorsChannel.open(teas, RetrievalSettings(data_dir=data_dir))

    assert channel.retrieve(RICH, guest(), k=9) == channels["factors"].retrieve(RICH, guest(), k=9)


def test_factors_of_other_data_are_refused_with_the_command(data_dir: Path, teas: Dataset) -> None:
    build_factors(Dataset(teas.catalog), RetrievalSettings(data_dir=data_dir))

    with pytest.raises(IndexMissingError, match=r"made for another catalog in .*factors. Build it with: reconteur bui"):
        FactorsChannel.open(teas, RetrievalSettings(data_dir=data_dir))


def test_damaged_factors_are_refused(data_dir: Path, teas: Dataset) -> None:
    build_factors(teas, RetrievalSettings(data_dir=data_dir))
    (data_dir / "factors" / "arrays.npz").write_bytes(b"PK half")

    with pytest.raises(IndexMissingError, match="a damaged item-item model"):
        FactorsChannel.open(teas, RetrievalSettings(data_dir=data_dir))


def test_content_finds_the_description_that_was_asked_for(channels: Mapping[str, Channel]) -> None:
    candidates = channels["content"].retrieve(Preference(text="dried over pine fires, smoky"), NOBODY, k=3)

    assert candidates[0].item_id == "tea:4"
    assert candidates[0].evidence[0].kind is EvidenceKind.TEXT
    assert candidates[0].evidence[0].text == "Strong, dried over pine fires."


def test_content_names_the_liked_item_that_is_most_similar(
    channels: Mapping[str, Channel], vectors: VectorIndex
) -> None:
    candidates = channels["content"].retrieve(Preference(liked=("tea:12",)), NOBODY, k=1)

    cosines = vectors.matrix @ vectors.matrix[12]
    assert candidates[0].item_id == f"tea:{np.argsort(-cosines)[1]}"
    assert candidates[0].evidence[0].kind is EvidenceKind.SIMILAR_ITEM
    assert candidates[0].evidence[0].item_ids == ("tea:12",)


def test_content_falls_back_to_the_values_of_the_limits() -> None:
    limits = (Constraint("kinds", Op.IS, ("Green",)), Constraint("year", Op.MIN, (1990.0,)))

    assert wish_text(Preference(constraints=limits)) == "Green"
    assert wish_text(Preference(text="calm", constraints=limits)) == "calm"


def test_a_wish_for_a_span_of_years_says_nothing_of_what_a_text_is_about() -> None:
    wishes = (Wish("year", "1990..1999"), Wish("notes", "honey"), Wish("year", "1980..1989", -1.0))

    assert wish_text(Preference(wishes=wishes)) == "honey"
    assert unwished_text(Preference(wishes=wishes)) == ""


def test_graph_looks_up_what_was_wished_for(channels: Mapping[str, Channel]) -> None:
    candidates = channels["graph"].retrieve(Preference(wishes=(Wish("notes", "HONEY"),)), NOBODY, k=10)

    assert {candidate.item_id for candidate in candidates} == {"tea:9", "tea:10", "tea:11", "tea:13"}
    assert candidates[0].evidence[0].kind is EvidenceKind.FACT
    assert (candidates[0].evidence[0].field, candidates[0].evidence[0].value) == ("notes", "honey")


def test_graph_shows_the_path_from_the_liked_item(channels: Mapping[str, Channel]) -> None:
    candidates = channels["graph"].retrieve(Preference(liked=("tea:12",)), NOBODY, k=1)

    path = candidates[0].evidence[0]
    assert candidates[0].item_id == "tea:13"
    assert path.kind is EvidenceKind.PATH
    assert path.path == (("tea:12", path.field, path.value), ("tea:13", path.field, path.value))


@pytest.mark.parametrize("name", ["graph", "content"])
def test_what_is_not_wanted_lowers_the_score(name: str, channels: Mapping[str, Channel]) -> None:
    plain = Preference(text="cocoa", wishes=(Wish("notes", "cocoa"),))
    picky = replace(plain, wishes=(*plain.wishes, Wish("notes", "raisin", -1.0)))

    before = {candidate.item_id: candidate.scores[name] for candidate in channels[name].retrieve(plain, NOBODY, k=20)}
    after = {candidate.item_id: candidate.scores[name] for candidate in channels[name].retrieve(picky, NOBODY, k=20)}

    assert after.get("tea:6", -np.inf) < before["tea:6"]


def test_trend_counts_people_and_leaves_unrated_items_out(channels: Mapping[str, Channel], teas: Dataset) -> None:
    candidates = channels["trend"].retrieve(Preference(), NOBODY, k=100)

    evidence = {candidate.item_id: candidate.evidence[0] for candidate in candidates}
    raters = [interaction.weight for interaction in teas.interactions if interaction.item_id == "tea:4"]
    assert not evidence.keys() & {"tea:12", "tea:13", "tea:14", "tea:15"}
    assert evidence["tea:4"].count == len(raters)
    assert evidence["tea:4"].score == pytest.approx(np.mean([weight > 0 for weight in raters]))


def test_trend_prefers_what_was_liked_lately(teas: Dataset) -> None:
    year = 365 * 86_400.0
    old = [Interaction(f"a{n}", "tea:1", 1.0, START - 3 * year) for n in range(5)]
    new = [Interaction(f"b{n}", "tea:2", 1.0, START) for n in range(4)]
    catalog = teas.catalog
    channel = TrendChannel(catalog, read_ratings(Dataset(catalog, Interactions.of(catalog, [*old, *new]))))

    assert [candidate.item_id for candidate in channel.retrieve(Preference(), NOBODY, k=2)] == ["tea:2", "tea:1"]


def test_the_last_of_several_signals_counts(teas: Dataset) -> None:
    twice = [Interaction("a", "tea:1", -1.0, START + 5), Interaction("a", "tea:1", 1.0, START)]
    ratings = read_ratings(Dataset(teas.catalog, Interactions.of(teas.catalog, twice)))

    assert ratings.weights.tolist() == [-1.0]


@pytest.mark.parametrize("weight", [1.0, 0.0, -1.0])
def test_equal_ratings_and_times_are_survived(weight: float, teas: Dataset) -> None:
    catalog = teas.catalog
    same = [Interaction(f"u{n % 3}", f"tea:{n % 5}", weight, 0.0) for n in range(15)]
    ratings = read_ratings(Dataset(catalog, Interactions.of(catalog, same)))

    for channel in (
        FactorsChannel(catalog, ease.fit(ratings.log()), ratings),
        NeighborsChannel(catalog, neighbors.fit(ratings.log(), neighbors.PEOPLE), ratings),
    ):
        candidates = channel.retrieve(Preference(liked=("tea:0",)), NOBODY, k=5)
        assert np.isfinite([candidate.scores[channel.name] for candidate in candidates]).all()
