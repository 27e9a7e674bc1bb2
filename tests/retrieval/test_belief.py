"""The belief: planted tastes are found, the order of answers does not matter, and it narrows."""

import numpy as np
import pytest

from retrieval.belief import Belief, TasteModel
from retrieval.belief_fit import ARRAYS, TasteSettings, fit_taste, load_taste, save_taste
from retrieval.belief_reading import Reader
from retrieval.datasets import Dataset
from retrieval.exploration.asking import Questions
from retrieval.history import Interaction, UserHistory
from retrieval.models.log import Log
from retrieval.preference import Leaning, Preference, Wish
from retrieval.spans import Span

NOBODY = UserHistory()


def planted(n_users: int = 120, n_items: int = 30, seed: int = 0) -> Log:
    """Half of the people take the first half of the items, the others the second; all take item 0."""
    rng = np.random.default_rng(seed)
    taste = rng.integers(0, 2, n_users)
    half = np.arange(n_items) >= n_items // 2
    taken = rng.random((n_users, n_items)) < np.where(half == taste[:, None], 0.5, 0.05)
    taken[:, 0] = True
    users, items = np.nonzero(taken)
    return Log.of(users, items, np.ones(len(users)), np.zeros(len(users)), n_users=n_users, n_items=n_items)


@pytest.fixture(scope="module")
def model() -> TasteModel:
    return fit_taste(planted(), settings=TasteSettings(width=4, clusters=2))


@pytest.fixture(scope="module")
def reader(teas: Dataset) -> Reader:
    return Reader(teas.catalog, fit_taste(Log.of_dataset(teas)), TasteSettings())


def answer(belief: Belief, item: int, value: float) -> None:
    belief.observe(np.asarray([0]), np.asarray([item]), np.asarray([value]), np.ones(1))


def test_an_answer_turns_the_taste_to_its_side(model: TasteModel) -> None:
    belief = Belief(model)
    before = belief.mean()[0]

    for item in (20, 22, 25):
        answer(belief, item, 1.0)

    after = belief.mean()[0]
    assert after[16:].mean() > before[16:].mean()
    assert after[1:14].mean() < before[1:14].mean()
    assert belief.shares().max() > 0.8


def test_every_answer_narrows_the_belief(model: TasteModel) -> None:
    belief = Belief(model)
    widths = [float(belief.uncertainty()[0])]

    for item in (20, 3, 22):
        answer(belief, item, 1.0)
        widths.append(float(belief.uncertainty()[0]))

    assert widths[0] == pytest.approx(1.0)
    assert widths[-1] < 0.8
    assert (belief.deviation() <= Belief(model).deviation() + 1e-9).all()


def test_learning_all_at_once_is_learning_one_by_one(model: TasteModel) -> None:
    one, other = Belief(model), Belief(model)
    items, values = np.asarray([20, 3, 22, 0]), np.asarray([1.0, 0.0, 0.4, 1.0])

    for item, value in zip(items.tolist(), values.tolist(), strict=True):
        answer(one, item, value)
    other.learn(model.features[items], values - model.base[items], model.noise[items] + model.doubt[items])

    assert np.allclose(one.mean(), other.mean())
    assert np.allclose(one.covariance, other.covariance)
    assert np.allclose(one.shares(), other.shares())


def test_people_side_by_side_do_not_mix(model: TasteModel) -> None:
    both, alone = Belief(model, 2), Belief(model)

    both.observe(np.asarray([1]), np.asarray([20]), np.asarray([1.0]), np.ones(1))
    answer(alone, 20, 1.0)

    assert np.allclose(both.mean()[0], Belief(model).mean()[0])
    assert np.allclose(both.person(1).mean(), alone.mean())


