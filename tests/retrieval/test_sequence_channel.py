"""The sequence channel: its evidence, what it reads of a conversation, and its folder."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from retrieval.candidates import EvidenceKind
from retrieval.channels.base import Channel
from retrieval.channels.sequence import CLUSTERS, SequenceChannel, build_sequence, read_profile, rename_clusters
from retrieval.datasets import Dataset
from retrieval.errors import IndexMissingError
from retrieval.history import Interaction, UserHistory
from retrieval.models.clusters import TasteClusters
from retrieval.models.clusters_names import load_names
from retrieval.models.sequence import SequenceModel, SequenceSettings
from retrieval.preference import Preference
from retrieval.settings import RetrievalSettings
from tests.fakes import BLOCKS

NOBODY = UserHistory()
TINY = SequenceSettings(width=8, heads=1, layers=1, epochs=1, least_steps=2, seeds=1)


@pytest.fixture
def channel(channels: Mapping[str, Channel]) -> SequenceChannel:
    opened = channels["sequence"]
    assert isinstance(opened, SequenceChannel)
    return opened


@pytest.mark.parametrize(("liked", "block"), [("tea:0", 0), ("tea:4", 1), ("tea:8", 2)])
def test_the_planted_block_comes_next(channel: SequenceChannel, liked: str, block: int) -> None:
    candidates = channel.retrieve(Preference(liked=(liked,)), NOBODY, k=2)

    assert {candidate.item_id for candidate in candidates} <= {f"tea:{row}" for row in BLOCKS[block]}


def test_a_score_names_a_liked_item_and_counts_who_liked_both(channel: SequenceChannel, teas: Dataset) -> None:
    history = UserHistory.of("x", [Interaction("x", "tea:0", 1.0, 1.0), Interaction("x", "tea:9", -1.0, 2.0)])

    candidates = channel.retrieve(Preference(), history, k=9)

    best, told = next(
        (candidate, why) for candidate in candidates for why in candidate.evidence if why.kind is EvidenceKind.CO_LIKED
    )
    fans = [
        {
            interaction.user_id
            for interaction in teas.interactions
            if interaction.item_id == item_id and interaction.weight > 0
        }
        for item_id in ("tea:0", best.item_id)
    ]
    assert told.item_ids == ("tea:0",)
    assert told.count == len(fans[0] & fans[1])


def test_the_clusters_people_are_evidence(teas: Dataset, tea_settings: RetrievalSettings) -> None:
    model = SequenceModel.load(tea_settings.data_dir / "sequence")
    black = model.vectors([read_profile(teas.catalog, Preference(liked=("tea:4",)), NOBODY)])
    likes = np.zeros((2, len(teas.catalog)), dtype=np.int32)
    likes[0, 5:8] = (1, 2, 3)
    tastes = np.full(likes.shape, 1 / 16, dtype=np.float32)
    shares = np.asarray([0.25, 0.75], dtype=np.float32)
    clusters = TasteClusters(np.vstack([black, -black]), 9.0, shares, likes, tastes)
    named = (("kinds", "Black"), ("notes", "tar"))
    channel = SequenceChannel(teas, model, clusters, (named, ()))

    candidates = channel.retrieve(Preference(liked=("tea:4",)), NOBODY, k=20)

    told = {item.item_id: piece for item in candidates for piece in item.evidence if piece.kind is EvidenceKind.CLUSTER}
    assert {item_id: piece.count for item_id, piece in told.items()} == {"tea:5": 1, "tea:6": 2, "tea:7": 3}
    assert {(piece.value, piece.facts) for piece in told.values()} == {("Black, tar", named)}
    assert channel.cluster_of(Preference(liked=("tea:4",)), NOBODY)[0] == named
    assert channel.cluster_of(Preference(), NOBODY)[0] == ()


def test_who_likes_little_of_what_a_cluster_is_named_for_is_told_of_none(
    teas: Dataset, tea_settings: RetrievalSettings
) -> None:
    model = SequenceModel.load(tea_settings.data_dir / "sequence")
    vector = model.vectors([read_profile(teas.catalog, Preference(liked=("tea:4",)), NOBODY)])
    counts, tastes = np.ones((2, 16), dtype=np.int32), np.full((2, 16), 1 / 16, dtype=np.float32)
    clusters = TasteClusters(np.vstack([vector, -vector]), 9.0, np.full(2, 0.5, dtype=np.float32), counts, tastes)
    names = ((("kinds", "Black"), ("notes", "honey"), ("year", "2010s")), ())

    candidates = SequenceChannel(teas, model, clusters, names).retrieve(Preference(liked=("tea:4",)), NOBODY, k=20)

    assert candidates
    assert all(piece.kind is not EvidenceKind.CLUSTER for item in candidates for piece in item.evidence)


def test_a_stranger_has_the_prior_of_everyone(channel: SequenceChannel) -> None:
    prior = channel.prior(Preference(), NOBODY)

    assert np.exp(prior).sum() == pytest.approx(1, abs=1e-4)
    assert np.isneginf(prior[12:]).all()


def test_what_was_liked_just_now_is_newest_and_what_was_disliked_is_left_out(teas: Dataset) -> None:
    past = [Interaction("x", f"tea:{row}", 0.5, 100.0 - row) for row in (3, 2, 1)]
    preference = Preference(liked=("tea:2", "tea:7", "gone"), disliked=("tea:3",), seen=("tea:9",))

    profile = read_profile(teas.catalog, preference, UserHistory.of("x", past))

    assert profile.items.tolist() == [1, 2, 7]
    assert profile.weights.tolist() == [0.5, 1.0, 1.0]
    assert (np.diff(profile.times) >= 0).all()


def test_dislikes_alone_bring_nothing(channel: SequenceChannel) -> None:
    assert channel.retrieve(Preference(disliked=("tea:1",)), NOBODY, k=5) == []


def test_a_build_for_other_data_is_refused_with_the_command(data_dir: Path, teas: Dataset) -> None:
    build_sequence(Dataset(teas.catalog), RetrievalSettings(data_dir=data_dir), model_settings=TINY)

    with pytest.raises(IndexMissingError, match=r"made for another catalog in .*sequence. Build it with: reconteur"):
        SequenceChannel.open(teas, RetrievalSettings(data_dir=data_dir))


def test_without_ratings_the_channel_opens_and_says_nothing(data_dir: Path, teas: Dataset) -> None:
    unrated = Dataset(teas.catalog)
    build_sequence(unrated, RetrievalSettings(data_dir=data_dir), model_settings=TINY)

    channel = SequenceChannel.open(unrated, RetrievalSettings(data_dir=data_dir))

    assert channel.retrieve(Preference(liked=("tea:1",)), NOBODY, k=5) == []


@pytest.mark.parametrize("lost", ["clusters/names.json", "clusters/arrays.npz", "weights-0.safetensors", "arrays.npz"])
def test_a_lost_file_is_noticed(data_dir: Path, teas: Dataset, lost: str) -> None:
    build_sequence(teas, RetrievalSettings(data_dir=data_dir), model_settings=TINY)
    (data_dir / "sequence" / lost).unlink()

    with pytest.raises(IndexMissingError):
        SequenceChannel.open(teas, RetrievalSettings(data_dir=data_dir))


def test_the_clusters_are_named_anew_without_training(
    teas: Dataset, tea_settings: RetrievalSettings, tmp_path: Path
) -> None:
    shutil.copytree(tea_settings.data_dir / "sequence", tmp_path / "sequence")
    settings = tea_settings.model_copy(update={"data_dir": tmp_path})
    offered: list[list[str]] = []

    def last(names: Sequence[str]) -> str:
        offered.append(list(names))
        return names[-1]

    names = rename_clusters(teas, settings, last)

    by_rule = load_names(tea_settings.data_dir / "sequence" / CLUSTERS, len(names))
    kept = load_names(tmp_path / "sequence" / CLUSTERS, len(names))
    assert kept == names
    assert (kept != by_rule) == any(len(labels) > 1 for labels in offered)
    assert SequenceChannel.open(teas, settings).name == "sequence"
    with pytest.raises(IndexMissingError):
        rename_clusters(teas, settings.model_copy(update={"data_dir": tmp_path / "none"}), last)
