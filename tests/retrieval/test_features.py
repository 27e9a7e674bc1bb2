"""Closed lists: moods in words, and what was read out of item texts as lines that are checked when they are read."""

import logging
from pathlib import Path

import numpy as np
import pytest

from retrieval.features import ASPECTS, MOODS, feature_matrix, load_features, moods_in
from retrieval.features.moods import MOOD_WORDS, mood_in
from retrieval.features.shortlist import Shortlist
from retrieval.features.store import FILE, FeatureRecord, append_records, read_records, record_key
from retrieval.features.trust import believed_features, features_hash
from retrieval.items import Catalog, Item
from retrieval.models.side import item_side
from tests.fakes import HashEncoder, tea_catalog, tea_schema


@pytest.fixture
def teas() -> Catalog:
    return tea_catalog()


def record(catalog: Catalog, item_id: str, *moods: str, model: str = "m", **values: tuple[str, ...]) -> FeatureRecord:
    item = catalog.item(item_id) if item_id in catalog else Item(item_id, "")
    return FeatureRecord(
        item_id=item_id, key=record_key(item, model, "1"), model=model, prompt="1", moods=moods, values=values
    )


@pytest.mark.parametrize(
    ("text", "moods"),
    [
        ("a heist that goes wrong", {}),
        ("Funny and heartwarming", {"funny": 1, "cozy": 1}),
        ("not too dark, but tense", {"dark": -1, "tense": 1}),
        ("nothing scary", {"scary": -1}),
        ("without being sad", {"melancholy": -1}),
        ("scary? no, funny", {"scary": 1, "funny": 1}),
        ("想看温馨、浪漫的", {"cozy": 1, "romantic": 1}),
        ("没那么悲伤的", {"melancholy": -1}),
        ("特别好笑", {"funny": 1}),
        ("darkness", {}),
    ],
)
def test_moods_in_words(text: str, moods: dict[str, float]):
    assert moods_in(text) == moods


def test_the_moods_are_a_closed_list_with_words_in_both_languages():
    assert len(MOODS) == len(set(MOODS)) == 16
    assert all(mood in words for mood, words in MOOD_WORDS.items())
    assert all(mood_in(mood, "zh") != mood for mood in MOODS)
    assert [mood_in("calm", "en"), mood_in("unheard of", "zh")] == ["calm", "unheard of"]
    assert len({aspect.name for aspect in ASPECTS}) == len(ASPECTS)


def test_what_was_read_comes_back_with_the_last_line_about_an_item(teas: Catalog, tmp_path: Path):
    append_records(tmp_path, [record(teas, "tea:0", "dark"), record(teas, "tea:1", "calm", notes=("smoky",))])
    append_records(tmp_path, [record(teas, "tea:0", "calm")])

    features = load_features(tmp_path, teas)

    assert features is not None
    assert (dict(features.moods), features.dropped) == ({"tea:0": ("calm",), "tea:1": ("calm",)}, 0)
    assert features.values["tea:1"] == {"notes": ("smoky",)}
    assert "tea:0" in features
    assert "tea:2" not in features


def test_nothing_read_is_none(teas: Catalog, tmp_path: Path):
    assert load_features(tmp_path, teas) is None
    assert not feature_matrix(teas, None).any()


def test_only_what_the_catalog_knows_is_kept(teas: Catalog, tmp_path: Path, caplog: pytest.LogCaptureFixture):
    stale = record(teas, "tea:2", "calm").model_copy(update={"key": "0" * 32})
    wrong = record(teas, "tea:3", "calm", "bogus", notes=("smoky", "petrol"), growers=("Ada Finch",))
    append_records(tmp_path, [record(teas, "gone", "calm"), stale, wrong])

    with caplog.at_level(logging.WARNING):
        features = load_features(tmp_path, teas)

    assert features is not None
    assert dict(features.moods) == {"tea:3": ("calm",)}
    assert features.values["tea:3"] == {"notes": ("smoky",)}
    assert features.dropped == 3
    assert "do not fit the catalog" in caplog.text


