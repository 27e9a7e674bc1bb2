import sys
from pathlib import Path

import numpy as np
import pytest

import eval.__main__ as command
from eval.catalogs import load_catalog
from eval.places import asks, truths
from eval.predictions import read_predictions
from eval.ranking.blend import COLUMNS, candidates, columns_of
from eval.ranking.features import NAMES, Signals
from eval.ranking.fit import FitSettings, fit, lessons_of, masked
from eval.ranking.kept import load_blend, save_blend
from eval.ranking.knowledge import Records, learn
from eval.ranking.rankers import SYSTEMS, WeightedSum
from eval.ranking.reading import TurnReader
from eval.ranking.run import OfflineRanker
from eval.ranking.world import build_world
from eval.transcripts import Dialogue
from retrieval.errors import BadDataError
from retrieval.items import Catalog
from tests.eval.films import GENRES, item_id, title, write_dialogues, write_world

QUICK = FitSettings(bags=1, rounds=15, least_in_leaf=5)


@pytest.fixture
def files(tmp_path: Path):
    return write_world(tmp_path)


@pytest.fixture
def dataset(files):
    return load_catalog(files[0], interactions=files[1]).dataset


@pytest.fixture
def world(dataset):
    return build_world(dataset)


@pytest.fixture
def reader(dataset, world):
    return TurnReader.of(dataset.catalog, world.popularity)


def odd_taste(number: int) -> dict:
    """Against all that the catalog says: who names a film of one genre gets the last ones of the next genre."""
    genre, named = number % 3, number % 5
    follow = [item_id((genre + 1) % 3, 6), item_id((genre + 1) % 3, 7)]
    return {
        "dialogue_id": f"d{number}",
        "turns": [
            {"role": "user", "text": f"I love {title(genre, named)}, so {GENRES[genre]} please."},
            {"role": "assistant", "text": "Here", "recommended": [follow[number % 2]]},
            {"role": "user", "text": "One more"},
            {"role": "assistant", "text": "Here", "recommended": [follow[1 - number % 2]]},
        ],
    }


def dialogues(count: int, start: int = 0) -> list[Dialogue]:
    return [Dialogue.model_validate(odd_taste(number)) for number in range(start, start + count)]


def places_of_answers(ranker: OfflineRanker, told: list[Dialogue]) -> list[int]:
    right = {truth.key: truth.fresh[0] for truth in truths(told)}
    items = ranker.reader.catalog.items
    found = []
    for ask in asks(told):
        ranked = [items[row].item_id for row, _ in ranker.rank(ask, len(items))]
        found.append(1 + ranked.index(right[ask.key]))
    return found


def of_blend(world, reader, fitted) -> OfflineRanker:
    return OfflineRanker(Signals(world, learn(world, fitted.records)), reader, fitted.blend)


def test_a_planted_habit_is_learned(world, reader):
    told = dialogues(45)
    fitted = fit(world, lessons_of(told, reader), QUICK)
    default = OfflineRanker(Signals(world), reader, WeightedSum("default", SYSTEMS["default"]))

    learned = places_of_answers(of_blend(world, reader, fitted), dialogues(9, start=45))

    assert fitted.blend.share > 0
    assert np.mean(learned) < 0.7 * np.mean(places_of_answers(default, dialogues(9, start=45)))


@pytest.mark.parametrize("count", [0, 1, 2, 12])
def test_a_few_dialogues_leave_the_default_as_it_is(world, reader, count: int):
    fitted = fit(world, lessons_of(dialogues(count), reader), QUICK)
    default = OfflineRanker(Signals(world), reader, WeightedSum("default", SYSTEMS["default"]))
    told = dialogues(3, start=50)

    assert fitted.blend.share == 0
    assert places_of_answers(of_blend(world, reader, fitted), told) == places_of_answers(default, told)


def test_what_teaches_nothing_leaves_the_default_as_it_is(world, reader):
    rng = np.random.default_rng(1)
    told = []
    for number in range(20):
        one = odd_taste(number)
        for turn in one["turns"][1::2]:
            turn["recommended"] = [item_id(number % 3, int(rng.integers(8)))]  # any of the genre that was asked for
        told.append(Dialogue.model_validate(one))

    assert fit(world, lessons_of(told, reader), QUICK).blend.share == 0


def test_the_same_seed_learns_the_same(world, reader):
    lessons = lessons_of(dialogues(20), reader)
    first, second = (fit(world, lessons, QUICK) for _ in range(2))

    assert [one.model_to_string() for one in first.blend.trees] == [one.model_to_string() for one in second.blend.trees]
    assert first.notes == second.notes