def test_draws_spread_as_the_belief_says(model: TasteModel) -> None:
    belief = Belief(model)
    answer(belief, 20, 1.0)

    drawn = belief.sample(4000, np.random.default_rng(0))[0]

    assert np.allclose(drawn.mean(axis=0), belief.mean()[0], atol=0.03)
    deviation = np.sqrt(np.maximum(belief.deviation()[0] ** 2 - model.doubt, 0))
    assert np.allclose(drawn.std(axis=0), deviation, atol=0.03)


def test_a_gain_is_the_narrowing_that_follows(model: TasteModel) -> None:
    belief = Belief(model)
    expected = belief.narrowing(model.features[[20]], model.noise[[20]] + model.doubt[[20]])[0, 0]
    single = TasteModel(
        model.base, model.features, model.noise, model.doubt, np.zeros((1, model.features.shape[1])), np.ones(1)
    )
    alone = Belief(single)
    promised = alone.narrowing(single.features[[20]], single.noise[[20]] + single.doubt[[20]])[0, 0]

    answer(alone, 20, 1.0)

    assert 1 - float(alone.uncertainty()[0]) == pytest.approx(promised, abs=1e-6)
    assert 0 < expected < 1


def test_an_item_nobody_rated_leans_on_its_vectors() -> None:
    log = planted()
    log = log.where(log.items != 29)
    vectors = np.zeros((30, 2), dtype=np.float32)
    vectors[:15, 0], vectors[15:, 1] = 1, 1

    model = fit_taste(log, vectors, TasteSettings(width=4, clusters=2, ridge=0.1))

    belief = Belief(model)
    before = belief.mean()[0, 29]
    answer(belief, 20, 1.0)
    assert belief.mean()[0, 29] > before > 0
    assert model.doubt[29] > model.doubt[20]


@pytest.mark.parametrize("n_items", [1, 5])
def test_empty_and_tiny_logs_work(n_items: int) -> None:
    empty = Log.of(*(np.zeros(0, np.int64),) * 2, *(np.zeros(0),) * 2, n_users=0, n_items=n_items)
    vectors = np.random.default_rng(0).standard_normal((n_items, 3))

    for given in (None, vectors):
        belief = Belief(fit_taste(empty, given))
        answer(belief, 0, 1.0)
        assert np.isfinite(belief.mean()).all()
        assert 0 <= float(belief.uncertainty()[0]) <= 1


def test_a_prior_comes_back_from_its_file(model: TasteModel, tmp_path) -> None:
    save_taste(tmp_path, model, TasteSettings(width=4))

    again, settings = load_taste(tmp_path)

    assert settings.width == 4
    assert np.allclose(again.features, model.features)


def test_what_is_said_counts_and_the_last_word_holds(reader: Reader) -> None:
    row = reader.catalog.row("tea:0")
    liked = UserHistory.of("x", [Interaction("x", "tea:0", 1.0, 5.0)])
    turned = UserHistory.of("x", [Interaction("x", "tea:0", 1.0, 5.0), Interaction("x", "tea:0", -1.0, 6.0)])
    disliked = UserHistory.of("x", [Interaction("x", "tea:0", -1.0, 1.0)])

    means = {
        name: float(reader.belief(Preference(), history).mean()[0, row])
        for name, history in (("none", NOBODY), ("liked", liked), ("turned", turned), ("disliked", disliked))
    }

    assert means["liked"] > means["none"] > means["disliked"]
    assert means["turned"] == pytest.approx(means["disliked"])


def test_a_clock_that_ran_backwards_changes_nothing(reader: Reader) -> None:
    first = [Interaction("x", "tea:0", 1.0, 500.0), Interaction("x", "tea:4", -1.0, 3.0)]
    second = [Interaction("x", "tea:0", 1.0, -500.0), Interaction("x", "tea:4", -1.0, 3.0)]

    beliefs = [reader.belief(Preference(), UserHistory.of("x", past)) for past in (first, second)]

    assert np.allclose(beliefs[0].mean(), beliefs[1].mean())


