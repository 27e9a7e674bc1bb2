"""Fusion against values worked out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest

from retrieval.candidates import Candidate, Evidence, EvidenceKind, Pending
from retrieval.fusion.lists import FUSIONS, merge, min_max, mixed, quantiles, reciprocal_rank, votes, weighted_sum


def listed(channel: str, scores: dict[str, float]) -> list[Candidate]:
    evidence = (Evidence(channel, EvidenceKind.TEXT),)
    return [Candidate(item_id, {channel: score}, evidence) for item_id, score in scores.items()]


LISTS = {"a": listed("a", {"x": 9.0, "y": 5.0, "z": 1.0}), "b": listed("b", {"y": 0.2, "w": 0.1})}


def scores(candidates: Sequence[Candidate]) -> dict[str, float]:
    return {candidate.item_id: candidate.score for candidate in candidates}


def test_min_max_stretches_and_survives_equal_and_no_scores() -> None:
    assert min_max(np.asarray([3.0, 2.0, 1.0])).tolist() == [1.0, 0.5, 0.0]
    assert min_max(np.asarray([2.0, 2.0])).tolist() == [1.0, 1.0]
    assert min_max(np.asarray([])).tolist() == []


def test_quantiles_give_equal_scores_equal_shares() -> None:
    assert quantiles(np.asarray([5.0, 1.0, 5.0, 3.0])).tolist() == [1.0, 0.25, 1.0, 0.5]


def test_mixed_is_the_mean_of_both() -> None:
    assert mixed(np.asarray([3.0, 2.0, 1.0])).tolist() == pytest.approx([1.0, (0.5 + 2 / 3) / 2, 1 / 6])


def test_the_weighted_sum_adds_shares() -> None:
    fused = weighted_sum(LISTS, {"a": 3.0, "b": 1.0}, calibrate=min_max)

    assert scores(fused) == pytest.approx({"x": 0.75, "y": 0.375 + 0.25, "z": 0.0, "w": 0.0})
    assert [candidate.item_id for candidate in fused] == ["x", "y", "w", "z"]


def test_an_empty_list_takes_no_share() -> None:
    fused = weighted_sum({"a": LISTS["a"], "b": []}, {"a": 1.0, "b": 5.0}, calibrate=min_max)

    assert fused[0].score == pytest.approx(1.0)


def test_reciprocal_rank_counts_places_only() -> None:
    fused = reciprocal_rank(LISTS, {"a": 1.0, "b": 1.0}, damping=60)

    assert scores(fused) == pytest.approx({"x": 1 / 61, "y": 1 / 62 + 1 / 61, "z": 1 / 63, "w": 1 / 62})
    assert fused[0].item_id == "y"


def test_votes_count_down_each_list() -> None:
    assert scores(votes(LISTS, {})) == pytest.approx({"x": 1.0, "y": 2 / 3 + 1.0, "z": 1 / 3, "w": 0.5})


def test_scores_and_evidence_of_all_channels_travel_along() -> None:
    both = next(candidate for candidate in merge(LISTS, {}) if candidate.item_id == "y")

    assert both.scores == {"a": 5.0, "b": 0.2}
    assert [piece.channel for piece in both.evidence] == ["a", "b"]


@pytest.mark.parametrize("name", FUSIONS)
def test_every_fusion_survives_nothing_and_is_best_first(name: str) -> None:
    assert FUSIONS[name]({}, {}) == []
    fused_scores = [candidate.score for candidate in FUSIONS[name](LISTS, {})]
    assert fused_scores == sorted(fused_scores, reverse=True)


def test_evidence_is_made_when_a_merged_item_is_looked_at_and_once() -> None:
    made: list[str] = []

    def make(item_id: str) -> tuple[Evidence, ...]:
        made.append(item_id)
        return (Evidence("a", EvidenceKind.POPULAR, count=3),)

    lists = {
        name: [Candidate(item_id, {name: 1.0}, Pending(make, item_id)) for item_id in ("one", "two")]
        for name in ("a", "b")
    }

    first, _ = merge(lists, {"one": 2.0, "two": 1.0})

    assert made == []
    assert list(first.evidence) == list(first.evidence) == [Evidence("a", EvidenceKind.POPULAR, count=3)]
    assert made == ["one", "one"]