def test_a_blend_is_kept_without_pickles_and_serves_another_catalog(world, reader, dataset, tmp_path: Path):
    fitted = fit(world, lessons_of(dialogues(30), reader), QUICK)
    save_blend(fitted, dataset.catalog, tmp_path / "blend", command="here")

    blend, records, manifest = load_blend(tmp_path / "blend", dataset.catalog)
    fewer = Catalog(dataset.catalog.schema, dataset.catalog.items[::-1][:20])
    _, moved, _ = load_blend(tmp_path / "blend", fewer)

    assert blend.share == fitted.blend.share
    assert (records.sessions != fitted.records.sessions).nnz == 0
    assert manifest.dialogues == 30
    assert sorted(path.suffix for path in (tmp_path / "blend").iterdir()) == [".json", ".json", ".json", ".npz", ".txt"]
    counts = dict(
        zip([item.item_id for item in dataset.catalog], np.asarray(records.answers.sum(0)).ravel(), strict=True)
    )
    there = dict(zip([item.item_id for item in fewer], np.asarray(moved.answers.sum(0)).ravel(), strict=True))
    assert there == {item_id: counts[item_id] for item_id in there}
    told = dialogues(2, start=60)
    kept = OfflineRanker(Signals(world, learn(world, records)), reader, blend)
    assert places_of_answers(kept, told) == places_of_answers(of_blend(world, reader, fitted), told)


def test_a_folder_that_holds_no_blend_is_refused(dataset, tmp_path: Path):
    with pytest.raises(BadDataError, match="Make one: python -m eval fit"):
        load_blend(tmp_path, dataset.catalog)


def test_candidates_leave_out_what_came_up(world, reader):
    signals = Signals(world, learn(world, Records.of(world, lessons_of(dialogues(10), reader))))
    (place, *_) = lessons_of(dialogues(1, start=70), reader)[0].places

    table = signals.of(place.situation)
    rows = candidates(table, place.situation.known)

    assert not set(rows.tolist()) & place.situation.known
    assert columns_of(table, rows).shape == (len(rows), len(COLUMNS))


def test_signals_of_a_place_do_not_know_its_answer(world, reader):
    """Out of fold: an item that is recommended in one dialogue only looks unrecommended there."""
    from eval.ranking.fit import _examples

    lessons = lessons_of(dialogues(10), reader)
    lonely = Dialogue.model_validate(
        {"dialogue_id": "x", "turns": [{"role": "assistant", "text": "", "recommended": [item_id(0, 0)]}]}
    )
    folds = [lessons_of([lonely], reader), lessons]

    table = _examples(world, folds, 0, lambda *_: None)

    right = table.columns[table.right]
    assert len(right) == 1
    assert right[0, NAMES.index("recommended")] == 0


def test_a_group_left_out_is_blank():
    columns = np.ones((2, len(COLUMNS)), dtype=np.float32)

    kept = masked(columns, ["ratings"])

    assert kept[0, COLUMNS.index("ease")] == kept[0, COLUMNS.index("place_ease")] == 0
    assert kept[0, COLUMNS.index("text_like")] == 1


def test_fit_and_rank_from_the_command_line(files, tmp_path: Path, monkeypatch, capsys):
    path = write_dialogues(tmp_path / "d.jsonl", [odd_taste(number) for number in range(4)])
    given = ["--catalog", files[0], "--interactions", files[1], "--dialogues", path]

    for arguments in (
        ["fit", *given, "--out", tmp_path / "blend"],
        ["rank", *given, "--blend", tmp_path / "blend", "--out", tmp_path / "p.jsonl"],
        ["rank", *given, "--system", "cf+popularity", "--train", path, "--out", tmp_path / "q.jsonl"],
    ):
        monkeypatch.setattr(sys, "argv", ["eval", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            command.main()
        assert caught.value.code == 0

    assert "4 dialogues, 8 places; trees count 0" in capsys.readouterr().out
    assert len(read_predictions(tmp_path / "p.jsonl")) == 8


def test_an_ablation_names_every_group_and_its_loss(world, reader):
    from eval.ranking.ablation import AT, ablate, ablation_table
    from eval.ranking.features import GROUPS
    from eval.ranking.fit import examples, out_of_fold

    train = lessons_of(dialogues(20), reader)
    test = examples(
        Signals(world, learn(world, Records.of(world, train))),
        [place for lesson in lessons_of(dialogues(4, start=40), reader) for place in lesson.places],
    )

    rows = list(ablate(out_of_fold(world, train), test, FitSettings(bags=1, rounds=2, least_in_leaf=5)))

    assert len(rows) == 2 * len(GROUPS)
    assert all(values.shape == (8, len(AT)) for _, values in rows)
    assert "| all but ratings |" in ablation_table(rows, test.dialogues, seed=0)