def test_a_changed_text_makes_a_reading_stale(teas: Catalog, tmp_path: Path):
    append_records(tmp_path, [record(teas, "tea:0", "calm")])
    items = (Item("tea:0", teas.items[0].title, text="Rewritten."), *teas.items[1:])

    assert load_features(tmp_path, Catalog(teas.schema, items)) is None


def test_half_a_line_is_passed_over_and_the_next_one_is_whole(teas: Catalog, tmp_path: Path):
    append_records(tmp_path, [record(teas, "tea:0", "calm")])
    with (tmp_path / FILE).open("a") as file:
        file.write('{"item_id": "tea:1", "ke')

    append_records(tmp_path, [record(teas, "tea:2", "dark")])

    records, damaged = read_records(tmp_path)
    assert (sorted(records), damaged) == (["tea:0", "tea:2"], 1)


def test_only_models_that_are_believed_count(teas: Catalog, tmp_path: Path):
    append_records(tmp_path, [record(teas, "tea:0", "calm", model="tiny"), record(teas, "tea:1", "dark", model="big")])

    features = load_features(tmp_path, teas, believes=lambda model: model == "big")

    assert features is not None
    assert list(features.moods) == ["tea:1"]


def test_features_as_numbers(teas: Catalog, tmp_path: Path):
    append_records(tmp_path, [record(teas, "tea:0", "calm", "dreamy"), record(teas, "tea:1")])

    matrix = feature_matrix(teas, load_features(tmp_path, teas))

    assert matrix.shape == (16, len(MOODS) + 1)
    assert matrix.dtype == np.float32
    assert np.flatnonzero(matrix[0]).tolist() == [MOODS.index("calm"), MOODS.index("dreamy"), len(MOODS)]
    assert np.flatnonzero(matrix[1]).tolist() == [len(MOODS)]
    assert not matrix[2:].any()


def test_what_was_read_is_a_fact_for_the_models(teas: Catalog, tmp_path: Path):
    append_records(tmp_path, [record(teas, "tea:0", "calm"), record(teas, "tea:1", "calm"), record(teas, "tea:2")])

    plain, read = item_side(teas).facts, item_side(teas, read=load_features(tmp_path, teas)).facts

    assert read.shape[1] == plain.shape[1] + 1
    held = (read > 0).toarray().sum(axis=1) - (plain > 0).toarray().sum(axis=1)
    assert np.flatnonzero(held).tolist() == [0, 1]
    np.testing.assert_allclose(np.sqrt(read.multiply(read).sum(axis=1)).max(), 1.0, rtol=1e-5)


@pytest.mark.parametrize(("mode", "models"), [("on", ["tiny-1B", "big-7B"]), ("auto", ["big-7B"]), ("off", [])])
def test_the_setting_says_who_is_believed(teas: Catalog, tmp_path: Path, mode: str, models: list[str]):
    append_records(
        tmp_path, [record(teas, "tea:0", "calm", model="tiny-1B"), record(teas, "tea:1", "dark", model="big-7B")]
    )

    features = believed_features(tmp_path, teas, mode)

    assert len(features or ()) == len(models)
    assert (features_hash(features) == "") == (not models)
    assert features_hash(features) == features_hash(believed_features(tmp_path, teas, mode))


def test_the_shortlist_begins_with_what_the_text_names(teas: Catalog):
    items = [Item("a", "A", text="smoky cocoa"), Item("b", "B", text="melon")]

    first, second = Shortlist(teas, HashEncoder(), size=4).of(items)

    assert {first[0], first[1]} == {("notes", "smoky"), ("notes", "cocoa")}
    assert second[0] == ("notes", "melon")
    assert len(first) == 4


def test_a_catalog_without_soft_values_has_an_empty_shortlist():
    bare = Catalog(tea_schema(), (Item("a", "A", text="smoky"),))

    assert Shortlist(bare, HashEncoder()).of(bare.items) == [()]
