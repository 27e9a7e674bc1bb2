"""The sequence model on planted orders, and on the edges of what can be given to it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import IndexMissingError
from retrieval.models import sequence_training
from retrieval.models.log import Log, Profile
from retrieval.models.sequence import SequenceModel, SequenceSettings, fit

TINY = SequenceSettings(width=16, layers=1, epochs=1, least_steps=80, rate=1e-2, averaging=0.9, seeds=1, dropout=0.1)
N_ITEMS = 12


def profile(*items: int, weights: tuple[float, ...] = (), times: tuple[float, ...] = ()) -> Profile:
    n = len(items)
    return Profile(
        np.asarray(items, dtype=np.int64),
        np.asarray(weights or [1.0] * n, dtype=np.float32),
        np.asarray(times or range(1, n + 1), dtype=np.float64),
    )


def log_of(people: list[Profile], n_items: int = N_ITEMS) -> Log:
    users = np.repeat(np.arange(len(people)), [len(person) for person in people])
    columns = [np.concatenate([getattr(person, name) for person in people]) for name in ("items", "weights", "times")]
    return Log.of(users, *columns, n_users=len(people), n_items=n_items)


@pytest.fixture(scope="module")
def circle() -> Log:
    """Everyone goes round a circle of ten items, from where they like; the last two of the twelve stay unrated."""
    rng = np.random.default_rng(0)
    return log_of([profile(*((int(rng.integers(10)) + np.arange(7)) % 10)) for _ in range(40)])


@pytest.fixture(scope="module")
def model(circle: Log) -> SequenceModel:
    return fit(circle, TINY)


def test_the_next_item_of_a_planted_order_is_found(model: SequenceModel):
    people = [profile(3, 4, 5), profile(9, 0), profile(7)]

    scores = model.score(people)

    for row, person in zip(scores, people, strict=True):
        row[person.items] = -np.inf
    assert scores.argmax(axis=1).tolist() == [6, 1, 8]


def test_among_very_many_items_a_step_tells_few_apart_and_the_order_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sequence_training, "MOST_AT_ONCE", 20)
    monkeypatch.setattr(sequence_training, "DRAWN", 10)
    rng = np.random.default_rng(0)
    walks = log_of([profile(*((int(rng.integers(60)) + np.arange(6)) % 60)) for _ in range(120)], n_items=60)
    few_a_step = replace(TINY, batch_places=60, epochs=10)

    scores = fit(walks, few_a_step, features=np.eye(60, 8, dtype=np.float32)).score([profile(3, 4, 5), profile(40, 41)])

    for row, past in zip(scores, ([3, 4, 5], [40, 41]), strict=True):
        row[past] = -np.inf
    assert scores.argmax(axis=1).tolist() == [6, 42]


def test_items_without_ratings_and_people_without_history_have_no_score(model: SequenceModel):
    scores = model.score([profile(1, 2), profile(), profile(10, 11)])

    assert scores.shape == (3, N_ITEMS)
    assert np.isfinite(scores[0, :10]).all()
    assert np.isneginf(scores[0, 10:]).all()
    assert np.isneginf(scores[1:]).all()


def test_scores_do_not_depend_on_who_else_is_asked_about(model: SequenceModel):
    people = [profile(1, 2), profile(4, 5, 6, 7, 8, 9), profile(3)]

    together = model.score(people)

    assert np.allclose(together, np.vstack([model.score([person]) for person in people]), atol=1e-5)


def test_interest_vectors_have_one_part_of_length_one_per_network(model: SequenceModel):
    vectors = model.vectors([profile(1, 2), profile()])

    assert vectors.shape == (2, 16)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 0], abs=1e-5)


def test_the_same_seed_gives_the_same_model(circle: Log, model: SequenceModel):
    again = fit(circle, TINY)

    assert np.array_equal(again.score([profile(1, 2)]), model.score([profile(1, 2)]))


def test_a_model_survives_a_trip_to_disk_without_pickles(model: SequenceModel, tmp_path: Path):
    model.save(tmp_path)

    loaded = SequenceModel.load(tmp_path)

    assert np.array_equal(loaded.score([profile(1, 2)]), model.score([profile(1, 2)]))
    assert {path.suffix for path in tmp_path.iterdir()} == {".npz", ".json", ".safetensors"}


def test_damaged_weights_are_refused(model: SequenceModel, tmp_path: Path):
    model.save(tmp_path)
    (tmp_path / "weights-0.safetensors").write_bytes(b"half")

    with pytest.raises(IndexMissingError, match="a damaged sequence model"):
        SequenceModel.load(tmp_path)


@pytest.mark.parametrize("times", [(0.0, 0.0, 0.0), (5.0, 5.0, 5.0)])
@pytest.mark.parametrize("weight", [1.0, 0.0, -1.0])
def test_equal_weights_and_times_are_survived(weight: float, times: tuple[float, ...]):
    people = [profile(i, (i + 1) % 5, (i + 2) % 5, weights=(weight,) * 3, times=times) for i in range(5)]
    settings = SequenceSettings(width=8, heads=1, layers=1, epochs=1, least_steps=2, seeds=2)

    scores = fit(log_of(people), settings).score([people[0]])

    assert np.isfinite(scores[0, :5]).all()


@pytest.mark.parametrize("people", [[], [profile()], [profile(0)], [profile(0), profile(0), profile()]])
def test_where_nothing_follows_anything_there_is_nothing_to_tell(people: list[Profile], tmp_path: Path):
    model = fit(log_of([*people, profile()], n_items=1), TINY)

    model.save(tmp_path)

    assert np.isneginf(SequenceModel.load(tmp_path).score([profile(0), profile()])).all()
    assert model.vectors([profile(0)]).shape == (1, 0)


def test_a_hundred_thousand_items_with_three_ratings_cost_no_more_than_three_items():
    model = fit(log_of([profile(7, 99_999, 50_000)], n_items=100_000), TINY)

    scores = model.score([profile(7, 99_999)])

    assert model.nets[0].items.shape[0] == 4
    assert np.flatnonzero(np.isfinite(scores[0])).tolist() == [7, 50_000, 99_999]
    assert scores[0, 50_000] == pytest.approx(0)  # the only one left


def test_histories_longer_than_one_look_back_are_cut_and_read_to_their_end():
    people = [profile(*((start + np.arange(10)) % 12)) for start in range(12)]

    scores = fit(log_of(people), replace(TINY, longest=4)).score([profile(*range(9))])

    assert scores[0, 9] > max(scores[0, 10], scores[0, 11])


def test_a_rare_item_is_understood_by_what_it_has_in_common(circle: Log):
    features = 3 * np.eye(10, dtype=np.float32)[[*range(10), 1, 1]]  # the last two of twelve are like item 1
    rare = log_of([*circle.profiles(), profile(7, 10)])

    with_features = fit(rare, TINY, features=features).score([profile(10)])[0]
    without = fit(rare, TINY).score([profile(10)])[0]

    assert with_features[2] > without[2] + 1
    assert np.isneginf(with_features[11])


def test_progress_counts_the_epochs_of_all_networks(circle: Log):
    told: list[tuple[str, int, int]] = []
    settings = SequenceSettings(width=8, heads=1, layers=1, epochs=2, least_steps=1, seeds=2)

    fit(circle, settings, lambda *one: told.append(one))

    assert told == [("sequence", done, 4) for done in (0, 1, 2, 2, 3, 4)]
