"""The default way to fuse: signals of a small world, weights learned from planted conversations."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.candidates import Candidate
from retrieval.channels.base import Channel
from retrieval.channels.ratings import read_ratings
from retrieval.channels.trend import TrendChannel
from retrieval.datasets import Dataset, Interactions
from retrieval.errors import BadDataError
from retrieval.fusion.conversation import ConversationFusion
from retrieval.fusion.learning import LEAST, LEAST_OF_HALF, LEAST_PLACES, Person, RecordedPlace, learn, relearn
from retrieval.fusion.signals import SIGNALS, Signals
from retrieval.fusion.talk import Talk
from retrieval.fusion.weights import FILE, ConversationWeights, read_weights, shipped_weights, write_weights
from retrieval.history import Interaction, UserHistory
from retrieval.knowledge import holdings
from retrieval.models.typicality import Typicality
from retrieval.preference import Constraint, Op, Preference
from retrieval.ranker import Ranker
from retrieval.settings import RetrievalSettings

NOBODY = UserHistory()
GREEN = ("tea:0", "tea:1", "tea:2", "tea:3")
EVERY = {"trend": [Candidate(f"tea:{row}", {"trend": 1.0}) for row in range(16)]}


@pytest.fixture
def signals(teas: Dataset, channels: dict[str, Channel]) -> Signals:
    popularity = TrendChannel(teas.catalog, read_ratings(teas))
    return Signals(teas.catalog, channels, popularity, Talk.of((), teas.catalog))


def fusion(signals: Signals, **weights: float) -> ConversationFusion:
    return ConversationFusion(signals, ConversationWeights(named=weights, bare=weights), {})


def test_points_end_at_one_and_parts_add_up_to_them(signals: Signals) -> None:
    fused = fusion(signals, factors_liked=1.0, likes=0.5).fuse(EVERY, Preference(liked=("tea:0",)), NOBODY)

    parts = fused.parts(fused.points)
    sums = np.asarray([sum(parts[item_id].values()) for item_id in fused.points])
    points = np.asarray(list(fused.points.values()))
    assert points.min() >= 0
    assert points.max() == pytest.approx(1.0)
    assert np.allclose((sums - sums.min()) / np.ptp(sums), (points - points.min()) / np.ptp(points), atol=1e-5)
    assert set(fused.shares) >= {"factors", "trend"}
    assert sum(fused.dimensions.values()) == pytest.approx(1.0)


def test_what_is_like_the_named_item_leads(signals: Signals) -> None:
    fused = fusion(signals, factors_liked=1.0).fuse(EVERY, Preference(liked=("tea:0",)), NOBODY)

    best = sorted(fused.points, key=fused.points.__getitem__, reverse=True)[:4]
    assert {*GREEN[1:]} <= {*best, "tea:0"}


def test_what_was_shown_and_not_refused_counts_as_context(signals: Signals) -> None:
    ours = fusion(signals, factors_shown=1.0)

    shown = ours.fuse(EVERY, Preference(), NOBODY, [("tea:0",)]).points
    refused = ours.fuse(EVERY, Preference(disliked=("tea:0",)), NOBODY, [("tea:0",)]).points

    assert shown["tea:1"] > shown["tea:9"]
    assert refused["tea:1"] == refused["tea:9"]


def test_a_list_of_another_channel_counts_by_its_weight(signals: Signals) -> None:
    named = {**EVERY, "language_model": [Candidate("tea:13", {"language_model": 1.0})]}
    ours = ConversationFusion(signals, ConversationWeights(named={"likes": 1.0}, bare={"likes": 1.0}), {})
    heard = ConversationFusion(signals, ours.weights, {"language_model": 5.0})

    assert max(heard.fuse(named, Preference(), NOBODY).points.items(), key=lambda pair: pair[1])[0] == "tea:13"
    assert ours.fuse(named, Preference(), NOBODY).points["tea:13"] < 1.0


def test_signals_are_finite_whatever_is_known(signals: Signals) -> None:
    rows = np.arange(len(signals.catalog))
    for preference in (Preference(), Preference(text="smoky"), Preference(liked=("tea:0", "gone"), seen=("tea:1",))):
        values = signals.of(rows, preference, NOBODY, [("tea:4", "gone")])

        assert values.shape == (len(rows), len(SIGNALS))
        assert np.isfinite(values).all()
        assert np.allclose(values.mean(axis=0), 0, atol=1e-5)


def test_what_is_typical_of_a_value_counts_where_nothing_else_is_said(signals: Signals) -> None:
    holds, names = holdings(signals.catalog)
    told = holds.copy()
    told.data[:] = np.linspace(0, 1, len(told.data))
    ours = replace(signals, typicality=Typicality(signals.catalog, told.data.astype(np.float32)))
    black = next((field, value) for field, value in names if value == "Black")
    rows = ours.catalog.holders(*black)

    values = ours.of(rows, Preference(constraints=(Constraint(black[0], Op.IS, (black[1],)),)), NOBODY)

    by_name = dict(zip(SIGNALS, values.T, strict=True))
    assert by_name["typical"].argmax() == len(rows) - 1  # later entries were made the more typical ones
    assert by_name["content_words"].any()  # a limit is words, too
    assert not by_name["values"].any()  # all of them have it


def test_what_is_typical_counts_more_where_the_catalog_states_it(signals: Signals) -> None:
    holds, _ = holdings(signals.catalog)
    told = Typicality(signals.catalog, np.linspace(0, 1, holds.nnz, dtype=np.float32))
    stated = replace(signals.catalog, items=tuple(replace(item, main=item.values["kinds"]) for item in signals.catalog))
    asked = Preference(constraints=(Constraint("kinds", Op.IS, ("Black",)),))

    silent, stating = (
        fusion(replace(signals, catalog=catalog, typicality=told)).fuse(EVERY, asked, NOBODY).dimensions["graph"]
        for catalog in (signals.catalog, stated)
    )

    assert stating > silent > 0


def test_weights_go_to_the_signal_that_tells_what_is_chosen(signals: Signals) -> None:
    places = [
        RecordedPlace(Preference(liked=(f"tea:{4 * block + n % 3}",)), (), (f"tea:{4 * block + 3}",), frozenset())
        for n in range(LEAST_PLACES)
        for block in range(3)
    ]

    learned = learn(places, [], signals, lambda *_: EVERY, before=shipped_weights(), source="planted")

    similarities = sum(weight for name, weight in learned.named.items() if name.endswith(("_liked", "_last")))
    assert similarities > sum(learned.named[name] for name in ("likes", "lately", "liking", "newness", "spoken"))
    assert min(learned.named.values()) >= 0
    assert (learned.places, learned.source) == (3 * LEAST_PLACES, "planted")


def test_few_places_leave_the_weights_and_count_what_came_up(signals: Signals) -> None:
    place = RecordedPlace(Preference(), (), ("tea:0",), frozenset(("tea:0",)))

    learned = learn([place], [place.session], signals, lambda *_: EVERY, before=shipped_weights())

    assert learned.named == shipped_weights().named
    assert learned.spoken == {"tea:0": 1}


def test_conversations_of_own_users_are_counted_and_paired_with_nobody(signals: Signals) -> None:
    ours, others = frozenset(("tea:0", "tea:1")), frozenset(("tea:0", "tea:2"))

    learned = learn([], [others], signals, lambda *_: EVERY, before=shipped_weights(), own=[ours])

    assert learned.spoken == {"tea:0": 2, "tea:1": 1, "tea:2": 1}
    assert learned.together == ("2", "", "")


def test_a_conversation_does_not_count_for_its_own_place(signals: Signals) -> None:
    sessions = [frozenset((f"tea:{n % 12}",)) for n in range(LEAST_PLACES)]
    places = [RecordedPlace(Preference(), (), tuple(session), session) for session in sessions]

    learned = learn(places, sessions, signals, lambda *_: EVERY, before=shipped_weights())

    assert learned.bare["spoken"] == 0.0  # each item was chosen as often as any other: only its own place could tell


def test_pairs_go_to_what_was_spoken_of_with_the_named_item(signals: Signals) -> None:
    sessions = [frozenset((f"tea:{n % 5}", f"tea:{n % 5 + 5}")) for n in range(LEAST_PLACES)]
    places = [
        RecordedPlace(Preference(liked=(f"tea:{n % 5}",)), (), (f"tea:{n % 5 + 5}",), session)
        for n, session in enumerate(sessions)
    ]

    learned = learn(places, sessions, signals, lambda *_: EVERY, before=shipped_weights())

    assert max(learned.named, key=learned.named.__getitem__) == "together"


def test_what_came_up_reads_as_it_was_written(signals: Signals) -> None:
    catalog = signals.catalog
    talk = Talk.of([("tea:3", "tea:1", "coffee"), ("tea:1", "tea:3"), ("tea:2", "tea:1"), ("tea:9",)], catalog)

    counts, pairs = talk.written(catalog)
    read = Talk.read(counts, pairs, catalog)

    assert counts == {"tea:1": 3, "tea:2": 1, "tea:3": 2, "tea:9": 1}
    assert pairs == ["1 2:2", "", "", ""]
    assert read.counts.tolist() == talk.counts.tolist()
    assert (read.pairs != talk.pairs).nnz == 0


def test_a_conversation_that_is_left_out_pairs_nothing(signals: Signals) -> None:
    rows = signals.catalog.rows(("tea:1", "tea:2"))
    talk = Talk.of([("tea:1", "tea:2"), ("tea:1", "tea:3")], signals.catalog)

    beside = talk.without(rows).beside(rows[:1])

    assert talk.beside(rows[:1])[rows[1]] > 0
    assert np.flatnonzero(beside).tolist() == signals.catalog.rows(("tea:3",)).tolist()


def takes(chosen: str, *liked: str) -> Person:
    """Somebody who likes some items and, out of the blue, one more."""
    history = UserHistory.of("x", [Interaction("x", item_id, 1.0, 1.0) for item_id in liked])
    return Person((RecordedPlace(Preference(), (), (chosen,), frozenset(), history),))


def test_own_users_move_the_weights_that_stand_where_it_helps_people_they_do_not_know(signals: Signals) -> None:
    standing = ConversationWeights(named={"newness": 1.0}, bare={"likes": 1.0})
    people = [
        takes(f"tea:{4 * block + 3}", f"tea:{4 * block + n % 3}") for n in range(LEAST_OF_HALF) for block in range(3)
    ]

    learned = relearn(people, signals, lambda *_: EVERY, before=standing, support=3)

    assert learned.places == len(people)
    alike = sum(learned.weights.named[name] for name in ("factors_liked", "neighbors_liked", "content_liked"))
    assert alike > learned.weights.named["newness"]
    assert {name: weight for name, weight in learned.weights.bare.items() if weight} == {
        "likes": 1.0,
        **LEAST["bare"],
    }  # nobody was asked for nothing: these are as they stood, but for what is always heeded
    assert learned.crossed[0].named != learned.crossed[1].named


def test_choices_that_follow_nothing_leave_the_weights_as_they_stand(signals: Signals) -> None:
    standing = ConversationWeights(named={}, bare={})
    drawn = np.random.default_rng(0).integers(0, 16, size=(2 * LEAST_OF_HALF, 2))
    people = [takes(f"tea:{chosen}", f"tea:{liked}") for chosen, liked in drawn.tolist()]

    learned = relearn(people, signals, lambda *_: EVERY, before=standing, support=3)

    assert (learned.places, learned.weights.named, learned.crossed[0]) == (0, {}, learned.weights)


def test_what_too_few_people_spoke_of_is_not_counted_however_often_they_did(signals: Signals) -> None:
    standing = ConversationWeights(named={}, bare={}, spoken={"tea:5": 7})
    people = [Person((), frozenset(("tea:1", "tea:2"))), *(Person((), frozenset(("tea:2", "tea:5"))) for _ in range(2))]

    learned = relearn(people, signals, lambda *_: EVERY, before=standing, support=3)

    assert learned.weights.spoken == {"tea:2": 3, "tea:5": 7}


def test_weights_are_kept_in_the_data_folder(tmp_path: Path) -> None:
    ours = ConversationWeights(named={"likes": 1.0}, bare={"likes": 2.0}, spoken={"tea:1": 3}, source="ours")

    assert read_weights(tmp_path) == shipped_weights()
    write_weights(tmp_path, ours)
    assert read_weights(tmp_path) == ours


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{", encoding="utf-8")

    with pytest.raises(BadDataError, match=r"reconteur fit.*conversation\.json"):
        read_weights(tmp_path)


def test_what_is_shipped_knows_the_signals(teas: Dataset) -> None:
    ours = shipped_weights()

    assert {*ours.named, *ours.bare} <= {*SIGNALS}
    assert not ours.talk(teas.catalog).counts.any()  # counts of the demo's items touch no other catalog


def test_among_what_nobody_rated_what_people_speak_of_fills_a_list(teas: Dataset, signals: Signals) -> None:
    spoken = np.zeros(len(teas.catalog), dtype=np.float32)
    spoken[[3, 9]] = 2, 5
    nobody_rated = replace(teas, interactions=Interactions.of(teas.catalog, ()))
    fame = TrendChannel(teas.catalog, read_ratings(nobody_rated), spoken=spoken)
    ranker = Ranker(teas.catalog, RetrievalSettings(), {}, fame, fusion(signals))

    fit = ranker.rank({}, Preference(), NOBODY, 3).fit

    assert [candidate.item_id for candidate in fit[:2]] == ["tea:9", "tea:3"]