def test_somebody_who_dislikes_everything_is_believed_and_stays_finite(reader: Reader) -> None:
    everything = [Interaction("x", item.item_id, -1.0, 1.0) for item in reader.catalog]

    belief = reader.belief(Preference(), UserHistory.of("x", everything))

    assert np.isfinite(belief.mean()).all()
    assert belief.mean().mean() <= Belief(reader.model).mean().mean() + 1e-3
    assert float(belief.uncertainty()[0]) < 0.6


def test_a_wish_turns_the_taste_and_its_opposite_turns_it_away(reader: Reader) -> None:
    rows = reader.catalog.holders("kinds", "Black")
    for_it = reader.belief(Preference(wishes=(Wish("kinds", "Black"),)), NOBODY)
    against = reader.belief(Preference(wishes=(Wish("kinds", "Black", -1.0),)), NOBODY)

    nobody = Belief(reader.model).mean()[0, rows].mean()

    assert for_it.mean()[0, rows].mean() > nobody > against.mean()[0, rows].mean()


def test_silence_speaks_softly(reader: Reader) -> None:
    row = reader.catalog.row("tea:0")
    silent = reader.belief(Preference(), NOBODY, shown=("tea:0",)).mean()[0, row]
    refused = reader.belief(Preference(disliked=("tea:0",)), NOBODY).mean()[0, row]

    assert Belief(reader.model).mean()[0, row] > silent > refused


def asked_of(model: TasteModel) -> Questions:
    sides = [("left", np.arange(1, 15)), ("right", np.arange(16, 30)), ("also left", np.arange(2, 15))]
    return Questions.of(model, [("side", sides)])


def test_the_question_splits_where_the_belief_is_widest(model: TasteModel) -> None:
    questions = asked_of(model)

    question = questions.best(Belief(model))

    assert question is not None
    assert "right" in question.values
    assert questions.best(Belief(model), beside=1.0) is None
    other = questions.best(Belief(model), asked=(question.key,))
    assert other is not None
    assert other.key != question.key
    assert questions.best(Belief(model), asked=questions.keys) is None
    assert questions.best(Belief(model), settled=("other side",)) == question
    assert questions.best(Belief(model), settled=("side",)) is None


def test_nothing_is_asked_of_somebody_who_is_known(model: TasteModel) -> None:
    belief = Belief(model)
    belief.learn(model.features, np.full(30, 0.2), np.full(30, 1e-3))

    assert asked_of(model).best(belief) is None


def test_a_model_without_values_asks_nothing(model: TasteModel) -> None:
    assert Questions.of(model, []).best(Belief(model)) is None
    assert (
        Questions.of(model, [("side", [("all", np.arange(30)), ("all again", np.arange(30))])]).best(Belief(model))
        is None
    )


def test_a_gain_is_the_narrowing_that_an_answer_brings(model: TasteModel) -> None:
    questions, belief = asked_of(model), Belief(model)
    model = TasteModel(*(getattr(model, name) for name in ARRAYS[:4]), np.zeros((1, 4)), np.ones(1))
    belief = Belief(model)
    promised, before = questions.gains(belief)[0, 0] * belief.model.openness, belief.uncertainty()[0]

    belief.learn(questions.along[:1], np.ones(1), questions.noise[:1])

    assert before - belief.uncertainty()[0] == pytest.approx(promised / belief.model.openness)


def test_an_answer_to_a_question_turns_the_taste(reader: Reader) -> None:
    catalog = reader.catalog
    years = catalog.numbers("year")
    middle = float(np.median(years))
    old, new = str(Span(high=middle)), str(Span(low=middle + 1))

    def told(*leanings: Leaning) -> float:
        mean = reader.belief(Preference(leanings=leanings), NOBODY).mean()[0]
        return float(mean[catalog.holders("year", new)].sum() - mean[catalog.holders("year", old)].sum())

    assert told(Leaning("year", new, old)) > told() > told(Leaning("year", old, new))
    assert told(Leaning("year", "what", "ever")) == told()
